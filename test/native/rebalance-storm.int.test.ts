import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { closeAll } from './support/polled-reader.ts'
import { protocols } from './support/protocols.ts'
import { runStorm } from './support/storm.ts'

// Twelve readers become thirteen and twelve again, so often: MILLRACE_STORM_ROUNDS=50 for a long storm.
const rounds = Number(process.env['MILLRACE_STORM_ROUNDS'] ?? 5)

let kafka: KafkaServer

beforeAll(async () => {
  kafka = await startKafka({
    name: 'storm',
    properties: {
      // A member gives a heartbeat up after its interval: less than this, and a busy broker never answers in time.
      'group.consumer.min.heartbeat.interval.ms': 1000,
      'group.consumer.heartbeat.interval.ms': 1000,
    },
  })
})

afterEach(closeAll)

afterAll(async () => {
  await kafka.close()
})

// KIP-848 comes first: a broker that has just started answers slowly, and so opens the gaps in which members may go wrong.
test.each(Object.entries(protocols).reverse())(
  '%s: every record is delivered, in order, and no partition has two readers',
  async (protocol, settings) => {
    const seed = Date.now() % 1_000_000
    const topic = kafka.uniqueTopic(protocol)
    await kafka.createTopic(topic, { partitions: 26 })
    const result = await runStorm({
      bootstrap: kafka.bootstrap,
      topic,
      group: kafka.uniqueGroup(),
      partitions: 26,
      readers: 12,
      rounds,
      seed,
      settings: protocol === 'consumer' ? settings : { ...settings, 'heartbeat.interval.ms': 100 },
    })
    const total = result.written.reduce((sum, count) => sum + count, 0)
    console.log(`${protocol}: seed ${seed}, ${rounds} rounds, ${total} records`, {
      ...result,
      written: undefined,
    })
    expect(total).toBeGreaterThan(0)
    expect(result.delivered - result.duplicates).toBe(total)
    expect(result.assignments).toBeGreaterThan(rounds)
  },
  600_000,
)
