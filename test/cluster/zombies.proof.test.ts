import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { eventCount, patienceMs, play, startProofKafka } from '../support/cluster/scenario.ts'
import { wakeUpLate } from '../support/cluster/zombie.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(patienceMs)

let kafka: KafkaServer
beforeAll(async () => {
  kafka = await startProofKafka()
})
afterAll(() => kafka.close())

describe('a worker that was away for longer than its session, and comes back', () => {
  const points = [
    'sink.writing',
    'committing',
    'transaction.begun',
    'transaction.offsets',
    'transaction.committing',
  ] as const
  const cases = points.map((point, n) => ({
    point,
    protocol: n % 2 === 0 ? ('consumer' as const) : ('classic' as const),
    delivery: n % 2 === 0 ? ('exactly-once' as const) : ('at-least-once' as const),
  }))
  test.each(cases)('stopped at $point ($protocol, $delivery)', async ({ point, protocol, delivery }) => {
    const verdict = await play(kafka, {
      delivery,
      protocol,
      seed: 21,
      events: eventCount(12_000),
      story: (proof) => wakeUpLate(proof, point),
    })
    expect(verdict.wrong).toEqual([])
  })
})
