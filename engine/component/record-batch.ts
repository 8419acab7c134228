import type { ValueCodec } from './codec.ts'
import { decodeHeaders, type Header } from './headers.ts'
import type { Lineage, Verdict } from './lineage.ts'
import { copyOut, keyOf, keyText, type PackedRecords } from './packed-records.ts'

/** Where the records of a batch come from: shared by every batch that is made of them. */
export interface BatchOrigin {
  readonly records: PackedRecords
  /** Event time of each record, milliseconds since 1970. */
  readonly eventTimes: Float64Array
  readonly codec: ValueCodec
  readonly lineage: Lineage
  /** Row `r` of `records` is row `r + lineageBase` of `lineage`. */
  readonly lineageBase: number
  /** Where a node made other types of them: what records of each type of the codec are now. */
  readonly cast?: ReadonlyMap<string, string> | undefined
  /** Where the values are ones that a node had kept: what each was read as, by row of `records`. */
  readonly types?: readonly (string | undefined)[] | undefined
}

/**
 * What flows between nodes: some records of one run, in the order of their offsets, either with the values that they
 * came with (still encoded) or with derived ones. Batches are immutable; `select` and `derive` make new ones over the
 * same buffer. Index `i` runs over the batch (0 … length − 1), `rows[i]` is the record's row in its run.
 */
export class RecordBatch {
  readonly origin: BatchOrigin
  readonly rows: Int32Array
  readonly length: number
  /** Derived values by index, or undefined while the values are still those of the source. */
  readonly values: readonly unknown[] | undefined
  #shared: Map<string, unknown> | undefined

  constructor(origin: BatchOrigin, rows: Int32Array, length: number, values?: readonly unknown[]) {
    this.origin = origin
    this.rows = rows
    this.length = length
    this.values = values
  }

  get topic(): string {
    return this.origin.records.topic
  }

  get partition(): number {
    return this.origin.records.partition
  }

  offset(i: number): number {
    return this.origin.records.offsets[this.rows[i]!]!
  }

  /** Event time, milliseconds since 1970. */
  timestamp(i: number): number {
    return this.origin.eventTimes[this.rows[i]!]!
  }

  /** The key's bytes: a view, good while the record is under way. */
  key(i: number): Buffer | null {
    return keyOf(this.origin.records, this.rows[i]!)
  }

  /** Equal for equal keys; undefined for a record without key, which has no order. */
  keyText(i: number): string | undefined {
    return keyText(this.origin.records, this.rows[i]!)
  }

  headers(i: number): Header[] {
    const { bytes, headerStarts, headerEnds } = this.origin.records
    return decodeHeaders(bytes, headerStarts[this.rows[i]!]!, headerEnds[this.rows[i]!]!)
  }

  /**
   * The full name of the record that the value was read as, or was cast to, whatever nodes made of it since; undefined for
   * values that have no schema, tombstones, and what a node made up.
   */
  type(i: number): string | undefined {
    const { cast, types } = this.origin
    const row = this.rows[i]!
    const read = types === undefined ? this.#readAs(row) : types[row]
    return read === undefined ? undefined : (cast?.get(read) ?? read)
  }

  #readAs(row: number): string | undefined {
    const { codec, records } = this.origin
    const start = records.valueStarts[row]!
    return start < 0 ? undefined : codec.types?.of(records.bytes, start, records.valueEnds[row]!)
  }

  /** True for a record whose value is null (unless a node derived another value). */
  isTombstone(i: number): boolean {
    return this.values === undefined
      ? this.origin.records.valueStarts[this.rows[i]!]! < 0
      : this.values[i] === null
  }

  /** The value, decoded now if it still is encoded; null for a tombstone. Throws a permanent error if undecodable. */
  value(i: number): unknown {
    if (this.values !== undefined) return this.values[i]
    const { bytes, valueStarts, valueEnds } = this.origin.records
    const row = this.rows[i]!
    const start = valueStarts[row]!
    return start < 0 ? null : this.origin.codec.decode(bytes, start, valueEnds[row]!)
  }

  /**
   * What several nodes would compute of these records: made by the first that asks, by a name that says all that it
   * depends on. It lives as long as the batch.
   */
  shared<Made>(name: string, make: () => Made): Made {
    this.#shared ??= new Map()
    if (!this.#shared.has(name)) this.#shared.set(name, make())
    return this.#shared.get(name) as Made
  }

  /** The records at `indexes[0, length)`, in that order. Indexes must ascend. */
  select(indexes: Int32Array, length: number): RecordBatch {
    if (length === this.length) return this
    const rows = new Int32Array(length)
    for (let n = 0; n < length; n++) rows[n] = this.rows[indexes[n]!]!
    const { values } = this
    if (values === undefined) return new RecordBatch(this.origin, rows, length)
    const picked = new Array<unknown>(length)
    for (let n = 0; n < length; n++) picked[n] = values[indexes[n]!]
    return new RecordBatch(this.origin, rows, length, picked)
  }

  /** The record at index `i` alone, over the same buffer. */
  only(i: number): RecordBatch {
    const values = this.values === undefined ? undefined : [this.values[i]]
    return new RecordBatch(this.origin, Int32Array.of(this.rows[i]!), 1, values)
  }

  /** The record at index `i` alone, copied out of the buffer: for whatever must wait. */
  detached(i: number): RecordBatch {
    const { origin } = this
    const row = this.rows[i]!
    const copy: BatchOrigin = {
      records: copyOut(origin.records, row),
      eventTimes: Float64Array.of(origin.eventTimes[row]!),
      codec: origin.codec,
      lineage: origin.lineage,
      lineageBase: origin.lineageBase + row,
      cast: origin.cast,
      ...(origin.types !== undefined && { types: [origin.types[row]] }),
    }
    origin.lineage.copied(copy.lineageBase, copy.records.bytes.length)
    return new RecordBatch(
      copy,
      Int32Array.of(0),
      1,
      this.values === undefined ? undefined : [this.values[i]],
    )
  }

  /** The row of the record at index `i` in its lineage. */
  lineageRow(i: number): number {
    return this.rows[i]! + this.origin.lineageBase
  }

  /** Gives back the token of every record of this batch. */
  releaseAll(verdict?: Verdict): void {
    this.origin.lineage.releaseAll(this.rows, this.length, this.origin.lineageBase, verdict)
  }
}

/** A batch of all `records`, in order. */
export function batchOf(origin: BatchOrigin): RecordBatch {
  const { count } = origin.records
  const rows = new Int32Array(count)
  for (let row = 0; row < count; row++) rows[row] = row
  return new RecordBatch(origin, rows, count)
}
