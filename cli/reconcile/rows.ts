import { hash } from 'node:crypto'
import { type ByteSink, readI64, readU32 } from '../../engine/cql/bytes.ts'
import type { StoredRow } from '../../engine/cql/stored-rows.ts'

/** Where a record is: by number of the topic, in the order of the sources. */
export interface RecordPlace {
  readonly topic: number
  readonly partition: number
  readonly offset: number
}

/** A row that a record makes, as far as it is compared. */
export interface ExpectedRow extends RecordPlace {
  /** False where the row may be missing: the record is not committed yet, or is parked. */
  readonly required: boolean
  /** False where the row is no row by itself, but only what its cells make it. */
  readonly marker: boolean
  /** Microseconds. */
  readonly timestamp: number
  /** Whether that is the event's time. */
  readonly eventTimed: boolean
  /** Seconds since 1970; 0 = never, -1 = not to be compared. */
  readonly expiresAt: number
  readonly cells: readonly ExpectedCell[]
}

/** A cell that a record writes; null deletes it. */
export interface ExpectedCell {
  readonly column: number
  readonly value: Buffer | null
}

/** A row that was found, as far as it is compared. */
export interface FoundRow {
  readonly cells: readonly FoundCell[]
}

export interface FoundCell {
  readonly column: number
  readonly value: Buffer
  readonly timestamp: number
  readonly expiresAt: number
}

const longestPlain = 16
const requiredFlag = 1
const markerFlag = 2
const eventTimedFlag = 4

/** What of a cell is kept until it is compared: its bytes, or a hash of them where they are many. */
export function shortCell(bytes: Buffer): Buffer {
  if (bytes.length <= longestPlain) return bytes
  // Longer than what is kept as it is, so that no value looks like another's hash.
  return hash('sha256', bytes, 'buffer').subarray(0, longestPlain + 4)
}

/** Appends a row that is expected; its cells are short. */
export function writeExpected(sink: ByteSink, row: ExpectedRow): void {
  sink.u8(row.topic)
  sink.u32(row.partition)
  sink.i64(row.offset)
  const flags =
    (row.required ? requiredFlag : 0) | (row.marker ? markerFlag : 0) | (row.eventTimed ? eventTimedFlag : 0)
  sink.u8(flags)
  sink.i64(row.timestamp)
  sink.i64(row.expiresAt)
  for (const { column, value } of row.cells) {
    sink.u16(column)
    writeCell(sink, value)
  }
}

export function readExpected(bytes: Buffer): ExpectedRow {
  const flags = bytes[13]!
  const cells: ExpectedCell[] = []
  for (let at = 30; at < bytes.length;) {
    const column = bytes.readUInt16BE(at)
    const length = bytes[at + 2]!
    at += 3
    cells.push({ column, value: length === 255 ? null : bytes.subarray(at, at + length) })
    at += length === 255 ? 0 : length
  }
  return {
    topic: bytes[0]!,
    partition: readU32(bytes, 1),
    offset: readI64(bytes, 5),
    required: (flags & requiredFlag) !== 0,
    marker: (flags & markerFlag) !== 0,
    eventTimed: (flags & eventTimedFlag) !== 0,
    timestamp: readI64(bytes, 14),
    expiresAt: readI64(bytes, 22),
    cells,
  }
}

/** Appends a row that was found. `columns` numbers the columns that are compared. */
export function writeFound(sink: ByteSink, row: StoredRow, columns: ReadonlyMap<string, number>): void {
  for (const [name, { bytes, timestamp, expiresAt }] of row.cells) {
    const column = columns.get(name)
    if (column === undefined) continue
    sink.u16(column)
    sink.i64(timestamp)
    sink.u32(expiresAt)
    writeCell(sink, shortCell(bytes))
  }
}

export function readFound(bytes: Buffer): FoundRow {
  const cells: FoundCell[] = []
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at + 14]!
    const value = bytes.subarray(at + 15, at + 15 + length)
    cells.push({
      column: bytes.readUInt16BE(at),
      timestamp: readI64(bytes, at + 2),
      expiresAt: readU32(bytes, at + 10),
      value,
    })
    at += 15 + length
  }
  return { cells }
}

function writeCell(sink: ByteSink, value: Buffer | null): void {
  sink.u8(value === null ? 255 : value.length)
  if (value !== null) sink.bytes(value)
}
