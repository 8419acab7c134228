import { kafkaVersion } from '../../test/support/servers/kafka-jars.ts'
import type { Invocation, System } from './system.ts'
import { lastOutcome } from './systems-node.ts'
import { javaClassPath, says } from './toolbox.ts'
import {
  batchBytes,
  compression,
  fetchBytes,
  lingerMs,
  partitionFetchBytes,
  transactionRecords,
  valueBytes,
  valuePattern,
  type Task,
} from './workload.ts'

const reading = {
  'max.partition.fetch.bytes': partitionFetchBytes,
  'fetch.max.bytes': fetchBytes,
  'max.poll.records': 5000,
  // As librdkafka's default.
  'check.crcs': false,
  'isolation.level': 'read_committed',
  'enable.auto.commit': false,
}

const writing = {
  acks: 'all',
  'enable.idempotence': true,
  'compression.type': compression,
  'linger.ms': lingerMs,
  'batch.size': batchBytes,
}

function properties(settings: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(settings).map(([name, value]) => `${name}=${String(value)}`)
}

function javaArguments(task: Task): string[] {
  const { scenario, bootstrap, topic, partitions, total, seconds } = task
  if (scenario.startsWith('read')) {
    const what = [topic, partitions, total, seconds, scenario === 'read-headers'].map(String)
    return ['ReadTopic', bootstrap, ...what, ...properties(reading)]
  }
  const transactional = scenario === 'write-transactional'
  const what = [topic, seconds, valueBytes, valuePattern, transactional ? transactionRecords : 0].map(String)
  const id = transactional ? { 'transactional.id': 'bench-java' } : {}
  return ['WriteTopic', bootstrap, ...what, ...properties({ ...writing, ...id })]
}

export const javaSystems: readonly System[] = [
  {
    name: 'Java client',
    how: {
      read: 'KafkaConsumer.poll() of up to 5,000 records',
      'read-headers': 'the same, and the header is looked up',
      write: 'KafkaProducer.send() with a callback for each record',
      'write-transactional': 'the same, 50,000 records a transaction',
    },
    lacks: {},
    prepare: async () => {
      if ((await says('javac', ['-version'])) === undefined) return 'no JDK is installed (javac)'
      const classPath = await javaClassPath()
      const jvm = /"([^"]+)"/.exec((await says('java', ['-version'])) ?? '')?.[1] ?? 'unknown'
      const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
      return {
        version: `${kafkaVersion} (JVM ${jvm})`,
        invoke: (task): Invocation => ({
          program: 'java',
          args: ['-Xmx512m', quiet, '-cp', classPath, ...javaArguments(task)],
          repeat: false,
          outcome: lastOutcome,
        }),
      }
    },
  },
]
