import { type Embedded, openEmbedded } from '../../../engine/embedded/embedded.ts'
import { commitContract } from '../../support/contracts/commit-contract.ts'
import { sourceContract } from '../../support/contracts/source-contract.ts'
import { Scratch } from './scratch.ts'

sourceContract('The embedded reader', async () => {
  const scratch = new Scratch()
  const embedded = openEmbedded(scratch.dir(), { worker: true })
  return {
    log: embedded.log,
    async close() {
      await embedded.close()
      await scratch.clean()
    },
  }
})

commitContract('The embedded backend', async () => {
  const scratch = new Scratch()
  const dir = scratch.dir()
  const opened: Embedded[] = [openEmbedded(dir, { worker: true })]
  return {
    log: opened[0]!.log,
    backend: opened[0]!.backend,
    async restart() {
      await opened[0]!.close()
      opened.push(openEmbedded(dir, { worker: true }))
      return opened[1]!.backend
    },
    async close() {
      for (const each of opened) await each.close()
      await scratch.clean()
    },
  }
})
