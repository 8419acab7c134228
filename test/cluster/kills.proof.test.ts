import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { transactionPoints } from '../../engine/component/points.ts'
import { dieAt, eventCount, finish, patienceMs, play, startProofKafka } from '../support/cluster/scenario.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(patienceMs)

let kafka: KafkaServer
beforeAll(async () => {
  kafka = await startProofKafka()
})
afterAll(() => kafka.close())

describe('a worker on Kafka', () => {
  test.each(['at-least-once', 'exactly-once'] as const)('left alone, %s', async (delivery) => {
    const events = eventCount(20_000)
    const verdict = await play(kafka, { delivery, seed: 1, events, story: finish })
    expect(verdict).toMatchObject({ wrong: [], repeats: 0 })
  })

  // Which point is reached how often before the end differs; those of a commit come by with each.
  const early = [
    'claimed',
    'sink.writing',
    'sink.written',
    'acknowledged',
    'sealed',
    'committing',
    'committed',
  ]
  test.each([
    { points: transactionPoints, delivery: 'at-least-once' },
    { points: transactionPoints, delivery: 'exactly-once' },
    { points: early, delivery: 'at-least-once' },
    { points: early, delivery: 'exactly-once' },
    { points: ['parked', 'rotated', 'parked'], delivery: 'exactly-once' },
  ] as const)('killed at $points, $delivery', async ({ points, delivery }) => {
    let killed = 0
    const verdict = await play(kafka, {
      delivery,
      seed: 7 + points.length,
      events: eventCount(30_000),
      story: async (proof) => {
        for (const point of points) if (await dieAt(proof, point, 2)) killed++
        await finish(proof)
        return { slots: [1] }
      },
    })
    expect(verdict.wrong).toEqual([])
    expect(killed).toBeGreaterThanOrEqual(Math.min(2, points.length))
  })
})
