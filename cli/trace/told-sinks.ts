import { systemClock, type Clock } from '../../engine/component/contracts/clock.ts'
import type { Log, OutgoingRecord } from '../../engine/component/contracts/log.ts'
import type { RowOutcome, SinkWriter } from '../../engine/component/contracts/sink.ts'
import type { TableOutcome, TableRow, Tables } from '../../engine/component/contracts/tables.ts'
import type { SinkDefinition } from '../../engine/component/define.ts'
import { unpackBatch } from '../../engine/component/outgoing.ts'
import { WriteBatch } from '../../engine/component/write-batch.ts'

/** Where a record is, and when its event was. */
export interface PassedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly eventTime: number
}

/** Who is told what sinks would do. */
export interface SinkTold {
  /** What is now for the sinks: times to live are counted from it. */
  readonly now: number
  /** Gets each row that a sink would write. What it throws is an error of that record. */
  readonly row: (row: TableRow, at: PassedRecord, node: string) => void
  /** Gets each record that a sink drops on purpose. */
  readonly dropped: (reason: string, node: string, at: PassedRecord) => void
  /** Gets each record that a sink would append to a topic; without it such sinks do nothing. */
  readonly appended?: (record: OutgoingRecord, at: PassedRecord, node: string) => void
  /** Gets each record that a sink refuses. */
  readonly refused?: (error: unknown, node: string, at: PassedRecord) => void
}

const stored: TableOutcome = { outcome: 'stored' }
const untried: RowOutcome = { outcome: 'untried' }

/** A sink that makes its rows and records as ever, and writes none: they are told instead. One that is not told of does nothing. */
export function toldSink(definition: SinkDefinition, told: SinkTold): SinkDefinition {
  return {
    ...definition,
    async open(config, context) {
      const writesTable = definition.table?.(config) !== undefined
      const writesTopic = told.appended !== undefined && definition.topic?.(config) !== undefined
      if (!writesTable && !writesTopic) return idleWriter()
      let made: TableRow[] = []
      let appended: OutgoingRecord[] = []
      const clock: Clock = { now: () => told.now, after: (delay, action) => systemClock.after(delay, action) }
      const inner = await definition.open(config, {
        ...context,
        clock,
        tables: collectingTables(context.tables, (rows) => made.push(...rows)),
        log: collectingLog(context.log, (records) => appended.push(...records)),
      })
      const write = async (batch: WriteBatch, n: number): Promise<RowOutcome> => {
        const one = batch.batchOf(n).only(batch.indexOf(n))
        made = []
        appended = []
        const outcome = (await inner.write(new WriteBatch(one)))?.[0] ?? stored
        const { topic, partition } = one
        const at = { topic, partition, offset: one.offset(0), eventTime: one.timestamp(0) }
        tellOutcome(outcome, { made, appended, at, node: context.node }, told)
        return outcome
      }
      return tellingWriter(inner, async (batch, n) => {
        try {
          return await write(batch, n)
        } catch (error) {
          return { outcome: 'refused', error }
        }
      })
    },
  }
}

interface Made {
  readonly made: readonly TableRow[]
  readonly appended: readonly OutgoingRecord[]
  readonly at: PassedRecord
  readonly node: string
}

function tellOutcome(outcome: RowOutcome, { made, appended, at, node }: Made, told: SinkTold): void {
  if (outcome.outcome === 'dropped') told.dropped(outcome.reason, node, at)
  if (outcome.outcome === 'refused') told.refused?.(outcome.error, node, at)
  if (outcome.outcome !== 'stored') return
  for (const row of made) told.row(row, at, node)
  for (const record of appended) told.appended?.(record, at, node)
}

function collectingTables(tables: Tables, collect: (rows: readonly TableRow[]) => void): Tables {
  return {
    order: 'record',
    describe: (name) => tables.describe(name),
    lookup: (name) => tables.lookup(name),
    write: (rows) => {
      collect(rows)
      return rows.map(() => stored)
    },
  }
}

function collectingLog(log: Log, collect: (records: readonly OutgoingRecord[]) => void): Log {
  return {
    ensureTopic: (topic, options) => log.ensureTopic(topic, options),
    partitionsOf: (topic) => log.partitionsOf(topic),
    read: (group, topics, policy) => log.read(group, topics, policy),
    fetch: (partition, offset, limit) => log.fetch(partition, offset, limit),
    bounds: (partition) => log.bounds(partition),
    committed: (group, partition) => log.committed(group, partition),
    append: (records) => {
      collect(records)
      return Promise.resolve([])
    },
    write: (batch) => {
      collect(unpackBatch(batch))
      return Promise.resolve([])
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
      const outcome = key !== undefined && refused.has(key) ? untried : await write(batch, n)
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
