import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { beginsFrame, FRAME_HEAD_BYTES, FrameCursor } from './local-frame.ts'

/** The version of the files that are written. */
export const SEGMENT_VERSION = 1

const MAGIC = 0x534c524d
const HEAD_BYTES = 16
// What a scan hands over between two looks at other work.
const CHUNK_BYTES = 1024 * 1024

/** What a segment says about itself. Its frames follow. */
export interface SegmentHead {
  readonly clusterId: string
  readonly topicId: string
  readonly group: string
  readonly store: string
  readonly partition: number
  /** The sequence of its first frame. */
  readonly first: number
  /** True if nothing before it is needed: the first segment of a copy, or one that others were merged into. */
  readonly begins: boolean
  /** The greatest bucket in the segments before it; null where there is none. */
  readonly before: number | null
  /** Everything before it that lies in a bucket below this one has expired; null where nothing has. */
  readonly below: number | null
}

/** The bytes with which a segment begins: magic u32, version u16, zero u16, CRC-32 u32, length u32, JSON. */
export function encodeSegmentHead(head: SegmentHead): Uint8Array {
  const json = Buffer.from(JSON.stringify(head))
  const bytes = Buffer.alloc((HEAD_BYTES + json.length + 7) & ~7, ' ')
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt16LE(SEGMENT_VERSION, 4)
  bytes.writeUInt16LE(0, 6)
  bytes.writeUInt32LE(bytes.length - HEAD_BYTES, 12)
  bytes.set(json, HEAD_BYTES)
  bytes.writeUInt32LE(crc32(bytes.subarray(12)), 8)
  return bytes
}

/** A head that was read; a version that this worker does not know, or undefined for a damaged one. */
export type ReadHead =
  { readonly head: SegmentHead; readonly length: number } | { readonly version: number } | undefined

/** Reads what {@link encodeSegmentHead} wrote. */
export function decodeSegmentHead(bytes: Buffer): ReadHead {
  if (bytes.length < HEAD_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const version = bytes.readUInt16LE(4)
  if (version !== SEGMENT_VERSION) return { version }
  const length = HEAD_BYTES + bytes.readUInt32LE(12)
  if (length > bytes.length || bytes.readUInt32LE(8) !== crc32(bytes.subarray(12, length))) return undefined
  return { head: JSON.parse(bytes.toString('utf8', HEAD_BYTES, length)) as SegmentHead, length }
}

/** What was found in a file. */
export interface SegmentScan {
  readonly head: ReadHead
  /** Where the last whole frame ends. */
  readonly end: number
  /** Bytes of the file. */
  readonly size: number
  /** True if a sound frame lies behind `end`: something in the middle is damaged. */
  readonly broken: boolean
}

/**
 * Reads a segment in large pieces and calls `visit` at each frame, until one is not whole. The cursor and its bytes are
 * good until `visit` returns.
 */
export async function scanSegment(
  path: string,
  visit: (frame: FrameCursor) => void,
  chunkBytes = CHUNK_BYTES,
): Promise<SegmentScan> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const window = new FileWindow(file, size, chunkBytes)
    await window.fill(0)
    const head = decodeSegmentHead(window.bytes)
    if (head === undefined || 'version' in head) return { head, end: 0, size, broken: false }
    const end = await visitFrames(window, head.length, visit)
    return { head, end, size, broken: await hasFrameBehind(window, end) }
  } finally {
    await file.close()
  }
}

async function visitFrames(
  window: FileWindow,
  start: number,
  visit: (frame: FrameCursor) => void,
): Promise<number> {
  let end = start
  for (;;) {
    const cursor = new FrameCursor(window.bytes, end - window.start)
    for (; cursor.sound; cursor.at += cursor.length!) visit(cursor)
    end = window.start + cursor.at
    const wanted = cursor.length ?? 0
    if (window.start + window.bytes.length === window.size || end + wanted > window.size) return end
    if (cursor.at === 0 && wanted <= window.bytes.length && window.bytes.length > 0) return end
    await window.fill(end, wanted)
  }
}

/** Looks for a sound frame anywhere behind a place at which there is none. */
async function hasFrameBehind(window: FileWindow, end: number): Promise<boolean> {
  for (let at = end + 8; at + FRAME_HEAD_BYTES <= window.size; at += 8) {
    const ends = window.start + window.bytes.length
    if (at < window.start || (at + FRAME_HEAD_BYTES > ends && ends < window.size)) await window.fill(at)
    if (!beginsFrame(window.bytes, at - window.start)) continue
    const length = new FrameCursor(window.bytes, at - window.start).length!
    if (at + length > window.size) continue
    if (at - window.start + length > window.bytes.length) await window.fill(at, length)
    if (new FrameCursor(window.bytes, at - window.start).sound) return true
  }
  return false
}

/** A piece of a file in memory. */
class FileWindow {
  /** Where in the file `bytes` begins. */
  start = 0
  bytes = Buffer.alloc(0)
  readonly size: number
  readonly #file: FileHandle
  #room: Uint8Array<ArrayBuffer>

  constructor(file: FileHandle, size: number, chunkBytes: number) {
    this.#file = file
    this.size = size
    this.#room = new Uint8Array(chunkBytes)
  }

  /** Goes to `start`, and reads a piece of at least `wanted` bytes, as far as the file has them. */
  async fill(start: number, wanted = 0): Promise<void> {
    const kept = this.#keep(start, wanted)
    this.start = start
    let filled = kept
    const target = Math.min(this.#room.length, this.size - start)
    while (filled < target) {
      const { bytesRead } = await this.#file.read(this.#room, filled, target - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    this.bytes = Buffer.from(this.#room.buffer, 0, filled)
  }

  /** Moves what is at hand already to the front, and makes room. */
  #keep(start: number, wanted: number): number {
    const from = start - this.start
    const kept = from < 0 || from > this.bytes.length ? 0 : this.bytes.length - from
    const old = this.#room
    if (wanted > old.length) this.#room = new Uint8Array(wanted)
    if (kept > 0) this.#room.set(old.subarray(from, from + kept))
    return kept
  }
}
