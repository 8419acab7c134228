import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { setTimeout as wait } from 'node:timers/promises'
import { finish, eventCount, patienceMs, play, startProofKafka } from '../support/cluster/scenario.ts'
import type { Proof } from '../support/cluster/proof.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(patienceMs)

let kafka: KafkaServer
beforeAll(async () => {
  kafka = await startProofKafka()
})
afterAll(() => kafka.close())

/** Waits until so large a share of what is there now is committed. */
const reach = (proof: Proof, share: number): Promise<void> => proof.untilCommitted(share, patienceMs)

/** Three workers come, one leaves in order, one is killed, others take their places; more events come all the while. */
async function comeAndGo(proof: Proof, more: () => Promise<void>): Promise<{ slots: number[] }> {
  const first = proof.workers.start({ slot: 1 })
  const second = proof.workers.start({ slot: 2 })
  await reach(proof, 0.2)
  const third = proof.workers.start({ slot: 3 })
  await more()
  await reach(proof, 0.4)
  await first.kill()
  const fourth = proof.workers.start({ slot: 1 })
  await more()
  await reach(proof, 0.5)
  const left = await second.stop()
  expect({ code: left.code, said: left.code === 0 ? '' : second.said }).toEqual({ code: 0, said: '' })
  await more()
  await reach(proof, 0.7)
  const fifth = proof.workers.start({ slot: 2 })
  await third.kill()
  await more()
  // Two leave at once, in the middle of whatever goes on.
  await Promise.all([fourth.stop(), wait(50).then(() => fifth.stop())])
  await finish(proof)
  return { slots: [1, 2, 3] }
}

describe('three workers that come, leave and are killed', () => {
  test.each([
    { protocol: 'consumer', delivery: 'exactly-once' },
    { protocol: 'classic', delivery: 'at-least-once' },
  ] as const)('$protocol, $delivery', async ({ protocol, delivery }) => {
    const seed = 33
    const each = eventCount(15_000) / 3
    let written = 0
    const verdict = await play(kafka, {
      protocol,
      delivery,
      seed,
      events: each,
      story: (proof) =>
        comeAndGo(proof, async () => {
          written++
          await proof.write({
            seed: seed + written,
            count: Math.floor(each / 2),
            from: Date.now() - 3600_000,
            span: 600_000,
            part: written,
          })
        }),
    })
    expect(verdict.wrong).toEqual([])
  })
})
