import type { ValueCodec } from '../component/codec.ts'
import type { CommitBackend } from '../component/contracts/commit.ts'
import type { FailedRow, Log, OutgoingBatch, OutgoingRecord } from '../component/contracts/log.ts'
import type { SourceReader } from '../component/contracts/reader.ts'
import type { Schemas } from '../component/contracts/sink.ts'
import type { TableOutcome, TableRow, Tables } from '../component/contracts/tables.ts'
import { selectRows, unpackBatch } from '../component/outgoing.ts'
import type { Environment } from '../runtime/worker-options.ts'
import type { FaultRun } from './fault-run.ts'
import { FaultyReader } from './faulty-reader.ts'
import type { Life } from './life.ts'

/** What an environment is made faulty with. */
export interface FaultyOptions {
  readonly environment: Environment
  /** How long a poll waits, in real time. */
  readonly pollMs: number
  readonly life: Life
  /** The faults of the step that runs now. */
  readonly faults: () => FaultRun
  readonly print: (line: string) => void
  /** Told of each reader, so that those of the dead can be closed. */
  readonly opened: (reader: SourceReader) => void
}

/** An environment as one life of a worker sees it: with the faults of the step, and silent once the life is over. */
export function faultyEnvironment(options: FaultyOptions): Environment {
  const { environment, life, faults } = options
  return {
    clock: life.clock,
    log: faultyLog(environment.log, options),
    tables: faultyTables(environment.tables, options),
    schemas: faultySchemas(environment.schemas, options),
    notes: (group, node) => environment.notes(group, node),
    print: (line) => {
      if (life.alive) options.print(line)
    },
    join: (request) =>
      life.answer(async () => {
        const membership = await environment.join(request)
        return {
          log: faultyLog(membership.log, options),
          backend: faultyBackend(membership.backend, life, faults),
          close: () => life.finish(() => membership.close()),
        }
      }),
  }
}

function faultyLog(log: Log, { life, faults, opened, pollMs }: FaultyOptions): Log {
  const answer = life.answer.bind(life)
  // In a group, sources share one reader, and so they do here.
  const readers = new Map<SourceReader, FaultyReader>()
  const readerOf = (inner: SourceReader): FaultyReader => {
    const known = readers.get(inner)
    if (known !== undefined) return known
    const reader = new FaultyReader(inner, { life, faults, pollMs })
    readers.set(inner, reader)
    opened(reader)
    return reader
  }
  return {
    ensureTopic: (topic, how) => answer(() => log.ensureTopic(topic, how)),
    partitionsOf: (topic) => answer(() => log.partitionsOf(topic)),
    read: (group, topics) => answer(async () => readerOf(await log.read(group, topics)).serve(topics)),
    append: (records) => answer(() => faultyAppend(log, records, faults())),
    write: (batch) => answer(() => faultyWrite(log, batch, faults())),
    fetch: (partition, offset, limit) => answer(() => log.fetch(partition, offset, limit)),
    bounds: (partition) => answer(() => log.bounds(partition)),
    committed: (group, partition) => answer(() => log.committed(group, partition)),
  }
}

async function faultyAppend(log: Log, records: readonly OutgoingRecord[], faults: FaultRun) {
  for (const topic of new Set(records.map((record) => record.topic))) {
    const fault = faults.write(topic, records.filter((record) => record.topic === topic).map(keyed))
    if (fault === undefined) continue
    if (fault.stored) await log.append(records)
    throw fault.error
  }
  return log.append(records)
}

async function faultyWrite(log: Log, batch: OutgoingBatch, faults: FaultRun): Promise<readonly FailedRow[]> {
  const rows = unpackBatch(batch).map(keyed)
  const fault = faults.write(batch.topic, rows)
  if (fault === undefined) return log.write(batch)
  if (fault.outcome === 'unavailable') {
    if (fault.stored) await log.write(batch)
    throw fault.error
  }
  const taken = rows.flatMap((row, n) => (fault.hits(row) ? [] : [n]))
  if (taken.length > 0) await log.write(selectRows(batch, Int32Array.from(taken)))
  return rows.flatMap((row, n) => (fault.hits(row) ? [{ row: n, error: fault.error }] : []))
}

function keyed({ key }: OutgoingRecord): Record<string, unknown> {
  return { key: key === null ? null : Buffer.from(key).toString() }
}

function faultyTables(tables: Tables, { life, faults }: FaultyOptions): Tables {
  return {
    order: tables.order,
    describe: (table) => tables.describe(table),
    write: (rows) => life.answerNow(() => writeRows(tables, rows, faults())),
    lookup: (table) => {
      const lookup = tables.lookup(table)
      return { key: lookup.key, get: (key) => life.answerNow(() => lookup.get(key)) }
    },
  }
}

function writeRows(
  tables: Tables,
  rows: readonly TableRow[],
  faults: FaultRun,
): Promise<readonly TableOutcome[]> | readonly TableOutcome[] {
  for (const table of new Set(rows.map((row) => row.table))) {
    const own = rows.filter((row) => row.table === table).map(({ values }) => values)
    const fault = faults.write(table, own)
    if (fault === undefined) continue
    if (fault.outcome === 'refused')
      return refuseRows(tables, rows, fault.error, (row) => row.table === table && fault.hits(row.values))
    const written = fault.stored ? Promise.resolve(tables.write(rows)) : Promise.resolve()
    return written.then(() => Promise.reject(fault.error))
  }
  return tables.write(rows)
}

/** Refuses some rows, leaves those of their order key that come later untried, and writes the others. */
async function refuseRows(
  tables: Tables,
  rows: readonly TableRow[],
  error: unknown,
  hits: (row: TableRow) => boolean,
): Promise<readonly TableOutcome[]> {
  const refused = new Set<string>()
  const outcomes: (TableOutcome | undefined)[] = rows.map((row) => {
    if (row.orderKey !== undefined && refused.has(row.orderKey)) return { outcome: 'untried' }
    if (!hits(row)) return undefined
    if (row.orderKey !== undefined) refused.add(row.orderKey)
    return { outcome: 'refused', error }
  })
  const others = rows.filter((_, n) => outcomes[n] === undefined)
  const answers = others.length === 0 ? [] : await tables.write(others)
  let at = 0
  return outcomes.map((outcome) => outcome ?? answers[at++]!)
}

function faultySchemas(schemas: Schemas, { life, faults }: FaultyOptions): Schemas {
  const asked = <Answer>(work: () => Promise<Answer>): Promise<Answer> =>
    life.answer(() => {
      faults().askRegistry(life.clock.now())
      return work()
    })
  return {
    encoder: (schema, topic) => asked(() => schemas.encoder(schema, topic)),
    codec: (schema, topic, others) =>
      asked(async () => firstAsking(await schemas.codec(schema, topic, others), life, faults)),
  }
}

/** A codec that asks the registry for the schema of the first records, and keeps it. */
function firstAsking(codec: ValueCodec, life: Life, faults: () => FaultRun): ValueCodec {
  let known = false
  return {
    ...codec,
    prepare: (records) => {
      if (known) return codec.prepare(records)
      return life.answer(async () => {
        faults().askRegistry(life.clock.now())
        await codec.prepare(records)
        known = true
      })
    },
  }
}

function faultyBackend(backend: CommitBackend, life: Life, faults: () => FaultRun): CommitBackend {
  return {
    commit: (commit) =>
      life.answer(async () => {
        const fault = faults().commit(commit, life.clock.now())
        if (fault === undefined) return backend.commit(commit)
        if (fault.stored) await backend.commit(commit)
        return fault.outcome
      }),
    positions: (task, inputs) => life.answer(() => backend.positions(task, inputs)),
    restore: (task, stores, apply) => life.answer(() => backend.restore(task, stores, apply)),
    release: (task) => {
      if (life.alive) backend.release(task)
    },
    close: () => backend.close(),
  }
}
