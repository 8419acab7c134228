import type { System } from './system.ts'
import { millrace, summaryOutcome } from './systems-millrace.ts'
import { commitMs, streamsCommits, streamsProgram } from './systems-streams.ts'
import type { Guarantee } from './task.ts'

function ours(guarantee: Guarantee): System {
  return {
    name: 'millrace',
    guarantee,
    how: `\`millrace run\` with \`map\`, \`join\` and \`delivery: ${guarantee}\`: rows in memory and in the changelog; the table is read to its end first, which counts; commits every ${commitMs} ms`,
    prepare: () =>
      millrace({
        topology: ({ input, table, output }) => ({
          description: 'Orders with their customers.',
          delivery: guarantee,
          sources: {
            orders: { type: 'topic', topic: input, schema: 'shop.OrderPlaced' },
            customers: { type: 'topic', topic: table, format: 'json' },
          },
          processors: {
            brief: {
              type: 'map',
              from: 'orders',
              copy: { order: 'data.orderId', total: 'data.total' },
              keep: ['order', 'total'],
            },
            known: { type: 'join', from: 'brief', table: 'customers', as: 'customer' },
          },
          sinks: { joined: { type: 'topic', from: 'known', topic: output } },
        }),
        // What was read of the table is no order.
        outcome: (output, { keys }) => ({ records: summaryOutcome(output).records - keys }),
      }),
  }
}

function kafkaStreams(guarantee: Guarantee): System {
  return {
    name: 'kafka-streams',
    guarantee,
    how:
      '`KStream.join(KTable)`: rows as bytes in RocksDB, restored from their own topic (`topology.optimization`); Avro’s generic reader reads two fields by a projection. One thread, 1 GiB heap, ' +
      streamsCommits(guarantee),
    prepare: () => streamsProgram('JoinStreams', guarantee, ({ table }) => ({ table: table! })),
  }
}

export const joinSystems: readonly System[] = [
  ours('exactly-once'),
  ours('at-least-once'),
  kafkaStreams('exactly-once'),
  kafkaStreams('at-least-once'),
]
