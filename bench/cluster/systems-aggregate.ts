import type { System } from './system.ts'
import { millrace } from './systems-millrace.ts'
import { commitMs, streamsCommits, streamsProgram } from './systems-streams.ts'
import type { Guarantee } from './task.ts'

/** The length of a window. */
export const windowMs = 60_000

/** Kafka Streams' cache: large enough for what changes between two commits, so that it writes each window once. */
const cacheBytes = 64 << 20

function ours(guarantee: Guarantee): System {
  return {
    name: 'millrace',
    guarantee,
    how: `\`millrace run\` with \`aggregate\` and \`delivery: ${guarantee}\`: tumbling windows of a minute with a grace of 30 s, a count and a sum, the newest values after each commit; commits every ${commitMs} ms`,
    prepare: () =>
      millrace({
        topology: ({ input, output }) => ({
          description: 'Orders and revenue by customer and minute.',
          delivery: guarantee,
          sources: { orders: { type: 'topic', topic: input, schema: 'shop.OrderPlaced' } },
          processors: {
            sums: {
              type: 'aggregate',
              from: 'orders',
              window: { tumbling: '1m', grace: '30s' },
              fields: { orders: 'count', revenue: { sum: 'data.total' } },
            },
          },
          sinks: { minutes: { type: 'topic', from: 'sums', topic: output } },
        }),
      }),
  }
}

function kafkaStreams(guarantee: Guarantee): System {
  return {
    name: 'kafka-streams',
    guarantee,
    how:
      'the same windows in its DSL: `groupByKey().windowedBy().aggregate()` over a window store (RocksDB, changelog) with a cache of 64 MiB; Avro’s generic reader reads the total alone by a projection, sums are 16 bytes. One thread, 1 GiB heap, ' +
      streamsCommits(guarantee),
    prepare: () =>
      streamsProgram('AggregateStreams', guarantee, () => ({}), { 'statestore.cache.max.bytes': cacheBytes }),
  }
}

export const aggregateSystems: readonly System[] = [
  ours('exactly-once'),
  ours('at-least-once'),
  kafkaStreams('exactly-once'),
  kafkaStreams('at-least-once'),
]
