import { join } from 'node:path'
import type { Ready, System } from './system.ts'
import { builtNodeRdkafka, packageVersion, says } from './toolbox.ts'
import type { Outcome, Scenario, Task } from './workload.ts'

const notCompared = "transactions are compared with the Java client's alone"

/** A client for Node: a script for reading and one for writing, which take the task as JSON. */
function nodeReady(name: string, version: string): Ready {
  return {
    version,
    invoke: (task: Task) => {
      const script = `${name}-${task.scenario.startsWith('read') ? 'read' : 'write'}.ts`
      return {
        program: process.execPath,
        args: [join(import.meta.dirname, 'systems', script), JSON.stringify(task)],
        repeat: false,
        outcome: lastOutcome,
      }
    },
  }
}

/** The outcome that a process of ours prints as its last line. */
export function lastOutcome(output: string): Outcome {
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Outcome
}

const millrace: System = {
  name: 'millrace',
  how: {
    read: 'native/reader: poll() of up to 4 MiB, packed batches',
    'read-headers': "the same, and the header's value is found in place",
    write: 'native/writer: packed batches of 2,000, eight under way',
    'write-transactional': 'the same, 50,000 records a transaction, each commit awaited',
  },
  lacks: {},
  prepare: async () => {
    const version = await says(process.execPath, [
      '-e',
      `import(${JSON.stringify(join(import.meta.dirname, '../../native/load.ts'))}).then((m) => console.log(m.loadBinding().version))`,
    ])
    if (version === undefined) return 'the Kafka client is not built (make native)'
    return nodeReady('millrace', `librdkafka ${version.trim()}`)
  },
}

/** A client that is a package. */
function packaged(
  name: string,
  script: string,
  how: System['how'],
  lacks: Partial<Record<Scenario, string>>,
  obstacle: () => string | undefined,
): System {
  return {
    name,
    how,
    lacks,
    prepare: async () => {
      const version = packageVersion(name)
      if (version === undefined) return 'it is not installed (make bench-clients installs it)'
      return obstacle() ?? nodeReady(script, version)
    },
  }
}

const nodeRdkafka = packaged(
  'node-rdkafka',
  'node-rdkafka',
  {
    read: 'consume(1000, callback), one call after the other',
    'read-headers': 'the same, and the header is looked up',
    write: 'produce() with a delivery report for each record, polled every 1,000 records',
  },
  { 'write-transactional': notCompared },
  () => (builtNodeRdkafka() === undefined ? 'it is not built (make native)' : undefined),
)

const platformatic = packaged(
  '@platformatic/kafka',
  'platformatic',
  {
    read: 'data events of its stream, without autocommit',
    'read-headers': 'the same, and the header is looked up',
    write: 'send() of 2,000 records, one after the other: it allows no more when idempotent',
  },
  { 'write-transactional': notCompared },
  () => undefined,
)

const kafkaCrab = packaged(
  'kafka-crab-js',
  'kafka-crab',
  {
    read: 'web stream of batches of up to 1,000, which was faster here than the 4,096 of its authors',
    'read-headers': 'the same, and the header is looked up',
    write: 'send() of 5,000 records, eight under way',
  },
  { 'write-transactional': 'has no transactions' },
  () => undefined,
)

export const nodeSystems: readonly System[] = [millrace, nodeRdkafka, platformatic, kafkaCrab]
