import { batchBytes, compression } from '../clients/workload.ts'
import { javaProgram } from './programs.ts'
import { lastLine, type Ready } from './system.ts'
import type { Guarantee, Task } from './task.ts'

/** How long Millrace and Kafka Streams leave between two commits of an exactly-once topology, in milliseconds. */
export const commitMs = 200

/** How Kafka Streams commits, in words. */
export function streamsCommits(guarantee: Guarantee): string {
  return guarantee === 'exactly-once'
    ? `exactly_once_v2, commits every ${commitMs} ms`
    : 'at_least_once, commits every 30 s (the default)'
}

/** A program of java/streams; `more` are arguments of its own, `settings` some of Kafka Streams. */
export async function streamsProgram(
  program: string,
  guarantee: Guarantee,
  more: (task: Task) => Readonly<Record<string, string>> = () => ({}),
  settings: Readonly<Record<string, string | number>> = {},
): Promise<Ready> {
  const { classPath, version } = await javaProgram('streams', 'kafka-streams')
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
  const words = (task: Task): string[] => streamsArguments(task, guarantee, more(task), settings)
  return {
    version,
    invoke: (task) => ({
      program: 'java',
      args: ['-Xmx1g', quiet, '-cp', classPath, program, ...words(task)],
      outcome: lastLine,
    }),
  }
}

function streamsArguments(
  { bootstrap, input, output, total, group, state, schema }: Task,
  guarantee: Guarantee,
  more: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string | number>>,
): string[] {
  const exactly = guarantee === 'exactly-once'
  const settings = {
    'processing.guarantee': exactly ? 'exactly_once_v2' : 'at_least_once',
    ...(exactly && { 'commit.interval.ms': commitMs }),
    'num.stream.threads': 1,
    'max.poll.records': 5000,
    'compression.type': compression,
    'batch.size': batchBytes,
    ...own,
  }
  const given = { bootstrap, input, output, total, group, state, schema, ...more }
  return [
    ...Object.entries(given).map(([name, value]) => `${name}=${value}`),
    ...Object.entries(settings).map(([name, value]) => `stream.${name}=${value}`),
  ]
}
