import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtNodeRdkafka, says } from '../clients/toolbox.ts'
import type { Ready } from './system.ts'
import type { Outcome, Task } from './task.ts'

const root = join(import.meta.dirname, '../..')
const project = join(import.meta.dirname, 'project')

/** Millrace, and the topology that it runs. */
export interface MillraceUse {
  /** The topology as a value: JSON is YAML too. */
  readonly topology: (task: Task) => object
  /** Another topology that the same process runs. */
  readonly beside?: (task: Task) => object
  /** The program, of this folder or the root: main.ts where nothing but the product is needed. */
  readonly program?: string
  /** The folder with schemas/ and cql/. */
  readonly project?: string
  /** It ends by itself, not at the end of its topics. */
  readonly endless?: boolean
  readonly outcome?: (output: string, task: Task) => Outcome
}

/** The command line `millrace run FILE --env FILE --until-end -o json`, as users have it. */
export async function millrace(use: MillraceUse): Promise<Ready | string> {
  if (builtNodeRdkafka() === undefined) return 'the Kafka client is not built (make native)'
  const version = await says(process.execPath, [join(root, 'main.ts'), '--version'])
  return {
    version: `${version?.trim().split(' ').at(-1)} (Node ${process.version})`,
    invoke: (task) => {
      const topology = join(task.state, `${task.group}.yaml`)
      const environment = join(task.state, 'environment.yaml')
      writeFileSync(topology, JSON.stringify({ ...use.topology(task), name: task.group }, null, 2))
      writeFileSync(environment, JSON.stringify(environmentOf(task), null, 2))
      const files = [topology]
      if (use.beside !== undefined) {
        const name = `${task.group}-beside`
        files.push(join(task.state, `${name}.yaml`))
        writeFileSync(files[1]!, JSON.stringify({ ...use.beside(task), name }, null, 2))
      }
      const until = use.endless ? [] : ['--until-end']
      const places = ['--project', use.project ?? project, '--store', task.state]
      const words = [
        'run',
        ...files,
        '--env',
        environment,
        ...until,
        '-o',
        'json',
        '--http',
        'off',
        ...places,
      ]
      return {
        program: process.execPath,
        args: [join(root, use.program ?? 'main.ts'), ...words],
        outcome: (output) => (use.outcome ?? summaryOutcome)(output, task),
      }
    },
  }
}

function environmentOf({ bootstrap, partitions, state, cassandra }: Task): object {
  return {
    kafka: { brokers: [bootstrap], topics: { partitions, replication: 1 } },
    ...(cassandra && {
      cassandra: {
        contactPoints: [cassandra.contactPoint],
        datacenter: cassandra.datacenter,
        keyspace: cassandra.keyspace,
      },
    }),
    state: { dir: join(state, 'state') },
  }
}

/** What `run -o json` says at its end. */
export function summaryOutcome(output: string): Outcome {
  const summary = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { readonly consumed: number }
  return { records: summary.consumed }
}
