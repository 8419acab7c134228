import { type ByteSink, readI64, readU32 } from '../cql/bytes.ts'

/**
 * The stored form of a row, and what it means.
 *
 *     uniform  1 | flags | timestamp 8 | written 4 | ttl 4 | cells: id·2+null 2, length, bytes
 *     mixed    2 | flags | deletion: timestamp 8, written 4 | marker: life | cells: id·2+null 2, life, length, bytes
 *     erased   3 | timestamp 8 | written 4                    (in the log only: a whole partition)
 *
 * A life is timestamp 8, written 4, ttl 4. A length is one byte, or 255 and four bytes. Uniform is what one INSERT writes:
 * everything at one time. `written` is the clock at the write in seconds; expiry is `written + ttl`, as in Cassandra.
 */
export const rowForm = { uniform: 1, mixed: 2, erased: 3 } as const

/** Flags of both forms: whether there is a row marker, tombstones among the cells, a row deletion. */
export const rowFlag = { marker: 1, tombstones: 2, deletion: 4 } as const

/** The bytes of a uniform row before its first cell. */
export const uniformHead = 18

/** When something was written (microseconds; the clock's seconds) and for how long it lives (0: for ever). */
export interface Life {
  readonly timestamp: number
  readonly written: number
  readonly ttl: number
}

/** One cell; `value` null is a tombstone. */
export interface Cell extends Life {
  readonly id: number
  readonly value: Buffer | null
}

/** Everything at or before `timestamp` is gone. */
export interface Deletion {
  readonly timestamp: number
  readonly written: number
}

/** A row cell by cell; cells stand in the order of their column ids. */
export interface RowState {
  readonly deletion: Deletion | undefined
  readonly marker: Life | undefined
  readonly cells: readonly Cell[]
}

/** Begins a uniform row; cells follow with `writeCellHead`. The flags are set afterwards, at `start + 1`. */
export function writeUniformHead(sink: ByteSink, timestamp: number, written: number, ttl: number): void {
  sink.reserve(uniformHead)
  sink.buffer[sink.length++] = rowForm.uniform
  sink.buffer[sink.length++] = 0
  sink.i64(timestamp)
  sink.u32(written)
  sink.u32(ttl)
}

/** Puts the length in front of a value that was written behind one byte kept free at `at`. */
export function closeLength(sink: ByteSink, at: number): void {
  const length = sink.length - at - 1
  if (length < 255) {
    sink.buffer[at] = length
    return
  }
  sink.reserve(4)
  sink.buffer.copyWithin(at + 5, at + 1, sink.length)
  sink.buffer[at] = 255
  sink.buffer.writeUInt32BE(length, at + 1)
  sink.length += 4
}

/** Where a cell's value lies: reused by `readLength`, so that reading a row allocates nothing for it. */
export interface Span {
  start: number
  end: number
}

/** Reads the length at `at` into `span`. */
export function readLength(bytes: Buffer, at: number, span: Span): void {
  const short = bytes[at]!
  span.start = short < 255 ? at + 1 : at + 5
  span.end = span.start + (short < 255 ? short : readU32(bytes, at + 1))
}

/** Reads a stored row. */
export function decodeRow(bytes: Buffer): RowState {
  return bytes[0] === rowForm.uniform ? decodeUniform(bytes) : decodeMixed(bytes)
}

function decodeUniform(bytes: Buffer): RowState {
  const life = readLife(bytes, 2)
  const cells: Cell[] = []
  const span: Span = { start: uniformHead, end: uniformHead }
  for (let at = uniformHead; at < bytes.length; at = span.end) {
    const head = bytes.readUInt16BE(at)
    const value = readValue(bytes, at + 2, head, span)
    cells.push({ id: head >> 1, ...life, value })
  }
  return { deletion: undefined, marker: (bytes[1]! & rowFlag.marker) === 0 ? undefined : life, cells }
}

function decodeMixed(bytes: Buffer): RowState {
  const flags = bytes[1]!
  let at = 2
  let deletion: Deletion | undefined
  let marker: Life | undefined
  if ((flags & rowFlag.deletion) !== 0) {
    deletion = readDeletion(bytes, at)
    at += 12
  }
  if ((flags & rowFlag.marker) !== 0) {
    marker = readLife(bytes, at)
    at += 16
  }
  const cells: Cell[] = []
  const span: Span = { start: at, end: at }
  while (at < bytes.length) {
    const head = bytes.readUInt16BE(at)
    const life = readLife(bytes, at + 2)
    cells.push({ id: head >> 1, ...life, value: readValue(bytes, at + 18, head, span) })
    at = span.end
  }
  return { deletion, marker, cells }
}

function readValue(bytes: Buffer, at: number, head: number, span: Span): Buffer | null {
  if ((head & 1) === 1) {
    span.end = at
    return null
  }
  readLength(bytes, at, span)
  return bytes.subarray(span.start, span.end)
}

function readLife(bytes: Buffer, at: number): Life {
  return { timestamp: readI64(bytes, at), written: readU32(bytes, at + 8), ttl: readU32(bytes, at + 12) }
}

/** Reads a deletion: its timestamp, then the second of its writing. */
export function readDeletion(bytes: Buffer, at: number): Deletion {
  return { timestamp: readI64(bytes, at), written: readU32(bytes, at + 8) }
}

/** Appends a row in the shortest form that holds it. */
export function encodeRow(sink: ByteSink, state: RowState): void {
  const start = sink.length
  const life = uniformLife(state)
  const { deletion, marker, cells } = state
  if (life !== undefined) writeUniformHead(sink, life.timestamp, life.written, life.ttl)
  else {
    sink.u16(rowForm.mixed << 8)
    if (deletion !== undefined) writeDeletion(sink, deletion)
    if (marker !== undefined) writeLife(sink, marker)
  }
  let flags = (marker === undefined ? 0 : rowFlag.marker) | (deletion === undefined ? 0 : rowFlag.deletion)
  for (const cell of cells) {
    sink.u16((cell.id << 1) | (cell.value === null ? 1 : 0))
    if (life === undefined) writeLife(sink, cell)
    if (cell.value === null) flags |= rowFlag.tombstones
    else writeValue(sink, cell.value)
  }
  sink.buffer[start + 1] = flags
}

function writeValue(sink: ByteSink, value: Buffer): void {
  const at = sink.length
  sink.u8(0)
  sink.bytes(value)
  closeLength(sink, at)
}

/** Appends a deletion as `readDeletion` reads it. */
export function writeDeletion(sink: ByteSink, deletion: Deletion): void {
  sink.i64(deletion.timestamp)
  sink.u32(deletion.written)
}

function writeLife(sink: ByteSink, life: Life): void {
  sink.i64(life.timestamp)
  sink.u32(life.written)
  sink.u32(life.ttl)
}

/** The one life of all parts of a row, where they share it. */
function uniformLife({ deletion, marker, cells }: RowState): Life | undefined {
  const life = marker ?? cells[0]
  if (deletion !== undefined || life === undefined) return undefined
  const same = cells.every((cell) => {
    return cell.timestamp === life.timestamp && cell.written === life.written && cell.ttl === life.ttl
  })
  return same ? life : undefined
}
