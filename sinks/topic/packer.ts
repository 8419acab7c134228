import {
  FieldAccess,
  packBatch,
  permanentError,
  selectColumns,
  type Header,
  type OutgoingBatch,
  type PlainRecord,
  type PreparedWrite,
  type RecordBatch,
  type RowOutcome,
  type ValueEncoder,
  type WriteBatch,
} from '../../engine/component/index.ts'

/** The config of a topic sink, checked. `sinks/topic.ts` says what its fields mean. */
export interface TopicConfig {
  readonly topic: string
  readonly key?: string | readonly string[] | undefined
  readonly format?: 'json' | undefined
  readonly headers: Readonly<Record<string, string>>
}

type Make = (batch: WriteBatch, n: number) => PlainRecord

/** What a topic sink packs. */
export interface TopicPacker {
  /** All records of a batch, in one. */
  readonly prepare: (batch: WriteBatch) => PreparedWrite
  /** The same records part by part, where none is changed nor can be refused; undefined otherwise. */
  readonly passOn: (batch: WriteBatch) => readonly OutgoingBatch[] | undefined
}

/**
 * Packs records for a topic. Records that stay as they came are not touched: only their places are picked. After a
 * refused record, those of its key are untried.
 */
export function topicPacker(given: TopicConfig, encoder: ValueEncoder | undefined): TopicPacker {
  const make = recordMaker(given, encoder)
  const asTheyCame =
    given.key === undefined &&
    given.format === undefined &&
    Object.keys(given.headers).length === 0 &&
    encoder === undefined
  const passOn = ({ parts }: WriteBatch): readonly OutgoingBatch[] | undefined => {
    if (!asTheyCame || parts?.every(({ values }) => values === undefined) !== true) return undefined
    return parts.map((part) => passedOn(given.topic, part))
  }
  const prepare = (batch: WriteBatch): PreparedWrite => {
    const [output] = (batch.whole && passOn(batch)) ?? []
    if (output !== undefined) return { output, sources: undefined, outcomes: undefined }
    return packAll(given.topic, batch, make)
  }
  return { prepare, passOn }
}

/** The same records, with their event times as timestamps. */
function passedOn(topic: string, batch: RecordBatch): OutgoingBatch {
  const rows = batch.rows.subarray(0, batch.length)
  const columns = selectColumns(batch.origin.records, rows)
  const timestamps = new Float64Array(batch.length)
  for (let i = 0; i < batch.length; i++) timestamps[i] = batch.timestamp(i)
  return { ...columns, topic, timestamps }
}

function packAll(topic: string, batch: WriteBatch, make: Make): PreparedWrite {
  const records: PlainRecord[] = []
  const sources: number[] = []
  const refusedKeys = new Set<string>()
  const outcomes: RowOutcome[] = []
  for (let n = 0; n < batch.length; n++) {
    const key = batch.keyText(n)
    const outcome = key !== undefined && refusedKeys.has(key) ? untried : tried(() => make(batch, n), records)
    if (outcome === stored) sources.push(n)
    else if (outcome.outcome === 'refused' && key !== undefined) refusedKeys.add(key)
    outcomes.push(outcome)
  }
  return {
    output: packBatch(topic, records),
    sources: sources.length === batch.length ? undefined : Int32Array.from(sources),
    outcomes: sources.length === batch.length ? undefined : outcomes,
  }
}

const stored: RowOutcome = { outcome: 'stored' }
const untried: RowOutcome = { outcome: 'untried' }

function tried(make: () => PlainRecord, into: PlainRecord[]): RowOutcome {
  try {
    into.push(make())
    return stored
  } catch (error) {
    return { outcome: 'refused', error }
  }
}

function recordMaker({ key, headers, format }: TopicConfig, encoder: ValueEncoder | undefined): Make {
  const raw = format === 'json' ? asJson : rawOrJson
  const keyFields = key === undefined ? undefined : [key].flat().map((path) => new FieldAccess(path))
  const fixed = Object.entries(headers).map(([name, text]): Header => ({ name, value: Buffer.from(text) }))
  const json = jsonWriter()
  return (writes, n) => {
    const batch = writes.batchOf(n)
    const i = writes.indexOf(n)
    const own = batch.headers(i).filter(({ name }) => !Object.hasOwn(headers, name))
    return {
      key: keyFields === undefined ? batch.key(i) : keyOf(keyFields, (field) => field.read(batch, i)),
      value: encoder === undefined ? raw(batch, i, json) : encoded(encoder, batch.value(i)),
      headers: fixed.length === 0 ? own : [...own, ...fixed],
      timestamp: batch.timestamp(i),
    }
  }
}

function keyOf(fields: readonly FieldAccess[], read: (field: FieldAccess) => unknown): Buffer {
  const parts = fields.map((field) => {
    const part = read(field) ?? null
    if (part === null || typeof part === 'object') {
      const path = field.path.join('.')
      throw permanentError(
        'RECORD_INVALID',
        `The field ${path} cannot be a key: it is null, absent or no plain value.`,
      )
    }
    return `${part as string}`
  })
  return Buffer.from(parts.join('/'))
}

function encoded(encoder: ValueEncoder, value: unknown): Uint8Array | null {
  return value === null ? null : encoder.encode(value)
}

/** The bytes that came in, where no node made another value; otherwise JSON. */
function rawOrJson(batch: RecordBatch, i: number, json: ToJson): Uint8Array | null {
  if (batch.isTombstone(i)) return null
  if (batch.values !== undefined) {
    const value = batch.values[i]
    return value instanceof Uint8Array ? value : Buffer.from(json(value) ?? 'null')
  }
  const { bytes, valueStarts, valueEnds } = batch.origin.records
  const row = batch.rows[i]!
  return bytes.subarray(valueStarts[row], valueEnds[row])
}

type ToJson = (value: unknown) => string | undefined

/** Bigints become numbers or text. To look for them takes far longer than to write what has none: not before the first. */
function jsonWriter(): ToJson {
  let plain = true
  return (value) => {
    if (!plain) return JSON.stringify(value, jsonSafe)
    try {
      return JSON.stringify(value)
    } catch {
      plain = false
      return JSON.stringify(value, jsonSafe)
    }
  }
}

/** JSON, whatever came in. */
function asJson(batch: RecordBatch, i: number, json: ToJson): Uint8Array | null {
  if (batch.isTombstone(i)) return null
  if (batch.values === undefined && batch.origin.codec.name === 'json') return rawOrJson(batch, i, json)
  return Buffer.from(json(batch.value(i)) ?? 'null')
}

function jsonSafe(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return value
}
