import {
  FieldAccess,
  permanentError,
  RecordPacker,
  selectColumns,
  type Header,
  type OutgoingBatch,
  type PreparedWrite,
  type RecordBatch,
  type RowOutcome,
  type WriteBatch,
} from '../../engine/component/index.ts'
import type { Encode } from './encoding.ts'

/** The config of a topic sink, checked. `sinks/topic.ts` says what its fields mean. */
export interface TopicConfig {
  readonly topic: string
  readonly key?: string | readonly string[] | undefined
  readonly format?: 'json' | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** Puts record `i` of a batch into the output. Throws for one that cannot be put there. */
type Put = (output: RecordPacker, batch: RecordBatch, i: number) => void

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
export function topicPacker(given: TopicConfig, encode: Encode | undefined): TopicPacker {
  const put = recordPutter(given, encode)
  const asTheyCame =
    given.key === undefined &&
    given.format === undefined &&
    Object.keys(given.headers).length === 0 &&
    encode === undefined
  const passOn = ({ parts }: WriteBatch): readonly OutgoingBatch[] | undefined => {
    if (!asTheyCame || parts?.every(({ values }) => values === undefined) !== true) return undefined
    return parts.map((part) => passedOn(given.topic, part))
  }
  const prepare = (batch: WriteBatch): PreparedWrite => {
    const [output] = (batch.whole && passOn(batch)) ?? []
    if (output !== undefined) return { output, sources: undefined, outcomes: undefined }
    return packAll(given.topic, batch, put)
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

function packAll(topic: string, batch: WriteBatch, put: Put): PreparedWrite {
  const { length } = batch
  const output = new RecordPacker(length)
  let failures: Failures | undefined
  for (let n = 0; n < length; n++) {
    if (failures?.passes(batch, n) === true) continue
    const from = batch.batchOf(n)
    const i = batch.indexOf(n)
    try {
      output.begin(from.timestamp(i))
      put(output, from, i)
      output.end()
      failures?.sources.push(n)
    } catch (error) {
      failures ??= new Failures(n)
      failures.refused(batch, n, error)
    }
  }
  const columns = { topic, ...output.columns() }
  if (failures === undefined) return { output: columns, sources: undefined, outcomes: undefined }
  return { output: columns, ...failures.outcome(length) }
}

/** What of a batch cannot be put: made when the first record cannot. */
class Failures {
  readonly sources: number[]
  readonly #outcomes = new Map<number, RowOutcome>()
  readonly #keys = new Set<string>()

  /** All records before this one were put. */
  constructor(first: number) {
    this.sources = Array.from({ length: first }, (_, n) => n)
  }

  refused(batch: WriteBatch, n: number, error: unknown): void {
    this.#outcomes.set(n, { outcome: 'refused', error })
    const key = batch.keyText(n)
    if (key !== undefined) this.#keys.add(key)
  }

  /** True for a record behind a refused one of its key: it is untried. */
  passes(batch: WriteBatch, n: number): boolean {
    const key = batch.keyText(n)
    if (key === undefined || !this.#keys.has(key)) return false
    this.#outcomes.set(n, { outcome: 'untried' })
    return true
  }

  outcome(length: number): Pick<PreparedWrite, 'sources' | 'outcomes'> {
    const outcomes = Array.from({ length }, (_, n) => this.#outcomes.get(n) ?? stored)
    return { sources: Int32Array.from(this.sources), outcomes }
  }
}

const stored: RowOutcome = { outcome: 'stored' }

function recordPutter({ key, headers, format }: TopicConfig, encode: Encode | undefined): Put {
  const putValue =
    encode === undefined ? (format === 'json' ? asJson : rawOrJson)(jsonWriter()) : encoded(encode)
  const keyFields = key === undefined ? undefined : [key].flat().map((path) => new FieldAccess(path))
  const fixed = Object.entries(headers).map(([name, text]): Header => ({ name, value: Buffer.from(text) }))
  return (output, batch, i) => {
    const { bytes, keyStarts, keyEnds, headerStarts, headerEnds } = batch.origin.records
    const row = batch.rows[i]!
    if (keyFields === undefined) output.keyOf(bytes, keyStarts[row]!, keyEnds[row]!)
    else output.key(keyOf(keyFields, (field) => field.read(batch, i)))
    putValue(output, batch, i)
    if (fixed.length === 0) return output.headersOf(bytes, headerStarts[row]!, headerEnds[row]!)
    output.headers([...batch.headers(i).filter(({ name }) => !Object.hasOwn(headers, name)), ...fixed])
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

function encoded(encode: Encode): Put {
  return (output, batch, i) => {
    const value = batch.value(i)
    output.value(value === null ? null : encode(value, batch, i))
  }
}

/** The bytes that came in, where no node made another value; otherwise JSON. */
function rawOrJson(json: ToJson): Put {
  return (output, batch, i) => {
    const value = batch.values?.[i]
    if (batch.values === undefined) {
      const { bytes, valueStarts, valueEnds } = batch.origin.records
      const row = batch.rows[i]!
      output.valueOf(bytes, valueStarts[row]!, valueEnds[row]!)
    } else if (value === null || value instanceof Uint8Array) output.value(value)
    else output.valueText(json(value) ?? 'null')
  }
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
function asJson(json: ToJson): Put {
  const raw = rawOrJson(json)
  return (output, batch, i) => {
    if (batch.values === undefined && batch.origin.codec.name === 'json') return raw(output, batch, i)
    if (batch.isTombstone(i)) output.value(null)
    else output.valueText(json(batch.value(i)) ?? 'null')
  }
}

function jsonSafe(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return value
}
