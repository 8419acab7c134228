// After the last test file: ends the shared servers; the logs of all servers stay where a test failed.

import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { outcome } from './outcome.ts'
import { runs } from './setup.ts'

export default async function teardown(): Promise<void> {
  const run = runs.current
  if (run === undefined) return
  const { keeper, folder } = run
  if (keeper.exitCode === null && keeper.signalCode === null) {
    const ended = once(keeper, 'exit')
    keeper.ref()
    keeper.stdin?.end()
    await ended
  }
  if (outcome.passed) rmSync(folder, { recursive: true, force: true })
  else if (existsSync(folder)) process.stderr.write(`The logs of the servers are in ${folder}\n`)
}
