import { expect, test } from '@jest/globals'
import type { TopicPartition } from '../../../engine/component/contracts/position.ts'
import type { ParkedEnds } from '../../../engine/runtime/parked-input.ts'
import { ParkedPolls } from '../../../engine/runtime/parked-polls.ts'
import type { Task } from '../../../engine/runtime/task.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** A task of two inputs, which notes the ends that it is told. */
function taskOf(partition: number, awaitsLetters = false) {
  const parkedPartitions = ['a', 'b'].map((topic) => ({ topic, partition }))
  const told: (number | undefined)[][] = []
  const pollParked = (ends: ParkedEnds): Promise<void> => {
    told.push(parkedPartitions.map(ends))
    return Promise.resolve()
  }
  return { task: { parkedPartitions, awaitsLetters, pollParked } as unknown as Task, told }
}

function logOf(answer: (partitions: readonly TopicPartition[]) => Promise<number[]>) {
  const asked: string[][] = []
  const ends = (partitions: readonly TopicPartition[]): Promise<number[]> => {
    asked.push(partitions.map(({ topic, partition }) => `${topic}/${partition}`))
    return answer(partitions)
  }
  return { ends, asked }
}

const numbered = (partitions: readonly TopicPartition[]) => Promise.resolve(partitions.map((_, n) => n))

test('all tasks are told from one question, once a second', async () => {
  const clock = new FakeClock()
  const polls = new ParkedPolls(clock)
  const [one, two] = [taskOf(0), taskOf(1)]
  const log = logOf(numbered)
  await polls.poll([one.task, two.task], log)
  await polls.poll([one.task, two.task], log)
  expect(log.asked).toEqual([['a/0', 'b/0', 'a/1', 'b/1']])
  expect([one.told, two.told]).toEqual([[[0, 1]], [[2, 3]]])
  clock.advance(1000)
  await polls.poll([one.task, two.task], log)
  expect(log.asked).toHaveLength(2)
})

test('a task that waits for its letters is looked at after each commit, and alone', async () => {
  const polls = new ParkedPolls(new FakeClock())
  const [one, two] = [taskOf(0, true), taskOf(1)]
  const log = logOf(numbered)
  await polls.poll([one.task, two.task], log)
  await polls.poll([one.task, two.task], log)
  expect(log.asked[1]).toEqual(['a/0', 'b/0'])
  expect([one.told.length, two.told.length]).toEqual([2, 1])
})

test.each([
  ['the question is not answered', logOf(() => Promise.reject(new Error('a broker is away')))],
  ['the log has no such question', {}],
])('where %s, each task asks for itself', async (_, log) => {
  const polls = new ParkedPolls(new FakeClock())
  const one = taskOf(0)
  await polls.poll([one.task], log)
  expect(one.told).toEqual([[undefined, undefined]])
})
