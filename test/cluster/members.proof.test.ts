import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { comeAndGo } from '../support/cluster/come-and-go.ts'
import { eventCount, patienceMs, play, startProofKafka } from '../support/cluster/scenario.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(patienceMs)

let kafka: KafkaServer
beforeAll(async () => {
  kafka = await startProofKafka()
})
afterAll(() => kafka.close())

describe('three workers that come, leave and are killed', () => {
  test.each([
    { protocol: 'consumer', delivery: 'exactly-once' },
    { protocol: 'classic', delivery: 'at-least-once' },
  ] as const)('$protocol, $delivery', async ({ protocol, delivery }) => {
    const seed = 33
    const events = Math.floor(eventCount(15_000) / 3)
    const verdict = await play(kafka, {
      protocol,
      delivery,
      seed,
      events,
      story: (proof) => comeAndGo(proof, seed, Math.floor(events / 2)),
    })
    expect(verdict.wrong).toEqual([])
  })
})
