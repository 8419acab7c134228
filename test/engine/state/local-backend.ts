import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChangelogRecord } from '../../../engine/component/contracts/changelog.ts'
import type { Clock } from '../../../engine/component/contracts/clock.ts'
import type { StateBlock, StoreRef } from '../../../engine/component/contracts/commit.ts'
import type { LocalState, LocalStateOptions } from '../../../engine/component/contracts/local-state.ts'
import { changelogFormat } from '../../../engine/state/changelog-format.ts'
import { localFolder, openLocalState } from '../../../engine/state/local-state.ts'
import { changelogRecords } from './changelog-records.ts'
import type { StoreBackend } from '../../support/contracts/store-contract.ts'

type Logged = ChangelogRecord & { readonly offset: number; readonly bucket: number }

/** Time stands: nothing is flushed but by hand. */
const still: Clock = { now: () => 1_700_000_000_000, after: () => () => {} }

/** What may happen to the files when a process is killed, or while nobody looks. */
const accidents = ['none', 'none', 'torn', 'flipped', 'lost', 'another cluster'] as const

let crashes = 0

/**
 * A local copy beside a changelog, which is a plain list of records: what a worker has after a crash is what the copy
 * holds, and the rest of the list. The copy is up to date, a little behind, damaged or gone, in turns.
 */
export async function openLocalBackend(store: StoreRef): Promise<StoreBackend> {
  const backend = new LocalBackend(store)
  await backend.open()
  return backend
}

class LocalBackend implements StoreBackend {
  readonly #store: StoreRef
  #root = ''
  #log: Logged[] = []
  #end = 0
  #commits = 0
  #options: LocalStateOptions | undefined
  #local: LocalState | undefined

  constructor(store: StoreRef) {
    this.#store = store
  }

  async open(): Promise<void> {
    this.#root = await mkdtemp(join(tmpdir(), 'millrace-store-'))
    this.#options = this.#optionsOf('first', 'a-cluster')
    this.#local = await openLocalState(this.#options)
  }

  async commit(blocks: readonly StateBlock[], expiredBelow: number | undefined): Promise<void> {
    const format = changelogFormat(this.#store.kind)
    for (const block of blocks) {
      for (const record of changelogRecords(format.pack([block], 0))) {
        this.#log.push({ ...record, offset: this.#end++, bucket: block.bucket })
      }
    }
    // The marker of the transaction.
    this.#end++
    const local = this.#local!
    if (blocks.length > 0) local.append(blocks, this.#end)
    if (expiredBelow !== undefined) {
      const live = this.#log.findIndex((record) => record.bucket >= expiredBelow)
      this.#log = live < 0 ? [] : this.#log.slice(live)
      local.expire(expiredBelow)
    }
    if (format.compacted && this.#commits % 5 === 4) this.#compact()
    if (this.#commits++ % 3 !== 2) await local.flush()
  }

  async crash(restore: (block: StateBlock) => void): Promise<void> {
    const accident = accidents[crashes++ % accidents.length]!
    const cluster = accident === 'another cluster' ? `cluster-${crashes}` : this.#options!.identity.clusterId
    const next = this.#optionsOf(String(crashes), cluster)
    await cp(this.#options!.dir, next.dir, { recursive: true })
    await damage(localFolder(next), accident)
    await this.#local!.discard()
    await this.#local!.close()
    this.#options = next
    this.#local = await openLocalState({ ...next, changelogEnd: this.#end })
    await this.#local.read(restore)
    const from = this.#local.upTo ?? 0
    const missing = this.#log.filter((record) => record.offset >= from)
    const blocks = changelogFormat(this.#store.kind).blocks(this.#store.name, missing)
    for (const block of blocks) restore(block)
    this.#local.append(blocks, this.#end)
  }

  async close(): Promise<void> {
    await this.#local?.close()
    await rm(this.#root, { recursive: true })
  }

  /** Keeps the last record of each key, deletions too. */
  #compact(): void {
    const keyOf = ({ key }: Logged): string => Buffer.from(key).toString('hex')
    const last = new Map(this.#log.map((record) => [keyOf(record), record]))
    this.#log = this.#log.filter((record) => last.get(keyOf(record)) === record)
  }

  #optionsOf(name: string, clusterId: string): LocalStateOptions {
    const identity = { clusterId, topicId: 'a-topic' }
    const dir = join(this.#root, name)
    return { dir, group: 'audit', store: this.#store.name, partition: 0, identity, clock: still }
  }
}

async function damage(folder: string, accident: (typeof accidents)[number]): Promise<void> {
  const names = await readdir(folder)
  for (const name of names) if (name.startsWith('lock-')) await rm(join(folder, name))
  const last = names.filter((name) => name.endsWith('.segment')).sort().at(-1) // prettier-ignore
  if (last === undefined) return
  const path = join(folder, last)
  if (accident === 'lost') return rm(path)
  const bytes = await readFile(path)
  if (accident === 'torn') await writeFile(path, bytes.subarray(0, bytes.length - 1 - (crashes % 90)))
  if (accident === 'flipped') {
    bytes[(crashes * 7919) % bytes.length]! ^= 4
    await writeFile(path, bytes)
  }
}
