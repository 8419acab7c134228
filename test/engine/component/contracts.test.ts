import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { openProject } from '../../../cli/project.ts'
import { systemClock } from '../../../engine/component/contracts/clock.ts'
import { clockContract } from '../../support/contracts/clock-contract.ts'
import {
  lookupContract,
  type LookupHarness,
  lookupMigration,
} from '../../support/contracts/lookup-contract.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Random } from '../../support/harness-records.ts'
import { Life } from '../../support/model-life.ts'

/** Lets at least so much time go by; whatever the system was to run by then has run. */
async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  await new Promise((resolve) => setImmediate(resolve))
}

clockContract('The system clock', () => ({ clock: systemClock, pass: wait }), [
  'waits as long as it is told, also for months',
])

async function passOn(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms)
  await new Promise((resolve) => setImmediate(resolve))
}

clockContract('The fake clock', () => {
  const clock = new FakeClock()
  return { clock, pass: (ms) => passOn(clock, ms) }
})

clockContract('The clock of a life in the model cluster', () => {
  const time = new FakeClock()
  return { clock: new Life('one', time, new Random(1)).clock, pass: (ms) => passOn(time, ms) }
})

test('a timer of the system clock does not keep the process alive', () => {
  const clock = join(import.meta.dirname, '../../../engine/component/contracts/clock.ts')
  const code = `import { systemClock } from ${JSON.stringify(clock)}
    systemClock.after(3_600_000, () => console.log('ran'))
    console.log('set')`
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code]
  expect(execFileSync(process.execPath, flags, { encoding: 'utf8' })).toBe('set\n')
})

const lookupDefects = [
  'what is done to a key afterwards changes no row that was answered',
  'fails in one sentence, downstream or fatal, once what holds the rows is away',
]

async function embeddedLookup(): Promise<LookupHarness> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-lookup-'))
  mkdirSync(join(dir, 'cql'))
  writeFileSync(join(dir, 'cql/0001-rows.cql'), lookupMigration)
  const clock = new FakeClock()
  const open = () => openProject({ cwd: dir, project: dir, clock })
  const project = await open()
  project.acquireWorkerLock()
  return {
    tables: project.tables,
    async writeBeside(rows) {
      const other = await open()
      await other.tables.write(rows)
      await other.close()
    },
    pass: (seconds) => clock.advance(seconds * 1000),
    shut: () => project.close(),
    async close() {
      await project.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

lookupContract('A lookup in embedded tables', embeddedLookup, lookupDefects)
