import { Buffer } from 'node:buffer'
import { encodeHeaders, type Header } from './headers.ts'
import type { PackedColumns } from './packed-columns.ts'

/** Below so many bytes a loop copies faster than a call does. */
const shortBytes = 96
/** What a UTF-16 unit takes in UTF-8 at most. */
const mostBytesOfUnit = 3
const firstRoomOfRecord = 128
const leastRoom = 1024

/**
 * Puts records one after the other into one buffer: key, value and headers, in this order, each once. Nothing is made for
 * a record but its bytes. What was begun with `begin` counts with `end`; a record that is given up leaves nothing behind.
 */
export class RecordPacker {
  readonly #timestamps: Float64Array
  /** Where keys, values and headers begin and end. */
  readonly #columns: readonly Int32Array[]
  #room: Buffer
  #count = 0
  #start = 0
  #at = 0

  /** For `most` records. `room`: bytes that are set aside for them; where they need more, that is found. */
  constructor(most: number, room = Math.max(leastRoom, most * firstRoomOfRecord)) {
    this.#timestamps = new Float64Array(most)
    this.#columns = Array.from({ length: 6 }, () => new Int32Array(most))
    this.#room = Buffer.allocUnsafe(room)
  }

  /** Records that were ended. */
  get count(): number {
    return this.#count
  }

  begin(timestamp: number): void {
    this.#at = this.#start
    this.#timestamps[this.#count] = timestamp
  }

  /** The record counts. */
  end(): void {
    this.#start = this.#at
    this.#count++
  }

  key(key: Uint8Array | null): void {
    this.#put(0, key)
  }

  /** A key as `keyText` answers it: a character for each byte. */
  keyText(text: string): void {
    this.#need(text.length)
    this.#mark(0, this.#room.write(text, this.#at, 'latin1'))
  }

  /** `bytes[start, end)`; null where `start` is negative. */
  keyOf(bytes: Buffer, start: number, end: number): void {
    this.#copy(0, bytes, start, end)
  }

  /** `bytes[start, end)` behind one byte more. */
  valueBehind(first: number, bytes: Buffer, start: number, end: number): void {
    this.#need(1)
    this.#room[this.#at++] = first
    this.#copy(2, bytes, start, end)
    this.#columns[2]![this.#count]!--
  }

  value(value: Uint8Array | null): void {
    this.#put(2, value)
  }

  valueText(text: string): void {
    this.#need(text.length * mostBytesOfUnit)
    this.#mark(2, this.#room.write(text, this.#at))
  }

  valueOf(bytes: Buffer, start: number, end: number): void {
    this.#copy(2, bytes, start, end)
  }

  headers(headers: readonly Header[]): void {
    if (headers.length === 0) this.#mark(4, 0)
    else this.encodedHeaders(encodeHeaders(headers))
  }

  /** Headers as `encodeHeaders` makes them. */
  encodedHeaders(bytes: Uint8Array): void {
    this.#put(4, bytes)
  }

  /** Headers that are packed already. */
  headersOf(bytes: Buffer, start: number, end: number): void {
    this.#copy(4, bytes, start, end)
  }

  /** All records. Their buffer lies in the room, which may be larger: to be kept for long they are given just theirs. */
  columns(): PackedColumns {
    const column = (n: number): Int32Array => this.#columns[n]!.subarray(0, this.#count)
    return {
      count: this.#count,
      bytes: this.#room.subarray(0, this.#start),
      timestamps: this.#timestamps.subarray(0, this.#count),
      keyStarts: column(0),
      keyEnds: column(1),
      valueStarts: column(2),
      valueEnds: column(3),
      headerStarts: column(4),
      headerEnds: column(5),
    }
  }

  #put(part: 0 | 2 | 4, bytes: Uint8Array | null): void {
    if (bytes === null) return this.#none(part)
    this.#need(bytes.length)
    const { length } = bytes
    if (length > shortBytes) this.#room.set(bytes, this.#at)
    else for (let n = 0; n < length; n++) this.#room[this.#at + n] = bytes[n]!
    this.#mark(part, length)
  }

  #copy(part: 0 | 2 | 4, bytes: Buffer, start: number, end: number): void {
    if (start < 0) return this.#none(part)
    const length = end - start
    this.#need(length)
    const room = this.#room
    const at = this.#at
    if (length > shortBytes) bytes.copy(room, at, start, end)
    else for (let n = 0; n < length; n++) room[at + n] = bytes[start + n]!
    this.#mark(part, length)
  }

  #none(part: 0 | 2 | 4): void {
    this.#columns[part]![this.#count] = -1
    this.#columns[part + 1]![this.#count] = -1
  }

  #mark(part: 0 | 2 | 4, length: number): void {
    this.#columns[part]![this.#count] = this.#at
    this.#at += length
    this.#columns[part + 1]![this.#count] = this.#at
  }

  #need(bytes: number): void {
    if (this.#at + bytes <= this.#room.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#at + bytes, 2 * this.#room.length))
    this.#room.copy(larger, 0, 0, this.#at)
    this.#room = larger
  }
}
