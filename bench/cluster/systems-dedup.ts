import { join } from 'node:path'
import { pythonProgram } from './programs.ts'
import { lastLine, type Ready, type System } from './system.ts'
import { millrace } from './systems-millrace.ts'
import { commitMs, streamsCommits, streamsProgram } from './systems-streams.ts'
import type { Guarantee } from './task.ts'

function ours(guarantee: Guarantee): System {
  return {
    name: 'millrace',
    guarantee,
    how: `\`millrace run\` with \`dedupe\` and \`delivery: ${guarantee}\`: ids of seven days in memory, in the changelog and in local files; commits every ${commitMs} ms`,
    prepare: () =>
      millrace({
        topology: ({ input, output }) => ({
          description: 'Orders without repetitions.',
          delivery: guarantee,
          sources: {
            orders: { type: 'topic', topic: input, schema: 'shop.OrderPlaced', timestamp: 'timestamp' },
          },
          processors: { unique: { type: 'dedupe', from: 'orders', by: 'eventId', window: '7d' } },
          sinks: { distinct: { type: 'topic', from: 'unique', topic: output } },
        }),
      }),
  }
}

function kafkaStreams(guarantee: Guarantee, store: 'key-value' | 'window'): System {
  const kept = store === 'window' ? 'a window store that forgets ids after seven days' : 'a key-value store'
  return {
    name: store === 'window' ? 'kafka-streams-window' : 'kafka-streams',
    guarantee,
    how:
      `a processor over ${kept} (RocksDB, changelog), keyed by eventId, which Avro's generic reader reads alone by a projection; values pass as bytes. One thread, 1 GiB heap, ` +
      streamsCommits(guarantee),
    ...(store === 'window' && { extra: true }),
    prepare: () => streamsProgram('DedupStreams', guarantee, () => ({ store })),
  }
}

const quix: System = {
  name: 'quix-streams',
  guarantee: 'at-least-once',
  how: "a stateful filter (RocksDB, changelog) under the record's key; fastavro reads the eventId by a projection, values pass as bytes; commits every 5 s (the default)",
  slow: true,
  prepare: async (): Promise<Ready> => {
    const { python, version } = await pythonProgram()
    const script = join(import.meta.dirname, 'python', 'dedup.py')
    return {
      version,
      invoke: (task) => ({
        program: python,
        args: [
          '-W',
          'ignore',
          script,
          JSON.stringify({ ...task, guarantee: 'at-least-once', commitSeconds: 5 }),
        ],
        outcome: lastLine,
      }),
    }
  },
}

const byHand: System = {
  name: 'by-hand',
  guarantee: 'at-least-once',
  how: 'a loop over node-rdkafka: consume(1000), avsc decodes the whole record, ids in a Set that is lost with the process, produce(), commit after a flush every 200 ms',
  prepare: async () => byHandProgram('dedup-by-hand.ts'),
}

/** A loop of this folder's, written for Node. */
export async function byHandProgram(script: string): Promise<Ready> {
  const heap = '--max-old-space-size=4096'
  return {
    version: `node-rdkafka, avsc (Node ${process.version})`,
    invoke: (task) => ({
      program: process.execPath,
      args: [heap, join(import.meta.dirname, 'systems', script), JSON.stringify(task)],
      outcome: lastLine,
    }),
  }
}

export const dedupSystems: readonly System[] = [
  ours('exactly-once'),
  ours('at-least-once'),
  kafkaStreams('exactly-once', 'key-value'),
  kafkaStreams('at-least-once', 'key-value'),
  kafkaStreams('exactly-once', 'window'),
  quix,
  byHand,
]
