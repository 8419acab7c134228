import { absent, undecodable, type FieldReader, type ValueCodec } from './codec.ts'
import type { Header } from './headers.ts'
import { permanentError } from '../errors.ts'
import type { RecordBatch } from './record-batch.ts'

/** One record, as functions of a component see it. A view: good during the call, not to be kept. */
export interface StreamRecord<Value = unknown> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Event time, milliseconds since 1970. */
  readonly timestamp: number
  readonly key: Buffer | null
  /** Decoded when first asked for; null for a tombstone. */
  readonly value: Value
  readonly headers: readonly Header[]
  /** Full name of the record that the value was read as; undefined where it has no schema. */
  readonly type: string | undefined
}

/** A view that is moved over a batch, so that no object is made for each record. */
export class RecordCursor implements StreamRecord {
  #batch!: RecordBatch
  #i = 0

  /** Puts the view on the record at index `i`. */
  at(batch: RecordBatch, i: number): this {
    this.#batch = batch
    this.#i = i
    return this
  }

  get topic(): string {
    return this.#batch.topic
  }

  get partition(): number {
    return this.#batch.partition
  }

  get offset(): number {
    return this.#batch.offset(this.#i)
  }

  get timestamp(): number {
    return this.#batch.timestamp(this.#i)
  }

  get key(): Buffer | null {
    return this.#batch.key(this.#i)
  }

  get value(): unknown {
    return this.#batch.value(this.#i)
  }

  get headers(): readonly Header[] {
    return this.#batch.headers(this.#i)
  }

  get type(): string | undefined {
    return this.#batch.type(this.#i)
  }
}

/** Reads one field, wherever the value is: in place in encoded bytes, or from a derived object. */
export class FieldAccess {
  readonly path: readonly string[]
  /** Where the last `locate` found the field's bytes. */
  readonly place = new Int32Array(2)
  #codec: ValueCodec | undefined
  #reader!: FieldReader

  constructor(path: string) {
    this.path = path.split('.')
  }

  /** The value: undefined when absent, null when null or when the record is a tombstone. */
  read(batch: RecordBatch, i: number): unknown {
    if (batch.values !== undefined) return valueAt(batch.values[i], this.path)
    const { records } = batch.origin
    const row = batch.rows[i]!
    const start = records.valueStarts[row]!
    return start < 0 ? null : this.readerFor(batch).read(records.bytes, start, records.valueEnds[row]!)
  }

  /**
   * Finds the bytes that stand for the field, in `place`, and answers them; or undefined when the field is null or
   * absent. Derived values are written as UTF-8 text. Throws a permanent error when undecodable.
   */
  locate(batch: RecordBatch, i: number): Buffer | undefined {
    if (batch.values !== undefined) return this.#locateDerived(valueAt(batch.values[i], this.path))
    const { records } = batch.origin
    const row = batch.rows[i]!
    const start = records.valueStarts[row]!
    if (start < 0) return undefined
    const answer = this.readerFor(batch).locate(records.bytes, start, records.valueEnds[row]!, this.place)
    if (answer === absent) return undefined
    if (answer === undecodable) throw undecodableField(this.path, batch.origin.codec)
    return records.bytes
  }

  #locateDerived(value: unknown): Buffer | undefined {
    if (value === undefined || value === null) return undefined
    const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(textOf(value), 'utf8')
    this.place[0] = 0
    this.place[1] = bytes.length
    return bytes
  }

  /** The compiled reader for this batch's codec. */
  readerFor(batch: RecordBatch): FieldReader {
    if (this.#codec !== batch.origin.codec) {
      this.#reader = batch.origin.codec.reader(this.path)
      this.#codec = batch.origin.codec
    }
    return this.#reader
  }
}

/** The value at a path of names within plain objects; undefined where the path ends early. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (at === null || at === undefined) return at
    if (typeof at !== 'object') return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'bigint' ? value.toString() : (JSON.stringify(value) ?? '')
}

function undecodableField(path: readonly string[], codec: ValueCodec): Error {
  return permanentError(
    codec.name.startsWith('avro ') ? 'AVRO_UNDECODABLE' : 'VALUE_UNDECODABLE',
    `The value does not decode as ${codec.name}: it ends or breaks before the field ${path.join('.')}.`,
  )
}
