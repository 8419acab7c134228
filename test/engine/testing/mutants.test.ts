import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { mutants } from '../../support/mutants.ts'
import { repartitionMutants } from '../../support/repartition-mutants.ts'

const run = promisify(execFile)
const child = join(import.meta.dirname, '../../support/case-mutant-child.ts')
const folder = join(import.meta.dirname, 'project/topologies')
const patience = 300_000

/**
 * The cases of a file, or of all, that fail on an engine with this defect ('' = none), as `topology: case`. A worker that
 * breaks fails them all.
 */
async function failing(mutant: string, file = ''): Promise<string[]> {
  const options = {
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: patience,
    maxBuffer: 64 * 1024 * 1024,
  }
  const words = ['--disable-warning=ExperimentalWarning', child, mutant, join(folder, file)]
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

/**
 * Which case shows which defect. All that test/support/ knows are here; one that no case can show would have to be listed
 * beside them, with the reason.
 */
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
  'a letter that fails again when it is released is parked once more':
    'orders: a letter that fails again when it is released stays the one letter of its order',
  'letters of the last life are not known by their settled ranges':
    'orders: what was settled behind one that is stuck is not done again in the next life',
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
  'a stream begins before its tables are read':
    'known-schema: a worker that is given a partition reads the users before the first order',
  'committed rows are not there in the next life': 'known: a user is known in the next life',
  'a tombstone leaves the row as it is': 'known: a user who is deleted is known no more',
  'a row counts although an earlier one of its key is parked':
    'known: a row behind one that is parked waits for it',
  'a global table stays as it was when the worker began':
    'known-everywhere: a user who is new is known a second later',
  'a global table is read after the first records have come':
    'known-everywhere: a worker that begins knows all users before the first order',
  'a partition that has nothing is not waited for':
    'history: what happened first comes first, though it was written last',
  'what waits for other partitions is committed':
    'history: what waits for its turn is not lost with the worker',
  'the next number of a key is not kept with the acknowledgement':
    'turns: the next number of a session is known in the next life',
  'what follows in the sequence is sent although a sink refused the one before it':
    'turns: nothing of a session goes on behind an event that is refused',
  'a number that came and is not committed is told as a gap':
    'turns: an event that came and is not committed yet is no gap',
  'a record that was taken in and parked is taken in again when it is released':
    'turns: an event that was taken in and parked is not late when it is released',
  'several runs of a key are under way at once':
    'turns: an event waits while the one before it is on its way, and is held back when that is refused',
  'where too much waits, no gap is given up':
    'turns: where more waits than there is room for, the oldest gap is given up',
  'a timer that was sent stays in the state':
    'overdue: an order that is overdue is told of once, also in the next life',
  'a timer that is over is changed by a record all the same':
    'overdue: what comes when an order is overdue already changes nothing',
  'a record that takes a timer away takes with it what it was due before':
    'dunning: what was due before it was paid is told of, though nobody had got to it',
  'how far time has come is not kept': 'overdue: how far time has come is known in the next life',
  'the clock counts before everything has been read':
    'unpaid: an order that was paid in time is not told of, though nobody was there',
  'records go through the topic under the key that they came with':
    'customers: orders of a customer are counted in one place, whatever their keys',
  'records have the time at which they went through the topic':
    'customers: time, order and headers of orders stay as they were',
  'headers do not go through the topic': 'customers: time, order and headers of orders stay as they were',
  'a record whose new key is null goes through the topic all the same':
    'customers: an order without a customer is parked',
  'what an exactly-once topology writes is there before the commit':
    'customers: an order that goes on before a crash goes on once',
  'what is written of a record that is parked then stays in the commit':
    'customers: an order that is parked goes on when it is released',
}

describe('the cases of test/engine/testing/project, on an engine with a defect', () => {
  test.concurrent.each(Object.entries(seen))(
    'show that %s',
    async (mutant, name) => expect(await failing(mutant, `${name.split(':')[0]!}.test.yaml`)).toContain(name),
    patience,
  )

  test('show every defect that is known', () => {
    const known = [...mutants, ...repartitionMutants].map(({ name }) => name)
    expect(Object.keys(seen).toSorted()).toEqual(known.toSorted())
    expect(new Set(known).size).toBe(known.length)
  })

  test.concurrent('all hold where there is none', async () => expect(await failing('')).toEqual([]), patience)
})
