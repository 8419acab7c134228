import { Observable } from 'rxjs'
import type { Clock } from '../engine/component/contracts/clock.ts'
import { systemClock } from '../engine/component/contracts/clock.ts'
import type { CommitBackend } from '../engine/component/contracts/commit.ts'
import type { Log } from '../engine/component/contracts/log.ts'
import type { RowOutcome, Schemas, SinkWriter } from '../engine/component/contracts/sink.ts'
import type { TableOutcome, TableRow, Tables } from '../engine/component/contracts/tables.ts'
import type { ProcessorDefinition, SinkDefinition } from '../engine/component/define.ts'
import type { Verdict } from '../engine/component/lineage.ts'
import { operator } from '../engine/component/operator.ts'
import { packRecords, type PackedRecords } from '../engine/component/packed-records.ts'
import { WriteBatch } from '../engine/component/write-batch.ts'
import type { PlanNode, TopologyPlan } from '../engine/topology/plan-types.ts'
import type { WorkerSummary } from '../engine/runtime/worker-summary.ts'
import { RangeReader, type PartitionRange } from './reconcile-reader.ts'

/** Where a record is, and when its event was. */
export interface PassedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly eventTime: number
}

/** A topology is run over what is in its topics, without any effect. */
export interface PassOptions {
  readonly plan: TopologyPlan
  readonly log: Log
  /** For lookups and descriptions; nothing is written. */
  readonly tables: Tables
  readonly schemas: Schemas
  readonly ranges: readonly PartitionRange[]
  /** What is now for the sinks: times to live are counted from it. */
  readonly now: number
  readonly signal: AbortSignal
  readonly trouble: (sentence: string) => void
  /** Gets every run of records that is read. */
  readonly read: (records: PackedRecords) => void
  /** Gets what became of each record that came into the graph. */
  readonly settled: (at: PassedRecord, verdict: Verdict) => void
  /** Gets each row that a sink would write. What it throws is an error of that record. */
  readonly row: (row: TableRow, at: PassedRecord, node: string) => void
  /** Gets each record that a sink drops on purpose. */
  readonly dropped: (reason: string, node: string) => void
}

const stored: TableOutcome = { outcome: 'stored' }
const untried: RowOutcome = { outcome: 'untried' }

/**
 * Runs a topology once over ranges of its topics, as the engine runs it, with its own sources, processors and sinks. Its
 * tables get no rows: they are told instead. Other sinks do nothing; records that fail are skipped, so that nothing waits
 * behind them; nothing is committed, and no group is joined.
 */
export async function runPass(options: PassOptions): Promise<WorkerSummary> {
  const { Worker } = await import('../engine/runtime/worker.ts')
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
      join: () => Promise.resolve({ log, backend: forgetfulBackend(), close: () => Promise.resolve() }),
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

/** A sink that makes its rows as ever, and writes none. One that writes no table does nothing. */
function toldSink(definition: SinkDefinition, options: PassOptions): SinkDefinition {
  return {
    ...definition,
    async open(config, context) {
      if (definition.table?.(config) === undefined) return idleWriter()
      let made: TableRow[] = []
      const { tables } = context
      const collecting: Tables = {
        order: 'record',
        describe: (name) => tables.describe(name),
        lookup: (name) => tables.lookup(name),
        write: (rows) => {
          made.push(...rows)
          return rows.map(() => stored)
        },
      }
      const clock: Clock = {
        now: () => options.now,
        after: (delay, action) => systemClock.after(delay, action),
      }
      const inner = await definition.open(config, { ...context, clock, tables: collecting })
      const write = async (batch: WriteBatch, n: number): Promise<RowOutcome> => {
        const one = batch.batchOf(n).only(batch.indexOf(n))
        made = []
        const outcome = (await inner.write(new WriteBatch(one)))?.[0] ?? stored
        if (outcome.outcome === 'dropped') options.dropped(outcome.reason, context.node)
        const { topic, partition } = one
        const at = { topic, partition, offset: one.offset(0), eventTime: one.timestamp(0) }
        if (outcome.outcome === 'stored') for (const row of made) options.row(row, at, context.node)
        return outcome
      }
      return tellingWriter(inner, write)
    },
  }
}

/**
 * Record by record, so that a row belongs to its record. The tasks of all partitions share a writer, and a sink may wait
 * before it hands its rows over: one call waits for the other.
 */
function tellingWriter(
  inner: SinkWriter,
  write: (batch: WriteBatch, n: number) => Promise<RowOutcome>,
): SinkWriter {
  let before: Promise<unknown> = Promise.resolve()
  const writeAll = async (batch: WriteBatch): Promise<RowOutcome[]> => {
    const outcomes: RowOutcome[] = []
    const refused = new Set<string | undefined>()
    for (let n = 0; n < batch.length; n++) {
      const key = batch.keyText(n)
      const outcome =
        key !== undefined && refused.has(key)
          ? untried
          : await write(batch, n).catch((error: unknown) => ({ outcome: 'refused' as const, error }))
      if (outcome.outcome === 'refused') refused.add(key)
      outcomes.push(outcome)
    }
    return outcomes
  }
  return {
    order: 'batch',
    concurrency: 1,
    maxBatch: 500,
    write(batch) {
      const written = before.then(() => writeAll(batch))
      before = written
      return written
    },
    close: () => inner.close(),
  }
}

function idleWriter(): SinkWriter {
  return {
    order: 'batch',
    concurrency: 1,
    maxBatch: 5000,
    write: () => undefined,
    close: () => Promise.resolve(),
  }
}

/** Remembers nothing: the topology begins anew, at the beginning of the ranges. */
function forgetfulBackend(): CommitBackend {
  return {
    commit: () => Promise.resolve({ outcome: 'committed' }),
    positions: (_task, inputs) => Promise.resolve(inputs.map(() => undefined)),
    restore: () => Promise.resolve(),
    release: () => undefined,
    close: () => Promise.resolve(),
  }
}

/** The topics, to be read in their ranges alone; parked topics are empty, and nothing is made or written. */
function passLog({ log, ranges, read }: PassOptions): Log {
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
    fetch: ({ topic, partition }, offset) =>
      Promise.resolve({ records: packRecords(topic, partition, [], offset), next: offset }),
    bounds: () => Promise.resolve({ first: 0, end: 0 }),
    committed: () => Promise.resolve(undefined),
  }
}
