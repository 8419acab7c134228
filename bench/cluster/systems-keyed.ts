import { javaProgram } from './programs.ts'
import { lastLine, type Ready, type System } from './system.ts'
import { millrace } from './systems-millrace.ts'
import { waitMs } from './task.ts'

const guarantee = 'at-least-once'

function ours(concurrency: number, partitions: number): System {
  return {
    name: 'millrace',
    guarantee,
    how: `\`millrace run\` with an asynchronous processor that waits for a timer; its limit holds for a task, so ${concurrency} / ${partitions} for each partition`,
    prepare: () =>
      millrace({
        program: 'bench/cluster/systems/millrace-keyed.ts',
        topology: ({ input, keys }) => ({
          description: 'Work that takes time, in order within a key.',
          sources: { orders: { type: 'topic', topic: input, format: 'bytes' } },
          processors: {
            work: {
              type: 'wait',
              from: 'orders',
              ms: waitMs,
              concurrency: Math.ceil(concurrency / partitions),
              keys,
            },
          },
          sinks: { done: { type: 'nowhere', from: 'work' } },
        }),
        outcome: lastLine,
      }),
  }
}

function parallelConsumer(concurrency: number, mode: 'threads' | 'reactor'): System {
  const how = {
    threads: `poll() with ${concurrency} threads that sleep`,
    reactor: `react() with Mono.delay, ${concurrency} at once`,
  }
  return {
    name: mode === 'threads' ? 'parallel-consumer' : 'parallel-consumer-reactor',
    guarantee,
    how: `Confluent Parallel Consumer, KEY order: ${how[mode]}; 1 GiB heap; its close, which waits up to five seconds, is left out of the time`,
    prepare: async (): Promise<Ready> => {
      const { classPath, version } = await javaProgram('parallel', 'parallel-consumer-core')
      const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
      return {
        version,
        invoke: ({ bootstrap, input, total, group, keys }) => {
          const given = { bootstrap, input, total, group, keys, wait: waitMs, concurrency, mode }
          const words = Object.entries(given).map(([name, value]) => `${name}=${value}`)
          return {
            program: 'java',
            args: [
              '-Xmx1g',
              quiet,
              '-cp',
              classPath,
              'KeyedWork',
              ...words,
              'consumer.max.poll.records=5000',
            ],
            outcome: lastLine,
          }
        },
      }
    },
  }
}

/** With so many records under way at once. */
export function keyedSystems(concurrency: number, partitions: number): readonly System[] {
  return [
    ours(concurrency, partitions),
    parallelConsumer(concurrency, 'threads'),
    parallelConsumer(concurrency, 'reactor'),
  ]
}
