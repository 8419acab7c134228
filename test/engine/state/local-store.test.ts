import { createIdStore } from '../../../engine/state/id-store.ts'
import { storeContract } from '../../support/contracts/store-contract.ts'
import { idSubject } from './id-subject.ts'
import { keyValueSubject } from './key-value-subject.ts'
import { openLocalBackend } from './local-backend.ts'

const options = { runs: 60, backend: openLocalBackend }
const openIds = (windowMs: number, buckets: number) => createIdStore({ name: 'unique', windowMs, buckets })

storeContract('the id store from a local copy and its changelog,', idSubject(openIds, 4), options)
storeContract('the key-value store from a local copy and its changelog,', keyValueSubject, options)
