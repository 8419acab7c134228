import type { TableRow } from '../component/contracts/tables.ts'
import { ByteSink } from '../cql/bytes.ts'
import { writeCell } from '../cql/cells.ts'
import { encodeKey } from '../cql/keys.ts'
import {
  checkedTtl,
  checkKeyLength,
  emptyPartitionKey,
  longestKey,
  mayBeEmpty,
  missingInKey,
  timestampMicros,
  unknownColumn,
} from '../cql/row-rules.ts'
import type { TableSchema } from '../cql/schema.ts'
import type { CqlType, CqlValue } from '../cql/types.ts'
import { toCqlValue } from '../cql/values.ts'
import { fromDriver } from './pages.ts'
import type { AnsweredRow, BoundBytes } from './requests.ts'
import { tableStatements, type Statement } from './statements.ts'

interface CodecColumn {
  readonly name: string
  readonly type: CqlType
  /** For sentences: `table.column`. */
  readonly path: string
}

/** Where an encoded row is in its sink: values, each with its length (4) before it. */
export interface EncodedRow {
  readonly statement: Statement
  readonly start: number
  readonly end: number
  /** The partition key's values within it. */
  readonly partitionStart: number
  readonly partitionEnd: number
  /** Where its time to live is: four bytes, seconds, 0 for ever. */
  readonly ttlAt: number
}

/** A row is this much longer as keys of embedded tables than as values, at most, for each byte. */
const keyGrowth = 2

/**
 * Turns rows of one table into bound values and back. It accepts and refuses what embedded tables do, in the same
 * sentences.
 */
export class RowValuesCodec {
  readonly schema: TableSchema
  readonly select: Statement
  /** Names of the primary key's columns, in order. */
  readonly key: readonly string[]
  readonly #insert: Statement
  readonly #update: Statement | undefined
  readonly #partition: readonly CodecColumn[]
  readonly #clustering: readonly CodecColumn[]
  readonly #regular: readonly CodecColumn[]
  readonly #names: ReadonlySet<string>
  readonly #keySink = new ByteSink(256)

  constructor(schema: TableSchema, keyspace: string) {
    const { insert, update, select } = tableStatements(schema, keyspace)
    const column = ({ name, type }: CodecColumnSource): CodecColumn => {
      return { name, type, path: `${schema.name}.${name}` }
    }
    this.schema = schema
    this.select = select
    this.#insert = insert
    this.#update = update
    this.#partition = schema.partitionKey.map(column)
    this.#clustering = schema.clusteringKey.map(column)
    this.#regular = schema.columns.filter(({ kind }) => kind === 'regular').map(column)
    this.key = [...this.#partition, ...this.#clustering].map(({ name }) => name)
    this.#names = new Set(schema.columns.map(({ name }) => name))
  }

  /** Appends a row; undefined where an UPDATE sets nothing. Throws ROW_REFUSED, and leaves the sink as it was. */
  encode(sink: ByteSink, row: TableRow): EncodedRow | undefined {
    const start = sink.length
    try {
      return row.mode === 'insert' ? this.#encodeInsert(sink, row) : this.#encodeUpdate(sink, row)
    } catch (error) {
      sink.length = start
      throw error
    }
  }

  #encodeInsert(sink: ByteSink, { values, timestampMicros: timestamp, ttlSeconds }: TableRow): EncodedRow {
    const start = sink.length
    const micros = timestampMicros(timestamp)
    const ttl = checkedTtl(ttlSeconds ?? 0)
    const partitionEnd = this.#writeKey(sink, values)
    const known = this.key.length + this.#writeRegular(sink, values)
    this.#checkNames(values, known)
    writeStamp(sink, micros, ttl)
    return {
      statement: this.#insert,
      start,
      end: sink.length,
      partitionStart: start,
      partitionEnd,
      ttlAt: sink.length - 4,
    }
  }

  #encodeUpdate(sink: ByteSink, row: TableRow): EncodedRow | undefined {
    const start = sink.length
    const { values } = row
    const micros = timestampMicros(row.timestampMicros)
    const ttl = checkedTtl(row.ttlSeconds ?? 0)
    // The key comes last in the statement, and is looked at first, as everywhere.
    const keySink = this.#keySink
    keySink.length = 0
    const partitionLength = this.#writeKey(keySink, values)
    writeStamp(sink, micros, ttl)
    const ttlAt = sink.length - 4
    const set = this.#writeRegular(sink, values)
    this.#checkNames(values, this.key.length + set)
    if (set === 0 || this.#update === undefined) {
      sink.length = start
      return undefined
    }
    const partitionStart = sink.length
    sink.bytes(keySink.buffer.subarray(0, keySink.length))
    const partitionEnd = partitionStart + partitionLength
    return { statement: this.#update, start, end: sink.length, partitionStart, partitionEnd, ttlAt }
  }

  /** Appends the values of a whole primary key and says where those of the partition key end. Throws ROW_REFUSED. */
  writeKey(sink: ByteSink, values: Values): number {
    return this.#writeKey(sink, values)
  }

  #writeKey(sink: ByteSink, values: Values): number {
    const start = sink.length
    for (const column of this.#partition) writeKeyValue(sink, column, values[column.name])
    const partitionEnd = sink.length
    if (this.#partition.length === 1 && partitionEnd === start + 4 && mayBeEmpty(this.#partition[0]!.type))
      throw emptyPartitionKey(this.#partition[0]!.path)
    for (const column of this.#clustering) writeKeyValue(sink, column, values[column.name])
    // Rows that an embedded table would refuse are refused here; to know exactly is worth it for long keys only.
    if ((sink.length - start) * keyGrowth > longestKey) this.#checkKeyLength(values)
    return partitionEnd
  }

  #checkKeyLength(values: Values): void {
    const columns = [...this.#partition, ...this.#clustering]
    const canonical = columns.map(({ name, type, path }) => toCqlValue(type, values[name], path)!)
    checkKeyLength(this.schema.name, encodeKey(columns.map(({ type }) => type), canonical).length) // prettier-ignore
  }

  /** Appends the regular columns; says how many were given. */
  #writeRegular(sink: ByteSink, values: Values): number {
    let given = 0
    for (let index = 0; index < this.#regular.length; index++) {
      const { name, type, path } = this.#regular[index]!
      const value = values[name]
      if (value === undefined) {
        sink.u32(unset)
        continue
      }
      given++
      const converted = toCqlValue(type, value, path)
      if (converted === null || converted === undefined) sink.u32(none)
      else writeValue(sink, type, converted)
    }
    return given
  }

  #checkNames(values: Values, known: number): void {
    let names = 0
    for (const _ in values) names++
    if (names === known) return
    for (const name of Object.keys(values)) {
      if (!this.#names.has(name)) throw unknownColumn(this.schema.name, name, this.#names)
    }
  }

  /** The key's columns as they are read back, from values that `writeKey` took; all others null. */
  emptyRow(values: Values): Record<string, CqlValue | null> {
    const row: Record<string, CqlValue | null> = {}
    for (const { name } of this.schema.columns) row[name] = null
    for (const { name, type, path } of [...this.#partition, ...this.#clustering])
      row[name] = copied(toCqlValue(type, values[name], path) ?? null)
    return row
  }

  /** Fills in the columns of the SELECT's answer. */
  fill(row: Record<string, CqlValue | null>, answered: AnsweredRow): void {
    for (const { name, type } of this.#regular) row[name] = fromDriver(type, answered[name])
  }
}

type Values = Readonly<Record<string, unknown>>
type CodecColumnSource = Pick<CodecColumn, 'name' | 'type'>

/** A row's key is the caller's own, whatever becomes of the key that was asked for. */
function copied(value: CqlValue | null): CqlValue | null {
  return Buffer.isBuffer(value) ? Buffer.from(value) : value
}

function writeKeyValue(sink: ByteSink, { type, path }: CodecColumn, given: unknown): void {
  const value = toCqlValue(type, given, path)
  if (value === undefined || value === null) throw missingInKey(path, given)
  writeValue(sink, type, value)
}

function writeValue(sink: ByteSink, type: CqlType, value: CqlValue): void {
  const at = sink.length
  sink.u32(0)
  writeCell(sink, type, value)
  sink.buffer.writeInt32BE(sink.length - at - 4, at)
}

function writeStamp(sink: ByteSink, micros: number, ttl: number): void {
  sink.u32(8)
  sink.i64(micros)
  sink.u32(4)
  sink.u32(ttl)
}

/** The values of an encoded row, as the driver takes them: it sends buffers as they are. */
export function valuesOf(from: Buffer, start: number, end: number): BoundBytes[] {
  const values: BoundBytes[] = []
  for (let at = start; at < end;) {
    const length = from.readInt32BE(at)
    at += 4
    if (length < 0) values.push(length === none ? null : undefined)
    else values.push(from.subarray(at, (at += length)))
  }
  return values
}

/** Lengths of what is not there: not set, null. */
const unset = -2
const none = -1
