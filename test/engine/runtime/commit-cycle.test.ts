// What becomes of a cut whose tasks are given up while it is sent. With the whole of a worker: the model cluster.

import { expect, test } from '@jest/globals'
import type { CommitOutcome, SealedCommit } from '../../../engine/component/contracts/commit.ts'
import { CommitCycle } from '../../../engine/runtime/commit-cycle.ts'
import type { Task } from '../../../engine/runtime/task.ts'
import { sealed } from '../../support/contracts/commit-contract.ts'

/** As much of a task as a cycle needs. */
class OneTask {
  readonly id: string
  cancelled = false
  commits = 0
  readonly #partition: number

  constructor(partition: number) {
    this.#partition = partition
    this.id = sealed(partition).task
  }

  seal(): ReturnType<Task['seal']> {
    return this.cancelled ? undefined : sealed(this.#partition)
  }

  committed(): void {
    this.commits++
  }
}

/** Runs one cycle over two tasks; `answer` is asked for each commit that is sent. */
async function cycle(answer: (sent: number, tasks: readonly OneTask[]) => CommitOutcome) {
  const tasks = [new OneTask(0), new OneTask(1)]
  const sent: SealedCommit[] = []
  const given: unknown[] = []
  const one = new CommitCycle({
    backend: {
      commit: (commit) => Promise.resolve(answer(sent.push(commit), tasks)),
      positions: () => Promise.resolve([]),
      restore: () => Promise.resolve(),
      release: () => undefined,
      close: () => Promise.resolve(),
    },
    clock: { now: () => 0, after: (_ms, action) => (queueMicrotask(action), () => undefined) },
    tasks: () => tasks as unknown as Task[],
    lost: (lost) => given.push(...lost.map(({ id }) => id)),
    over: () => undefined,
    failed: () => undefined,
    done: () => undefined,
  })
  await one.run()
  const names = sent.map(({ sequence, tasks: some }) => [sequence, ...some.map(({ task }) => task)])
  return { sent: names, given, commits: tasks.map(({ commits }) => commits) }
}

const aborted: CommitOutcome = { outcome: 'aborted', error: new Error('aborted') }
const committed: CommitOutcome = { outcome: 'committed' }

test('what was aborted is sent again as it was', async () => {
  expect(await cycle((sent) => (sent < 3 ? aborted : committed))).toEqual({
    sent: [
      [1, 'orders/0', 'orders/1'],
      [1, 'orders/0', 'orders/1'],
      [1, 'orders/0', 'orders/1'],
    ],
    given: [],
    commits: [1, 1],
  })
})

test('a task that is given up before its commit is sent again is not in it, and the rest is another commit', async () => {
  const ended = await cycle((sent, tasks) => {
    tasks[0]!.cancelled = true
    return sent === 1 ? aborted : committed
  })
  expect(ended).toEqual({
    sent: [
      [1, 'orders/0', 'orders/1'],
      [2, 'orders/1'],
    ],
    given: [],
    commits: [0, 1],
  })
})

test('what is lost is given up, and the rest is sent as another commit', async () => {
  const ended = await cycle((sent) => (sent === 1 ? { outcome: 'lost', tasks: ['orders/1'] } : committed))
  expect(ended).toEqual({
    sent: [
      [1, 'orders/0', 'orders/1'],
      [2, 'orders/0'],
    ],
    given: ['orders/1'],
    commits: [1, 0],
  })
})

test('a commit whose outcome is unknown is asked for as it was, also for tasks that were given up', async () => {
  const ended = await cycle((sent, tasks) => {
    tasks[0]!.cancelled = true
    return sent === 1 ? { outcome: 'unknown', error: new Error('no answer') } : committed
  })
  expect(ended.sent).toEqual([
    [1, 'orders/0', 'orders/1'],
    [1, 'orders/0', 'orders/1'],
  ])
})
