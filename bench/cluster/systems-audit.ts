import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { byHandProgram } from './systems-dedup.ts'
import { lastLine, type Invocation, type System } from './system.ts'
import { millrace } from './systems-millrace.ts'
import type { Task } from './task.ts'

const root = join(import.meta.dirname, '../..')
const guarantee = 'at-least-once'

interface Topology {
  readonly sources: Readonly<Record<string, object>>
  readonly processors: Readonly<Record<string, object>>
  readonly sinks: Readonly<Record<string, { readonly columns?: object }>>
}

/**
 * topologies/audit-store.yaml with the task's topic. Where the user is looked up, it is waited for longer than there, so
 * that all rows are the same on a busy machine; where it is not, its column stays empty.
 */
function auditStore({ input, cassandra }: Task): object {
  const file = readFileSync(join(root, 'topologies/audit-store.yaml'), 'utf8')
  const topology = parse(file) as Topology
  const sources = { events: { ...topology.sources['events'], topic: input } }
  const { known, ...others } = topology.processors
  if (cassandra?.enrich) {
    const processors = { ...others, known: { ...known, within: '10s' } }
    return { ...topology, sources, processors }
  }
  const sinks = Object.entries(topology.sinks).map(([name, sink]) => {
    return [name, { ...sink, from: 'unique', columns: { ...sink.columns, user: null } }] as const
  })
  return { ...topology, sources, processors: others, sinks: Object.fromEntries(sinks) }
}

/** To the end of the topic, or for so long as events come. */
export function auditSystems(live: boolean): readonly System[] {
  const ours: System = {
    name: 'millrace',
    guarantee,
    how:
      '`millrace run` of `topologies/audit-store.yaml`: validation, deduplication with state, three tables' +
      (live ? '; the table sink notes when a row is acknowledged' : ''),
    prepare: async () => {
      const program = live ? 'bench/cluster/systems/millrace-latency.ts' : 'main.ts'
      const ready = await millrace({ topology: auditStore, project: root, program, endless: live })
      if (typeof ready === 'string' || !live) return ready
      return { ...ready, invoke: (task) => counted(task, ready.invoke(task)) }
    },
  }
  const byHand: System = {
    name: 'by-hand',
    guarantee,
    how: live
      ? 'a loop over node-rdkafka: records as they come, avsc, ids in a Set, three prepared inserts at once, a commit every 200 ms'
      : 'a loop over node-rdkafka: consume(1000), avsc, ids in a Set that is lost with the process, prepared inserts in unlogged batches of up to 20 rows of one partition, 96 at once, two polls under way',
    prepare: () => byHandProgram('audit-by-hand.ts'),
  }
  return [ours, byHand]
}

/** Tells the program how many events come. */
function counted({ total, countFrom = 0 }: Task, { program, args }: Invocation): Invocation {
  const [script, ...words] = args
  return { program, args: [script!, String(total), String(countFrom), ...words], outcome: lastLine }
}
