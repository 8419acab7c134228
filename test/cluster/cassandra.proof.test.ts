import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { auditTopology, cassandraEnvironment, judgeTables, migrate } from '../support/cluster/audit.ts'
import type { Proof } from '../support/cluster/proof.ts'
import { dieAt, eventCount, finish, patienceMs, play, startProofKafka } from '../support/cluster/scenario.ts'
import { startCassandra, type CassandraServer } from '../support/servers/cassandra.ts'
import type { KafkaServer } from '../support/servers/kafka.ts'

jest.setTimeout(patienceMs)

let kafka: KafkaServer
let cassandra: CassandraServer
beforeAll(async () => {
  kafka = await startProofKafka()
  cassandra = await startCassandra({ name: 'proof' })
})
afterAll(() => Promise.all([kafka.close(), cassandra.close()]))

/** How long Cassandra is away, milliseconds. */
const away = Number(process.env['MILLRACE_PROOF_AWAY'] ?? 8000)

/** The audit topology on Kafka and Cassandra: afterwards, the probe and all nine tables are exact. */
async function audit(story: (proof: Proof) => Promise<void>, mutant?: string): Promise<string[]> {
  const keyspace = await cassandra.newKeyspace('proof')
  const tables: string[] = []
  const { wrong } = await play(kafka, {
    topology: auditTopology(),
    environment: cassandraEnvironment(cassandra, keyspace),
    seed: 55,
    events: eventCount(8000),
    plan: { bad: 0 },
    mutant,
    story: async (proof) => {
      await migrate(join(proof.folder, 'environment.yaml'))
      await story(proof)
      tables.push(...(await judgeTables(cassandra, keyspace, proof.oracle)))
      return { slots: [1] }
    },
  })
  return [...wrong, ...tables]
}

describe('the audit topology on Kafka and Cassandra', () => {
  test('left alone', async () => {
    expect(await audit(finish)).toEqual([])
  })

  test('killed on its way into the tables, and out of them', async () => {
    const wrong = await audit(async (proof) => {
      for (const point of ['sink.writing', 'sink.written', 'acknowledged', 'transaction.offsets'])
        await dieAt(proof, point, 4)
      await finish(proof)
    })
    expect(wrong).toEqual([])
  })

  test('Cassandra killed and started again, and then frozen for a while', async () => {
    const wrong = await audit(async (proof) => {
      const worker = proof.workers.start()
      await proof.untilCommitted(0.1, patienceMs)
      await cassandra.stop('SIGKILL')
      await wait(away)
      await cassandra.start()
      await proof.untilCommitted(0.4, patienceMs)
      cassandra.pause()
      await wait(away)
      cassandra.resume()
      await proof.untilCommitted(1, patienceMs)
      expect(await worker.stop()).toMatchObject({ code: 0 })
    })
    expect(wrong).toEqual([])
  })

  test('a time to live that is counted from the writing is noticed', async () => {
    const wrong = await audit(finish, 'a time to live is counted from when the row is written')
    expect(wrong.filter((finding) => /another time than it should/.test(finding))).not.toEqual([])
  })
})
