import type { Invocation, System } from './system.ts'
import { builtNodeRdkafka, rdkafkaPerformance, says } from './toolbox.ts'
import {
  librdkafkaReading,
  librdkafkaWriting,
  valueBytes,
  valuePattern,
  writtenKey,
  type Task,
} from './workload.ts'

const noTransactions = 'has no transactions'

function properties(settings: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-X', `${name}=${String(value)}`])
}

function partitionArguments({ partitions }: Task): string[] {
  return Array.from({ length: partitions }, (_, partition) => ['-p', String(partition)]).flat()
}

function readingArguments(task: Task): string[] {
  const { bootstrap, topic, scenario } = task
  const where = [
    '-C',
    '-t',
    topic,
    ...partitionArguments(task),
    '-o',
    'beginning',
    '-e',
    '-b',
    bootstrap,
    '-q',
  ]
  const headers = scenario === 'read-headers' ? ['-H', 'parse'] : []
  // It reads without a group, and knows nothing of commits.
  const { 'enable.auto.commit': _, ...settings } = librdkafkaReading
  return [...where, ...headers, ...properties(settings)]
}

function writingArguments({ bootstrap, topic, total }: Task): string[] {
  const records = [
    '-s',
    String(valueBytes),
    '-m',
    valuePattern,
    '-S',
    '0',
    '-k',
    writtenKey(0),
    '-c',
    String(total),
  ]
  // All its records have one key: by their hash they would go to one partition.
  const settings = properties({ ...librdkafkaWriting, partitioner: 'random' })
  return ['-P', '-t', topic, '-b', bootstrap, '-q', ...records, ...settings]
}

const summary = /(\d+) messages (?:produced )?\((\d+) bytes\)(?: consumed|, (\d+) delivered)/g

/** Adds up what rdkafka_performance says at the end of each pass. */
export function performanceOutcome(output: string): { readonly records: number; readonly bytes: number } {
  let records = 0
  let bytes = 0
  for (const [, messages, size, delivered] of output.matchAll(summary)) {
    if (delivered !== undefined && delivered !== messages)
      throw new Error(`of ${messages} records only ${delivered} were acknowledged`)
    records += Number(messages)
    bytes += Number(size)
  }
  return { records, bytes }
}

const performance: System = {
  name: 'rdkafka_performance',
  how: {
    read: "librdkafka's own example in C (-C), without a group, its callback counting records and bytes",
    'read-headers': 'the same with -H parse: headers are parsed, and not looked at',
    write: "librdkafka's own example in C (-P -S 0): numbered values, one key, random partitions",
  },
  lacks: { 'write-transactional': noTransactions },
  prepare: async () => {
    const folder = builtNodeRdkafka()
    if (folder === undefined)
      return 'node-rdkafka, whose librdkafka it is compiled with, is not built (make native)'
    const program = await rdkafkaPerformance(folder)
    const version = /librdkafka version (\S+)/.exec((await usageOf(program)) ?? '')?.[1] ?? 'unknown'
    return {
      version: `librdkafka ${version}`,
      invoke: (task): Invocation => ({
        program,
        args: task.scenario === 'write' ? writingArguments(task) : readingArguments(task),
        repeat: true,
        outcome: performanceOutcome,
      }),
    }
  },
}

/** It prints its usage, and fails. */
async function usageOf(program: string): Promise<string | undefined> {
  return says('sh', ['-c', '"$0" -Z 2>&1 || true', program])
}

const kcat: System = {
  name: 'kcat',
  how: { read: 'kcat -C -e with an empty format: every record is formatted to nothing' },
  lacks: {
    'read-headers': 'parses headers only to print them',
    write: 'takes its records from a file, which would be measured too',
    'write-transactional': noTransactions,
  },
  prepare: async () => {
    const version = await says('kcat', ['-V'])
    if (version === undefined) return 'kcat is not installed'
    const [, own = '', librdkafka = ''] = /Version (\S+) .*librdkafka (\S+)/s.exec(version) ?? []
    return { version: `${own} (librdkafka ${librdkafka})`, invoke: kcatReading }
  },
}

function kcatReading({ bootstrap, topic, total }: Task): Invocation {
  // Its librdkafka may be too old to know the back-off, which it never comes to.
  const { 'fetch.queue.backoff.ms': _, ...settings } = librdkafkaReading
  const args = [
    '-C',
    '-b',
    bootstrap,
    '-t',
    topic,
    '-o',
    'beginning',
    '-e',
    '-q',
    '-f',
    '',
    ...properties(settings),
  ]
  return {
    program: 'kcat',
    args,
    repeat: true,
    // It does not count; it ends well only after the ends of all partitions.
    outcome: (_output, passes) => ({ records: total * passes, bytes: total * passes * valueBytes }),
  }
}

export const cSystems: readonly System[] = [performance, kcat]
