// As much of the proofs (make prove) as every run of the tests has time for.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { comeAndGo } from '../support/cluster/come-and-go.ts'
import { dieAt, finish, play, startProofKafka } from '../support/cluster/scenario.ts'
import { wakeUpLate, type Awakening } from '../support/cluster/zombie.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(180_000)

let kafka: KafkaServer
beforeAll(async () => {
  kafka = await startProofKafka()
})
afterAll(() => kafka.close())

const events = 4000

test('a worker that is left alone repeats nothing', async () => {
  const verdict = await play(kafka, { seed: 1, events, story: finish })
  expect(verdict).toMatchObject({ wrong: [], repeats: 0 })
})

test.each([
  { delivery: 'at-least-once', points: ['sink.written', 'transaction.committing'] },
  { delivery: 'exactly-once', points: ['transaction.offsets', 'committed'] },
] as const)('a worker that is killed at $points, $delivery', async ({ delivery, points }) => {
  let killed = 0
  const verdict = await play(kafka, {
    delivery,
    seed: 2,
    events,
    story: async (proof) => {
      for (const point of points) if (await dieAt(proof, point, 2)) killed++
      await finish(proof)
      return { slots: [1] }
    },
  })
  expect(verdict.wrong).toEqual([])
  expect(killed).toBe(points.length)
})

test('a worker that wakes up when its work is another one’s', async () => {
  let woken: Awakening | undefined
  const verdict = await play(kafka, {
    delivery: 'exactly-once',
    seed: 3,
    events,
    story: async (proof) => (woken = await wakeUpLate(proof, 'transaction.begun')),
  })
  expect(verdict.wrong).toEqual([])
  expect(woken!.reached).toContain('transaction.written')
  expect(woken!.outcomes[0]).toMatch(/^(aborted|lost|fenced|unknown)$/)
})

test('workers that come, leave and are killed', async () => {
  const story = (proof: Parameters<typeof comeAndGo>[0]) => comeAndGo(proof, 4, events / 4)
  const verdict = await play(kafka, { seed: 4, events: events / 2, story })
  expect(verdict.wrong).toEqual([])
})
