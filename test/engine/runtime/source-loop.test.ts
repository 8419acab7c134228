import { describe, expect, test } from '@jest/globals'
import type { PollRequest, SourceEvent, SourceReader } from '../../../engine/component/contracts/reader.ts'
import { SourceLoop, type SourceHandler } from '../../../engine/runtime/source-loop.ts'
import { FakeClock, turn } from '../../support/fake-clock.ts'

const at = (partition: number) => ({ topic: 'in', partition })

/** Plays polls one after the other to a loop, and writes down what its handler was told. */
async function play(polls: readonly (readonly SourceEvent[])[], draining: number): Promise<string[]> {
  const told: string[] = []
  const asked: PollRequest[] = []
  const script = [...polls]
  const reader: SourceReader = {
    poll: async (request) => {
      asked.push(request)
      return [...(script.shift() ?? [])]
    },
    start: async () => undefined,
    release: async (partitions) => {
      told.push(`release ${partitions.map(({ partition }) => partition).join()}`)
    },
    pause: () => undefined,
    resume: () => undefined,
    bounds: async () => ({ first: 0, end: 0 }),
    close: async () => undefined,
  }
  const names = (partitions: readonly { readonly partition: number }[]): string =>
    partitions.map(({ partition }) => partition).join()
  const handler: SourceHandler = {
    available: () => ({ maxBytes: 1000, firstBytes: 1000 }),
    assigned: (partitions, epoch) => told.push(`assigned ${names(partitions)} ${epoch}`),
    revoked: async (partitions, poll) => {
      told.push(`revoked ${names(partitions)}`)
      for (let n = 0; n < draining; n++) await poll()
      told.push(`drained ${names(partitions)}`)
    },
    lost: (partitions) => told.push(`lost ${names(partitions)}`),
    records: () => told.push('records'),
    passed: (partition, offset) => told.push(`passed ${partition.partition} ${offset}`),
    end: (partition) => told.push(`end ${partition.partition}`),
    failed: () => told.push('failed'),
    polled: () => undefined,
  }
  const loop = new SourceLoop(reader, handler, new FakeClock())
  const running = loop.run()
  for (let turns = 0; turns < 20; turns++) await turn()
  loop.stop()
  await running
  return told
}

describe('the poll loop', () => {
  test('tells things in order, one at a time; what comes while something drains waits', async () => {
    const told = await play(
      [
        [{ type: 'assigned', partitions: [at(0), at(1)], epoch: 1 }],
        [
          { type: 'revoked', partitions: [at(0)] },
          { type: 'end', partition: at(1), offset: 3 },
        ],
        [
          { type: 'assigned', partitions: [at(2)], epoch: 2 },
          { type: 'passed', partition: at(1), offset: 9 },
          { type: 'passed', partition: at(3), offset: 7 },
        ],
        [{ type: 'lost', partitions: [at(1)] }],
      ],
      2,
    )
    expect(told).toEqual([
      ...['assigned 0,1 1', 'revoked 0', 'lost 1', 'drained 0', 'release 0'],
      ...['assigned 2 2', 'passed 3 7'],
    ])
  })

  test('what is lost before it was taken up is never taken up', async () => {
    const told = await play(
      [
        [{ type: 'revoked', partitions: [at(0)] }],
        [{ type: 'assigned', partitions: [at(1), at(2)], epoch: 2 }],
        [{ type: 'lost', partitions: [at(1)] }],
        [{ type: 'assigned', partitions: [at(1)], epoch: 3 }],
      ],
      3,
    )
    expect(told).toEqual(['revoked 0', 'lost 1', 'drained 0', 'release 0', 'assigned 2 2', 'assigned 1 3'])
  })

  test('what is asked back and then lost needs no drain any more', async () => {
    const told = await play(
      [
        [{ type: 'revoked', partitions: [at(0)] }],
        [{ type: 'revoked', partitions: [at(1)] }],
        [{ type: 'lost', partitions: [at(1)] }],
      ],
      2,
    )
    expect(told).toEqual(['revoked 0', 'lost 1', 'drained 0', 'release 0'])
  })
})
