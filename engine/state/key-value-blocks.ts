import type { StateBlock } from '../component/contracts/commit.ts'
import {
  blockKind,
  type EntryReaders,
  FRAME_BYTES,
  MAX_BLOCK_BYTES,
  readFrame,
  writeFrame,
} from './state-frame.ts'

/** The version of the blocks that are written. */
export const KEY_VALUE_BLOCK_VERSION = 1

/** A value on its way into a block. */
export type Packed = Uint8Array | string

/** How a store's values become bytes and come back. */
export interface ValuePacker<Value> {
  /** As bytes, or as a text of well-formed Unicode, which stands for its UTF-8. */
  pack(value: Value): Packed
  /** `bytes` is a view: copy what is kept. */
  unpack(bytes: Uint8Array): Value
}

/** Values as JSON. */
export const jsonValues: ValuePacker<unknown> = {
  pack: (value) => JSON.stringify(value),
  unpack: (bytes): unknown =>
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()),
}

/** Values that are bytes already. */
export const byteValues: ValuePacker<Uint8Array> = {
  pack: (value) => value,
  unpack: (bytes) => new Uint8Array(bytes),
}

// An entry: length of the key u32, length of the value i32 (-1: deleted), the key as UTF-8, the value.
const HEAD_BYTES = 8
const FIRST_ROOM_BYTES = 16 * 1024

/**
 * Packs pairs (undefined: the key is deleted) into blocks of at most 512 KiB; a larger pair has a block of its own.
 * Key-value stores do not live in time: their bucket says how often the store was written anew.
 */
export function packPairs(
  store: string,
  pairs: Iterable<readonly [string, Packed | undefined]>,
  bucket = 0,
): StateBlock[] {
  const blocks: StateBlock[] = []
  let room: Buffer = Buffer.allocUnsafe(FIRST_ROOM_BYTES)
  let entries = 0
  let length = FRAME_BYTES
  /** Bytes of a pair that lies behind the block, and did not fit into it. */
  let pending = 0
  const flush = (): void => {
    if (entries === 0) return
    const bytes = Buffer.allocUnsafeSlow(length)
    room.copy(bytes, FRAME_BYTES, FRAME_BYTES, length)
    writeFrame(bytes, blockKind.keyValue, KEY_VALUE_BLOCK_VERSION, entries, bucket)
    blocks.push({ store, bucket, bytes })
    room.copyWithin(FRAME_BYTES, length, length + pending)
    entries = 0
    length = FRAME_BYTES
  }
  for (const [key, value] of pairs) {
    const most = HEAD_BYTES + mostBytesOf(key) + (value === undefined ? 0 : mostBytesOf(value))
    if (length + most > room.length) room = withRoom(room, length, length + most)
    pending = writePair(room, length, key, value)
    if (length + pending > MAX_BLOCK_BYTES) flush()
    length += pending
    pending = 0
    entries++
  }
  flush()
  return blocks
}

/** A larger buffer with the first `used` bytes in it. */
function withRoom(bytes: Buffer, used: number, wanted: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(wanted, 4 * bytes.length))
  bytes.copy(larger, 0, 0, used)
  return larger
}

function mostBytesOf(part: Packed): number {
  return typeof part === 'string' ? 3 * part.length : part.length
}

/** Answers how long the pair is. */
function writePair(into: Buffer, at: number, key: string, value: Packed | undefined): number {
  const start = at + HEAD_BYTES
  const keyBytes = into.write(key, start)
  into.writeUInt32LE(keyBytes, at)
  if (value === undefined) {
    into.writeInt32LE(-1, at + 4)
    return HEAD_BYTES + keyBytes
  }
  let length = value.length
  if (typeof value === 'string') length = into.write(value, start + keyBytes)
  else into.set(value, start + keyBytes)
  into.writeInt32LE(length, at + 4)
  return HEAD_BYTES + keyBytes + length
}

/** Where the parts of a pair lie in its block; a start of -1 for a value: its key was deleted. */
export type PlaceVisitor = (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void

/** The same as {@link readPairs}, for a block that was just packed: it is not checked. */
export function eachPlace({ bytes }: StateBlock, visit: PlaceVisitor): void {
  const buffer = asBuffer(bytes)
  let at = FRAME_BYTES
  while (at < buffer.length) {
    const keyEnd = at + HEAD_BYTES + buffer.readUInt32LE(at)
    const length = buffer.readInt32LE(at + 4)
    const end = keyEnd + Math.max(0, length)
    visit(at + HEAD_BYTES, keyEnd, length < 0 ? -1 : keyEnd, end)
    at = end
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** Called with each pair of a block; the value is a view, undefined where the key was deleted. */
export type PairVisitor = (key: string, value: Uint8Array | undefined) => void

const readers: EntryReaders<PairVisitor> = new Map([[KEY_VALUE_BLOCK_VERSION, readVersion1]])

function readVersion1(body: Uint8Array, visit: PairVisitor): void {
  const bytes = asBuffer(body)
  let at = 0
  while (at < bytes.length) {
    const keyEnd = at + HEAD_BYTES + bytes.readUInt32LE(at)
    const length = bytes.readInt32LE(at + 4)
    const end = keyEnd + Math.max(0, length)
    visit(
      bytes.toString('utf8', at + HEAD_BYTES, keyEnd),
      length < 0 ? undefined : bytes.subarray(keyEnd, end),
    )
    at = end
  }
}

/**
 * Reads a block that {@link packPairs} made.
 *
 * @throws STORE_UNREADABLE (fatal), before the first pair is handed over.
 */
export function readPairs(block: StateBlock, store: string, visit: PairVisitor): void {
  readFrame(block, store, blockKind.keyValue, readers, visit)
}
