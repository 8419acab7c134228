import { from, type OperatorFunction } from 'rxjs'
import type { Clock } from '../../engine/component/contracts/clock.ts'
import type { Row } from '../../engine/component/contracts/lookup.ts'
import type { TableInfo, Tables } from '../../engine/component/contracts/tables.ts'
import type { Fingerprint } from '../../engine/component/fingerprint.ts'
import type { ProcessorDefinition } from '../../engine/component/define.ts'
import { noResources, type ProcessorResources } from '../../engine/component/resources.ts'
import { packRecords } from '../../engine/component/packed-records.ts'
import type { KeyValueStore } from '../../engine/component/contracts/state.ts'
import type { Owing } from '../../engine/component/contracts/owing.ts'
import {
  materialize,
  type KeyedWork,
  type OperatorScope,
  type TableView,
} from '../../engine/component/operator.ts'
import { batchOf, RecordBatch } from '../../engine/component/record-batch.ts'
import { bodyHash, fingerprint } from '../../engine/state/fingerprint.ts'
import { createIdStore } from '../../engine/state/id-store.ts'
import { createKeyValueStore } from '../../engine/state/key-value-store.ts'
import { codecOf } from '../../sources/codecs.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeLineage } from './fake-lineage.ts'

/** A record as it comes in; everything but the value has a default. */
export interface Incoming {
  readonly value: unknown
  readonly key?: string | null
  readonly timestamp?: number
}

/** What became of the records that went through a processor. */
export interface Outcome {
  /** Main output: values, in the order in which they came out. */
  readonly output: unknown[]
  readonly side: Record<string, unknown[]>
  /** Reasons, one for each dropped record. */
  readonly dropped: string[]
  readonly failed: unknown[]
  readonly batches: RecordBatch[]
  readonly counts: Map<string, number>
}

export interface Surroundings {
  readonly clock?: Clock
  readonly tables?: Partial<Tables>
  readonly resources?: Partial<ProcessorResources>
}

/** A batch of JSON values, as a source hands it over. */
export function batchOfValues(records: readonly Incoming[], lineage = new FakeLineage()): RecordBatch {
  const plain = records.map(({ value, key, timestamp }) => ({
    key: key === null ? null : Buffer.from(key ?? keyIn(value)),
    value: value === null ? null : Buffer.from(JSON.stringify(value, bigintAsText)),
    headers: [],
    timestamp: timestamp ?? 1_700_000_000_000,
  }))
  const packed = packRecords('in', 0, plain, 0)
  const eventTimes = packed.timestamps.slice()
  return batchOf({ records: packed, eventTimes, codec: codecOf('json'), lineage, lineageBase: 0 })
}

/** Sends records through a processor, all in one batch. Work that waits for the clock is left for the test to run. */
export function start(
  definition: ProcessorDefinition,
  config: unknown,
  records: readonly Incoming[],
  { clock = new FakeClock(), tables = {}, resources = {} }: Surroundings = {},
): Outcome {
  const lineage = new FakeLineage()
  const outcome: Outcome = { output: [], side: {}, dropped: [], failed: [], batches: [], counts: new Map() }
  const scope = new FakeScope(clock, outcome)
  const noTables = {
    describe: noTable,
    order: 'batch',
    write: () => [],
    lookup: () => ({ key: ['id'], get: noTable }),
  }
  const context = {
    ...noResources,
    ...resources,
    topology: 'test',
    node: 'node',
    clock,
    tables: { ...noTables, ...tables } as Tables,
  }
  const made = definition.create(definition.config.parse(config) as never, context)
  const operators = [made].flat().map((one) => materialize(one, scope))
  const through = operators.reduce(
    (stream, one: OperatorFunction<RecordBatch, RecordBatch>) => one(stream),
    from([batchOfValues(records, lineage)]),
  )
  through.subscribe((batch) => {
    outcome.batches.push(batch)
    for (let i = 0; i < batch.length; i++) {
      outcome.output.push(batch.value(i))
      lineage.settle(batch.lineageRow(i), 'stored')
    }
  })
  // What is owed comes out of the first operator, and goes through the others.
  scope.commit(operators.slice(1))
  return outcome
}

/** Tables that hold rows in memory, for lookups by the named key column. */
export function tablesWith(key: string, rows: readonly Row[]): Partial<Tables> {
  const byKey = new Map(rows.map((row) => [row[key], row]))
  return { lookup: () => ({ key: [key], get: (wanted) => byKey.get(wanted[key]) }) }
}

/** A table's description from `name type` pairs; the first `partition` and next `clustering` of them are its key. */
export function tableInfo(
  name: string,
  columns: readonly string[],
  partition: number,
  clustering: number,
): TableInfo {
  return {
    name,
    columns: columns.map((column, index) => {
      const [columnName = '', ...type] = column.split(' ')
      const kind = index < partition ? 'partition' : index < partition + clustering ? 'clustering' : 'regular'
      return { name: columnName, type: type.join(' '), kind }
    }),
  }
}

function noTable(): undefined {
  return undefined
}

function keyIn(value: unknown): string {
  const key = (value as { key?: unknown } | null)?.key
  return typeof key === 'string' ? key : 'key'
}

const fingerprints: Fingerprint = {
  id: (bytes, start, end, probe) => fingerprint(bytes, start, end, probe),
  body: (bytes, start, end) => bodyHash(bytes, start, end),
}

/** A scope without engine: nothing is tried again, nothing waits for a ledger. */
class FakeScope implements OperatorScope {
  readonly node = 'node'
  readonly holding = false
  readonly fingerprint = fingerprints
  readonly clock: Clock
  readonly #outcome: Outcome
  readonly #stores: KeyValueStore[] = []
  #owing: Owing | undefined

  constructor(clock: Clock, outcome: Outcome) {
    this.clock = clock
    this.#outcome = outcome
  }

  hold(): boolean {
    return false
  }

  follow(): boolean {
    return false
  }

  drop(_batch: RecordBatch, _i: number, reason: string): void {
    this.#outcome.dropped.push(reason)
  }

  fail(_batch: RecordBatch, _i: number, error: unknown): void {
    this.#outcome.failed.push(error)
  }

  retain(): void {}

  side(output: string, batch: RecordBatch): void {
    const values = (this.#outcome.side[output] ??= [])
    for (let i = 0; i < batch.length; i++) values.push(batch.value(i))
  }

  ids(windowMs: number) {
    return createIdStore({ name: 'node', windowMs })
  }

  inputOf(): number {
    return 0
  }

  reach(): void {}

  count(what: string, by: number): void {
    this.#outcome.counts.set(what, (this.#outcome.counts.get(what) ?? 0) + by)
  }

  store<Value>(name = ''): KeyValueStore<Value> {
    const store = createKeyValueStore<Value>({ name: `node${name}` })
    this.#stores.push(store)
    return store
  }

  /** Without rows. */
  table(): TableView {
    return { get: () => undefined }
  }

  types(): undefined {
    return undefined
  }

  absorb(): void {}

  owe(owing: Owing): void {
    this.#owing = owing
  }

  isReleased(): boolean {
    return false
  }

  /** Commits the state, and puts out what is owed by then. */
  commit(through: readonly OperatorFunction<RecordBatch, RecordBatch>[]): void {
    for (const store of this.#stores) {
      store.seal({ has: () => true })
      store.committed()
    }
    const sent = (this.#owing?.due(1000) ?? []).flatMap(({ emission }) => emission ?? [])
    const plain = sent.map(({ key, timestamp, headers = [] }) => ({
      key: Buffer.from(key, 'latin1'),
      value: null,
      headers,
      timestamp,
    }))
    const records = packRecords('node', 0, plain, 0)
    const lineage = new FakeLineage()
    const codec = codecOf('json')
    const { origin, rows } = batchOf({
      records,
      eventTimes: records.timestamps,
      codec,
      lineage,
      lineageBase: 0,
    })
    const values = sent.map(({ value }) => value)
    const stream = through.reduce(
      (one, next) => next(one),
      from([new RecordBatch(origin, rows, sent.length, values)]),
    )
    stream.subscribe((batch) => {
      for (let i = 0; i < batch.length; i++) this.#outcome.output.push(batch.value(i))
    })
  }

  keyed(keyed: KeyedWork): (batch: RecordBatch) => void {
    const { concurrency } = keyed
    const waiting: RecordBatch[] = []
    const busy = new Set<string | undefined>()
    const run = (): void => {
      for (let n = 0; n < waiting.length && busy.size < concurrency;) {
        const one = waiting[n]!
        const key = one.keyText(0)
        if (busy.has(key)) {
          n++
          continue
        }
        waiting.splice(n, 1)
        const finish = (result: unknown): void => keyed.done(one, [result])
        try {
          const result = keyed.work(one, 0)
          if (!(result instanceof Promise)) {
            finish(result)
            continue
          }
          busy.add(key)
          result
            .then(finish, (error: unknown) => this.fail(one, 0, error))
            .finally(() => {
              busy.delete(key)
              run()
            })
        } catch (error) {
          this.fail(one, 0, error)
        }
      }
    }
    return (batch) => {
      for (let i = 0; i < batch.length; i++) waiting.push(batch.only(i))
      run()
    }
  }
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
