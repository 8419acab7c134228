import { Observable } from 'rxjs'
import { systemClock } from '../../engine/component/contracts/clock.ts'
import type { CommitBackend } from '../../engine/component/contracts/commit.ts'
import type { Log } from '../../engine/component/contracts/log.ts'
import type { Schemas } from '../../engine/component/contracts/sink.ts'
import type { TableOutcome, Tables } from '../../engine/component/contracts/tables.ts'
import type { ProcessorDefinition } from '../../engine/component/define.ts'
import type { Verdict } from '../../engine/component/lineage.ts'
import { operator } from '../../engine/component/operator.ts'
import { packRecords, type PackedRecords } from '../../engine/component/packed-records.ts'
import { globalTables, sourceTopic } from '../../engine/topology/plan-facts.ts'
import type { PlanNode, TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'
import { RangeReader, type PartitionRange } from './reader.ts'
import { toldSink, type PassedRecord, type SinkTold } from '../trace/told-sinks.ts'

/** A topology is run over what is in its topics, without any effect. */
export interface PassOptions extends SinkTold {
  readonly plan: TopologyPlan
  readonly log: Log
  /** For lookups and descriptions; nothing is written. */
  readonly tables: Tables
  readonly schemas: Schemas
  readonly ranges: readonly PartitionRange[]
  readonly signal: AbortSignal
  readonly trouble: (sentence: string) => void
  /** Gets every run of records that is read, before it comes into the graph. */
  readonly read: (records: PackedRecords) => void | Promise<void>
  /** Gets what became of each record that came into the graph. */
  readonly settled: (at: PassedRecord, verdict: Verdict) => void
  /** Gives the state that nodes begin with; without it they begin anew. */
  readonly restore?: CommitBackend['restore']
}

const stored: TableOutcome = { outcome: 'stored' }

/**
 * Runs a topology once over ranges of its topics, as the engine runs it, with its own sources, processors and sinks. Its
 * tables get no rows: they are told instead. Other sinks do nothing; records that fail are skipped, so that nothing waits
 * behind them; nothing is committed, and no group is joined.
 */
export async function runPass(options: PassOptions): Promise<WorkerSummary> {
  const { Worker } = await import('../../engine/runtime/worker.ts')
  const { plan, tables, schemas, signal } = options
  const log = passLog(options)
  const readOnly: Tables = {
    order: 'record',
    describe: (name) => tables.describe(name),
    lookup: (name) => tables.lookup(name),
    write: (rows) => rows.map(() => stored),
  }
  const worker = new Worker({
    plan: passPlan(plan, options),
    environment: {
      log,
      tables: readOnly,
      schemas,
      join: () =>
        Promise.resolve({ log, backend: forgetfulBackend(options), close: () => Promise.resolve() }),
      notes: () => ({ get: () => undefined, set: () => undefined }),
      clock: systemClock,
      print: () => undefined,
    },
    trouble: options.trouble,
  })
  const stop = (): void => worker.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  // The clock's timers do not keep the process alive.
  const alive = setInterval(() => undefined, 1000)
  try {
    worker.stopAtEnd()
    return await worker.run()
  } finally {
    clearInterval(alive)
    signal.removeEventListener('abort', stop)
  }
}

/** The plan with every sink told instead of written, and a node behind each source that sees what becomes of records. */
function passPlan(plan: TopologyPlan, options: PassOptions): TopologyPlan {
  const nodes = new Map<string, PlanNode>()
  const sources = new Set(
    [...plan.nodes.values()].filter(({ kind }) => kind === 'source').map(({ name }) => name),
  )
  for (const node of plan.nodes.values()) {
    const from = node.from.map((ref) =>
      sources.has(ref.node) && ref.output === undefined && ref.table === undefined
        ? { ...ref, node: watchName(ref.node) }
        : ref,
    )
    if (node.kind === 'sink')
      nodes.set(node.name, { ...node, from, definition: toldSink(node.definition, options) })
    else nodes.set(node.name, { ...node, from })
    if (node.kind === 'source') nodes.set(watchName(node.name), watchNode(node, options))
  }
  const subTopologies = plan.subTopologies.map((sub) => ({
    ...sub,
    nodes: sub.nodes.flatMap((name) => (sources.has(name) ? [name, watchName(name)] : [name])),
  }))
  const { first } = plan.errors.backoff
  const errors = {
    ...plan.errors,
    then: 'skip' as const,
    flood: { share: 2, of: plan.errors.flood.of },
    // Nobody is spared by waiting here: what fails is tried again soon.
    backoff: { first: Math.min(first, 10), longest: 100 },
  }
  return { ...plan, nodes, subTopologies, errors, delivery: 'at-least-once' }
}

function watchName(source: string): string {
  return `${source} (watched)`
}

function watchNode(source: PlanNode, { settled }: PassOptions): PlanNode {
  const definition: Omit<ProcessorDefinition, 'config' | 'examples' | 'summary'> = {
    kind: 'processor',
    name: 'watch',
    create: () =>
      operator(
        () => (input) =>
          new Observable((output) =>
            input.subscribe((batch) => {
              const { topic, partition, origin } = batch
              for (let i = 0; i < batch.length; i++) {
                const at = { topic, partition, offset: batch.offset(i), eventTime: batch.timestamp(i) }
                origin.lineage.whenSettled(batch.lineageRow(i), (verdict) => settled(at, verdict))
              }
              output.next(batch)
            }),
          ),
      ),
  }
  const { name, position } = source
  return {
    ...{ kind: 'processor', name: watchName(name), type: 'watch', config: {}, position },
    definition: definition as ProcessorDefinition,
    from: [{ node: name, output: undefined }],
  }
}

/** Remembers nothing: the topology begins at the beginning of the ranges. */
function forgetfulBackend({ restore }: PassOptions): CommitBackend {
  return {
    commit: () => Promise.resolve({ outcome: 'committed' }),
    positions: (_task, inputs) => Promise.resolve(inputs.map(() => undefined)),
    restore: restore ?? (() => Promise.resolve()),
    release: () => undefined,
    close: () => Promise.resolve(),
  }
}

/**
 * The topics, to be read in their ranges alone; those of global tables as they are. Parked topics are empty, and nothing is made
 * or written.
 */
function passLog({ plan, log, ranges, read }: PassOptions): Log {
  const whole = new Set(globalTables(plan).map((source) => sourceTopic(plan, source)))
  return {
    ensureTopic: async (topic) => (await log.partitionsOf(topic)) ?? 0,
    partitionsOf: (topic) => log.partitionsOf(topic),
    read: (_group, topics) =>
      Promise.resolve(
        new RangeReader(
          log,
          ranges.filter(({ topic }) => topics.includes(topic)),
          read,
        ),
      ),
    append: () => Promise.resolve([]),
    write: () => Promise.resolve([]),
    fetch: async (place, offset, limit) => {
      const { topic, partition } = place
      if (whole.has(topic)) return log.fetch(place, offset, limit)
      return { records: packRecords(topic, partition, [], offset), next: offset }
    },
    bounds: async (place) => (whole.has(place.topic) ? log.bounds(place) : { first: 0, end: 0 }),
    committed: () => Promise.resolve(undefined),
  }
}
