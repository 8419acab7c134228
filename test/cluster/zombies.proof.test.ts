import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { eventCount, patienceMs, play, startProofKafka } from '../support/cluster/scenario.ts'
import { wakeUpAfterItsTransaction, wakeUpLate, type Awakening } from '../support/cluster/zombie.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(patienceMs)

let kafka: KafkaServer
beforeAll(async () => {
  kafka = await startProofKafka()
})
afterAll(() => kafka.close())

/** It did try to go on, and was refused. */
function expectRefusal({ reached, outcomes, effects }: Awakening, point: string): void {
  if (point === 'sink.writing') {
    expect(effects).toBeGreaterThan(0)
    expect(reached).toContain('sink.written')
    // Where it had already asked for the commit, that may have taken effect before anybody took over.
  } else if (point !== 'transaction.committing')
    expect(outcomes[0]).toMatch(/^(aborted|lost|fenced|unknown)$/)
  // Within a transaction it writes on: the brokers themselves have refused it.
  if (point === 'transaction.begun') expect(reached).toContain('transaction.written')
}

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
    let woken: Awakening | undefined
    const verdict = await play(kafka, {
      delivery,
      protocol,
      seed: 21,
      events: eventCount(12_000),
      story: async (proof) => (woken = await wakeUpLate(proof, point)),
    })
    expect(verdict.wrong).toEqual([])
    expectRefusal(woken!, point)
  })
})

describe('a worker that was away for longer than its transaction may last, and comes back', () => {
  test.each([
    { point: 'transaction.written', protocol: 'consumer' },
    { point: 'transaction.offsets', protocol: 'classic' },
  ] as const)('stopped at $point ($protocol, exactly-once)', async ({ point, protocol }) => {
    let woken: Awakening | undefined
    const verdict = await play(kafka, {
      delivery: 'exactly-once',
      protocol,
      seed: 22,
      events: eventCount(12_000),
      story: async (proof) => (woken = await wakeUpAfterItsTransaction(proof, point)),
    })
    expect(verdict.wrong).toEqual([])
    expectRefusal(woken!, point)
  })
})
