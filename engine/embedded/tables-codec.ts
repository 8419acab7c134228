import { type ByteSink, readI64, readU32 } from '../cql/bytes.ts'
import { decodeCell, writeCell } from '../cql/cells.ts'
import { decodeKey, writeKeyPart } from '../cql/keys.ts'
import { emptyPartitionKey, mayBeEmpty, missingInKey, unknownColumn } from '../cql/row-rules.ts'
import { type ColumnSchema, type TableSchema } from '../cql/schema.ts'
import type { RowValues } from '../cql/read-pages.ts'
import type { StoredCell } from '../cql/stored-rows.ts'
import type { CqlType, CqlValue } from '../cql/types.ts'
import { toCqlValue } from '../cql/values.ts'
import { shadowRow } from './tables-merge.ts'
import { closeLength, decodeRow, readLength, type RowState, rowFlag, rowForm, type Span, uniformHead, writeUniformHead } from './tables-row.ts' // prettier-ignore

interface CodecColumn {
  readonly name: string
  readonly type: CqlType
  readonly path: string
  readonly id: number
}

/** What a write says besides its values. */
export interface WriteStamp {
  readonly timestamp: number
  /** The clock, in whole seconds. */
  readonly written: number
  readonly ttl: number
  readonly insert: boolean
}

/** Turns the values of one table's rows into stored bytes and back. */
export class TableCodec {
  readonly schema: TableSchema
  /** A row of all columns without values, to be spread: faster than making one column by column. */
  readonly empty: Readonly<RowValues>
  readonly #partition: readonly CodecColumn[]
  readonly #clustering: readonly CodecColumn[]
  readonly #regular: readonly CodecColumn[]
  readonly #key: readonly CodecColumn[]
  readonly #partitionTypes: readonly CqlType[]
  readonly #clusteringTypes: readonly CqlType[]
  readonly #byId: readonly (CodecColumn | undefined)[]
  readonly #names: ReadonlySet<string>
  readonly #span: Span = { start: 0, end: 0 }

  /** `ids` are the column ids of the store, for the regular columns. */
  constructor(schema: TableSchema, ids: ReadonlyMap<string, number>) {
    const column = ({ name, type }: ColumnSchema): CodecColumn => {
      return { name, type, path: `${schema.name}.${name}`, id: ids.get(name) ?? 0 }
    }
    this.schema = schema
    this.#partition = schema.partitionKey.map(column)
    this.#clustering = schema.clusteringKey.map(column)
    this.#key = [...this.#partition, ...this.#clustering]
    this.#partitionTypes = this.#partition.map(({ type }) => type)
    this.#clusteringTypes = this.#clustering.map(({ type }) => type)
    this.empty = emptyRow(schema.columns)
    const regular = schema.columns.filter(({ kind }) => kind === 'regular').map(column)
    this.#regular = regular.sort((a, b) => a.id - b.id)
    const byId: (CodecColumn | undefined)[] = []
    for (const one of regular) byId[one.id] = one
    this.#byId = byId
    this.#names = new Set(schema.columns.map(({ name }) => name))
  }

  /** Appends the partition key's bytes. Throws ROW_REFUSED for a missing or unfitting value. */
  writePartition(sink: ByteSink, values: Readonly<Record<string, unknown>>): void {
    const start = sink.length
    for (const column of this.#partition) this.#writePart(sink, column, values[column.name], false)
    if (this.#partition.length === 1 && sink.length === start + 2) this.#refuseEmpty(start, sink)
  }

  /** Appends the clustering key's bytes. */
  writeClustering(sink: ByteSink, values: Readonly<Record<string, unknown>>): void {
    const order = this.schema.clusteringOrder
    for (let index = 0; index < this.#clustering.length; index++) {
      const column = this.#clustering[index]!
      this.#writePart(sink, column, values[column.name], order[index] === 'DESC')
    }
  }

  #writePart(sink: ByteSink, column: CodecColumn, given: unknown, descending: boolean): void {
    const value = toCqlValue(column.type, given, column.path)
    if (value === undefined || value === null) throw missingInKey(column.path, given)
    writeKeyPart(sink, column.type, value, descending)
  }

  #refuseEmpty(start: number, sink: ByteSink): void {
    const { type, path } = this.#partition[0]!
    if (mayBeEmpty(type) && sink.buffer[start] === 0) throw emptyPartitionKey(path)
  }

  /** Appends a row of one write. Throws ROW_REFUSED. Returns false where an UPDATE sets nothing. */
  writeRow(sink: ByteSink, values: Readonly<Record<string, unknown>>, stamp: WriteStamp): boolean {
    const start = sink.length
    let known = this.#partition.length + this.#clustering.length
    let flags = stamp.insert ? rowFlag.marker : 0
    writeUniformHead(sink, stamp.timestamp, stamp.written, stamp.ttl)
    const regular = this.#regular
    for (let index = 0; index < regular.length; index++) {
      const column = regular[index]!
      const given = values[column.name]
      if (given === undefined) continue
      known++
      const value = toCqlValue(column.type, given, column.path)
      if (value === null || value === undefined) {
        flags |= rowFlag.tombstones
        sink.u16((column.id << 1) | 1)
        continue
      }
      sink.u16(column.id << 1)
      const at = sink.length
      sink.u8(0)
      writeCell(sink, column.type, value)
      closeLength(sink, at)
    }
    sink.buffer[start + 1] = flags
    this.#checkNames(values, known)
    return stamp.insert || sink.length > start + uniformHead
  }

  #checkNames(values: Readonly<Record<string, unknown>>, known: number): void {
    let names = 0
    for (const _ in values) names++
    if (names === known) return
    for (const name of Object.keys(values)) {
      if (!this.#names.has(name)) throw unknownColumn(this.schema.name, name, this.#names)
    }
  }

  /** The partition key's part of key bytes, as a string. */
  partitionOf(key: Buffer): string {
    return key.toString('latin1', 0, decodeKey(this.#partitionTypes, key).end)
  }

  /** Fills the partition key's columns that `into` has, from key bytes, and says where they end. */
  readPartition(key: Buffer, into: RowValues): number {
    const { values, end } = decodeKey(this.#partitionTypes, key)
    for (let index = 0; index < values.length; index++)
      fill(into, this.#partition[index]!.name, values[index]!)
    return end
  }

  /** Fills the clustering columns that `into` has, from key bytes; they begin at `from`. */
  readClustering(key: Buffer, from: number, into: RowValues): void {
    const { values } = decodeKey(this.#clusteringTypes, key, this.schema.clusteringOrder, from)
    for (let index = 0; index < values.length; index++)
      fill(into, this.#clustering[index]!.name, values[index]!)
  }

  /** Fills the key's columns from values that were accepted as a key already. */
  fillKey(given: Readonly<Record<string, unknown>>, into: RowValues): void {
    for (const { name, type, path } of this.#key) into[name] = toCqlValue(type, given[name], path) ?? null
  }

  /**
   * Reads the regular columns of a stored row into `into`, where it has those names already. False where the row is gone:
   * shadowed, expired, or without marker and value. `now` in seconds; `shadow` is the partition's deletion.
   */
  readRow(bytes: Buffer, now: number, shadow: number | undefined, into: RowValues | undefined): boolean {
    if (bytes[0] !== rowForm.uniform) return this.#readState(decodeRow(bytes), now, shadow, into)
    const ttl = readU32(bytes, 14)
    if (ttl !== 0 && readU32(bytes, 10) + ttl <= now) return false
    if (shadow !== undefined && readI64(bytes, 2) <= shadow) return false
    let live = (bytes[1]! & rowFlag.marker) !== 0
    if (into === undefined && live) return true
    const span = this.#span
    for (let at = uniformHead; at < bytes.length; at = span.end) {
      const head = (bytes[at]! << 8) | bytes[at + 1]!
      span.end = at + 2
      if ((head & 1) === 1) continue
      readLength(bytes, at + 2, span)
      live = true
      const column = this.#byId[head >> 1]
      if (into === undefined || column === undefined || into[column.name] === undefined) continue
      into[column.name] = decodeCell(column.type, bytes, span.start, span.end)
    }
    return live
  }

  /** The live regular cells of a stored row by column, or undefined where the row is gone. `now` in seconds. */
  readCells(
    bytes: Buffer,
    now: number,
    shadow: number | undefined,
  ): ReadonlyMap<string, StoredCell> | undefined {
    const stored = decodeRow(bytes)
    const { marker, cells } = shadow === undefined ? stored : shadowRow(stored, shadow)
    const found = new Map<string, StoredCell>()
    for (const { id, value, timestamp, written, ttl } of cells) {
      const column = this.#byId[id]
      if (value === null || column === undefined || (ttl !== 0 && written + ttl <= now)) continue
      found.set(column.name, { bytes: value, timestamp, expiresAt: ttl === 0 ? 0 : written + ttl })
    }
    const marked = marker !== undefined && (marker.ttl === 0 || marker.written + marker.ttl > now)
    return found.size > 0 || marked ? found : undefined
  }

  #readState(
    stored: RowState,
    now: number,
    shadow: number | undefined,
    into: RowValues | undefined,
  ): boolean {
    const state = shadow === undefined ? stored : shadowRow(stored, shadow)
    const { marker } = state
    let live = marker !== undefined && (marker.ttl === 0 || marker.written + marker.ttl > now)
    for (const cell of state.cells) {
      if (cell.value === null || (cell.ttl !== 0 && cell.written + cell.ttl <= now)) continue
      live = true
      const column = this.#byId[cell.id]
      if (into === undefined || column === undefined || into[column.name] === undefined) continue
      into[column.name] = decodeCell(column.type, cell.value)
    }
    return live
  }
}

function fill(into: RowValues, name: string, value: CqlValue): void {
  if (into[name] !== undefined) into[name] = value
}

/** A row with every column and no value. */
export function emptyRow(columns: readonly Pick<ColumnSchema, 'name'>[]): RowValues {
  const values: RowValues = {}
  for (const { name } of columns) values[name] = null
  return values
}
