import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'

const run = promisify(execFile)
const child = join(import.meta.dirname, '../../support/case-mutant-child.ts')
const folder = join(import.meta.dirname, 'project/topologies')
const patience = 300_000

/** The cases that fail on an engine with this defect ('' = none), as `topology: case`. A worker that breaks fails them all. */
async function failing(mutant: string): Promise<string[]> {
  const options = {
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: patience,
    maxBuffer: 64 * 1024 * 1024,
  }
  const words = ['--disable-warning=ExperimentalWarning', child, mutant, folder]
  const { stdout } = await run(process.execPath, words, options)
  const { files } = JSON.parse(stdout) as Results
  expect(files.map(({ problem }) => problem)).toEqual(files.map(() => undefined))
  return files.flatMap(({ cases }) =>
    cases.filter(({ findings }) => findings.length > 0).map(({ topology, name }) => `${topology}: ${name}`),
  )
}

interface Results {
  readonly files: readonly {
    readonly problem?: string
    readonly cases: readonly {
      readonly topology: string
      readonly name: string
      readonly findings: readonly unknown[]
    }[]
  }[]
}

/** Which case sees which defect of test/support/mutants.ts. */
const seen: Readonly<Record<string, string>> = {
  'a record settles when the sink begins to write it, not with the acknowledgement':
    'orders: an order whose write was begun is not lost with the worker',
  'a record settles when it is handed to the sink’s queue':
    'orders: an order whose write was begun is not lost with the worker',
  'an id is durable as soon as it was seen': 'halting: an id is not known before its order is stored',
  'an id is known without its position, so that a replay is a duplicate of itself':
    'orders: a parked order that is released after a crash is no duplicate of itself',
  'a letter is sealed before the earlier records of its key are settled':
    'orders: letters of a customer are in the order of the records, whichever failed first',
  'the followers of a parked record are not held back':
    'orders: later orders of a customer wait behind one that is parked',
  'tasks that were lost are committed on':
    'orders: partitions that a commit finds lost are read again from the last commit',
  'an unknown outcome counts as committed':
    'orders: a commit whose outcome is unknown is asked for until it is known',
  'an aborted commit counts as committed': 'orders: a commit that was aborted is sent again',
  'partitions are given up without a last commit':
    'orders: a partition that is asked back is given up with its last commit',
  'what was settled beyond the frontier is forgotten in the next life':
    'orders: what was settled behind one that is stuck is not done again in the next life',
  'a key is free while letters of it are on their way into the parked partition':
    'orders: an order that comes while the letter of its customer is on its way waits behind it',
  'the memory of records is given back when they are sealed, not when they are committed':
    'orders: a commit that was aborted is sent again',
  'what is owed counts as sent before a sink has it':
    'sums: a closed window that no sink has yet is not forgotten with the worker',
  'what is sent follows from state that is not committed': 'sums: what is sent was committed before',
  'that something was sent is a change of the record, not of what was sent':
    'sums-once: what was sent stays sent, though a later payment is not settled',
  'that something was sent is noted a commit later':
    'sums-once: a worker that dies at committed, the second time, sends each sum once',
  'beyond a record that is not settled, records are committed before an aggregate, too':
    'sums: a payment behind one that is stuck does not close its window',
  'a record that was counted and parked counts again when it is released':
    'sums: a payment that was counted and parked is counted once',
}

describe('the cases of test/engine/testing/project, on an engine with a defect', () => {
  test.concurrent.each(Object.entries(seen))(
    'show that %s',
    async (mutant, name) => expect(await failing(mutant)).toContain(name),
    patience,
  )

  test.concurrent('all hold where there is none', async () => expect(await failing('')).toEqual([]), patience)
})
