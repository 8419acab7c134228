import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'

const run = promisify(execFile)
const child = join(import.meta.dirname, '../../support/case-mutant-child.ts')
const file = join(import.meta.dirname, 'project/topologies/orders.test.yaml')
const patience = 300_000

/** The cases that fail on an engine with this defect; '' = none. */
async function failing(mutant: string): Promise<string[]> {
  const options = { env: { ...process.env, NODE_OPTIONS: '' }, timeout: patience }
  const words = ['--disable-warning=ExperimentalWarning', child, mutant, file]
  const { stdout } = await run(process.execPath, words, options)
  const { files } = JSON.parse(stdout) as Results
  expect(files[0]!.problem).toBeUndefined()
  return files[0]!.cases.filter(({ findings }) => findings.length > 0).map(({ name }) => name)
}

interface Results {
  readonly files: readonly {
    readonly problem?: string
    readonly cases: readonly { readonly name: string; readonly findings: readonly unknown[] }[]
  }[]
}

// Which case must see which defect of test/support/mutants.ts.
const seen: readonly (readonly [mutant: string, name: string])[] = [
  [
    'a record settles when the sink begins to write it, not with the acknowledgement',
    'an order whose write was begun is not lost with the worker',
  ],
  [
    'a record settles when it is handed to the sink’s queue',
    'an order whose write was begun is not lost with the worker',
  ],
  [
    'an id is known without its position, so that a replay is a duplicate of itself',
    'a parked order that is released after a crash is no duplicate of itself',
  ],
  [
    'the followers of a parked record are not held back',
    'later orders of a customer wait behind one that is parked',
  ],
  [
    'an unknown outcome counts as committed',
    'a commit whose outcome is unknown is asked for until it is known',
  ],
  ['an aborted commit counts as committed', 'a commit that was aborted is sent again'],
  [
    'tasks that were lost are committed on',
    'partitions that a commit finds lost are read again from the last commit',
  ],
  [
    'a letter is sealed before the earlier records of its key are settled',
    'letters of a customer are in the order of the records, whichever failed first',
  ],
  [
    'partitions are given up without a last commit',
    'a partition that is asked back is given up with its last commit',
  ],
  [
    'what was settled beyond the frontier is forgotten in the next life',
    'what was settled behind one that is stuck is not done again in the next life',
  ],
]

describe('the cases of orders, on an engine with a defect', () => {
  test.concurrent.each(seen)(
    'show that %s',
    async (mutant, name) => expect(await failing(mutant)).toContain(name),
    patience,
  )

  test.concurrent('all hold where there is none', async () => expect(await failing('')).toEqual([]), patience)
})
