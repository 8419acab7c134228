import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { eventCount, finish, patienceMs, play, startProofKafka } from '../support/cluster/scenario.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(patienceMs)

let kafka: KafkaServer
beforeAll(async () => {
  kafka = await startProofKafka({ brokers: 3 })
})
afterAll(() => kafka.close())

test('three brokers restarted one by one, one of them killed, under load', async () => {
  const events = eventCount(40_000) / 4
  const verdict = await play(kafka, {
    delivery: 'exactly-once',
    replication: 3,
    seed: 44,
    events,
    story: async (proof) => {
      const workers = [proof.workers.start({ slot: 1 }), proof.workers.start({ slot: 2 })]
      for (const [n, signal] of (['SIGTERM', 'SIGKILL', 'SIGTERM'] as const).entries()) {
        // There is work all the while: each round begins with as many events again.
        await proof.write({
          seed: 44,
          count: events,
          from: Date.now() - 3600_000,
          span: 600_000,
          part: n + 1,
        })
        await proof.untilCommitted((n + 0.5) / (n + 2), patienceMs)
        await kafka.stop(n + 1, signal)
        await kafka.start(n + 1)
        await kafka.inSync(proof.name)
      }
      await proof.untilCommitted(1, patienceMs)
      for (const worker of workers) {
        const { code } = await worker.stop()
        expect({ code, said: code === 0 ? '' : worker.said }).toEqual({ code: 0, said: '' })
      }
      await finish(proof)
    },
  })
  expect(verdict.wrong).toEqual([])
})
