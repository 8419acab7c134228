import { decimalToText } from './decimal.ts'
import { fieldSource, SPAN_ABSENT, SPAN_DEFAULT } from './field-codegen.ts'
import { type FieldRequest, planFields } from './field-plan.ts'
import { instantiate } from './generated.ts'
import type { Schema } from './schema.ts'
import {
  cursor,
  MALFORMED,
  partsToLong,
  partsToNumber,
  readBlock,
  readInt,
  readLength,
  readParts,
  skipRest,
  TOO_DEEP,
  TRUNCATED,
  UNSAFE_NUMBER,
} from './varint.ts'

/**
 * Results by row. `status[row]` is 0 or a failure code ({@link describeFieldFailure}); the fields of a failed row are
 * unspecified. `fields[slot]` belongs to request `slot`:
 * - span: Int32Array; `[2 * row]` is the start in the buffer, `[2 * row + 1]` the length, or SPAN_ABSENT (null, or no
 *   such field in this record) or SPAN_DEFAULT and less (a default, see `defaults`). Of int and long it is the varint.
 * - number: Float64Array; NaN for null or absent. Longs beyond ±(2^53 − 1) fail their row.
 * - value: an array; null for null, undefined for absent. Bytes are copies, decimals text, union branches bare.
 */
export interface FieldColumns {
  readonly status: Uint8Array
  readonly fields: readonly (Int32Array | Float64Array | unknown[])[]
}

/** Reads some fields of records that one schema wrote, in place. Made by {@link compileFieldReader}; stateless. */
export interface FieldReader {
  readonly requests: readonly FieldRequest[]
  /** The bytes of defaults, for spans whose length is SPAN_DEFAULT or less: `defaults[SPAN_DEFAULT - length]`. */
  readonly defaults: readonly Buffer[]
  /**
   * Reads the record at [start, end) (without the wire header) into row `row` of the fields; `status` is left alone.
   * Never throws, never looks outside [start, end), and takes time in proportion to its length.
   *
   * @returns 0, or a failure code. Bytes after the last wanted field are not looked at.
   */
  read(buffer: Buffer, start: number, end: number, columns: FieldColumns, row: number): number
  /**
   * Reads the records at [starts[row] + skip, ends[row]) for the first `count` of `rows`, into the same rows of the
   * columns. `skip` is 5 where the records begin with the wire header.
   *
   * @returns how many failed.
   */
  readAll(
    buffer: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    rows: Int32Array,
    count: number,
    columns: FieldColumns,
    skip?: number,
  ): number
}

interface Compiled {
  one(b: Buffer, p: number, e: number, r: number, cols: FieldColumns['fields']): number
  all(
    b: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    rows: Int32Array,
    count: number,
    skip: number,
    status: Uint8Array,
    cols: FieldColumns['fields'],
  ): number
}

const runtime = {
  x: cursor,
  L: readLength,
  I: readInt,
  S: skipRest,
  B: readBlock,
  P: readParts,
  N: partsToNumber,
  G: partsToLong,
  D: decimalToText,
  C: (bytes: Buffer, start: number, end: number) => Buffer.from(bytes.subarray(start, end)),
  M: (bytes: Buffer, at: number, key: Buffer) => {
    for (let index = 0; index < key.length; index++) if (bytes[at + index] !== key[index]) return false
    return true
  },
}

/**
 * Compiles a reader of some fields. Costs a fraction of a millisecond: make one per writer schema and keep it.
 *
 * @param reader the schema whose names the requests use: fields that the writer lacks give its defaults, aliases are
 * followed, types promoted. Without it the names are the writer's.
 * @throws CONFIG_INVALID or AVRO_UNDECODABLE (permanent) with a sentence when a field cannot be read; see planFields.
 */
export function compileFieldReader(
  writer: Schema,
  requests: readonly FieldRequest[],
  reader: Schema | undefined = undefined,
): FieldReader {
  const resolved = reader === undefined || reader.contentId === writer.contentId ? undefined : reader.root
  const plan = planFields(writer.root, resolved, requests)
  const source = fieldSource(
    plan,
    requests.map(({ as }) => as),
  )
  const compiled = instantiate<Compiled>(source.text, { ...runtime, k: source.constants })
  return {
    requests,
    defaults: source.defaults,
    read: (buffer, start, end, columns, row) => compiled.one(buffer, start, end, row, columns.fields),
    readAll: (buffer, starts, ends, rows, count, columns, skip = 0) =>
      compiled.all(buffer, starts, ends, rows, count, skip, columns.status, columns.fields),
  }
}

/** Columns for `capacity` rows. Reuse them from batch to batch. */
export function createColumns(reader: FieldReader, capacity: number): FieldColumns {
  const fields = reader.requests.map(({ as }) => {
    if (as === 'span') return new Int32Array(2 * capacity)
    return as === 'number' ? new Float64Array(capacity) : new Array<unknown>(capacity).fill(undefined)
  })
  return { status: new Uint8Array(capacity), fields }
}

/** One sentence for a failure code of a reader. */
export function describeFieldFailure(code: number): string {
  if (code === TRUNCATED) return 'the value ends before its last field'
  if (code === MALFORMED) return 'the bytes do not follow the writer schema'
  if (code === TOO_DEEP) return 'its records are nested too deep'
  if (code === UNSAFE_NUMBER) return 'a long is too large for a number'
  return `unknown failure ${code}`
}

export { SPAN_ABSENT, SPAN_DEFAULT, type FieldRequest }
