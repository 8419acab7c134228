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

/** How a store's values become bytes and come back. */
export interface ValuePacker<Value> {
  pack(value: Value): Uint8Array
  /** `bytes` is a view: copy what is kept. */
  unpack(bytes: Uint8Array): Value
}

/** Values as JSON. */
export const jsonValues: ValuePacker<unknown> = {
  pack: (value) => Buffer.from(JSON.stringify(value)),
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
  pairs: Iterable<[string, Uint8Array | undefined]>,
  bucket = 0,
): StateBlock[] {
  const blocks: StateBlock[] = []
  let room: Buffer = Buffer.allocUnsafe(FIRST_ROOM_BYTES)
  let entries = 0
  let length = FRAME_BYTES
  const flush = (): void => {
    if (entries === 0) return
    const bytes = Buffer.allocUnsafeSlow(length)
    room.copy(bytes, FRAME_BYTES, FRAME_BYTES, length)
    writeFrame(bytes, blockKind.keyValue, KEY_VALUE_BLOCK_VERSION, entries, bucket)
    blocks.push({ store, bucket, bytes })
    entries = 0
    length = FRAME_BYTES
  }
  for (const [key, value] of pairs) {
    const keyBytes = Buffer.byteLength(key)
    const size = HEAD_BYTES + keyBytes + (value?.length ?? 0)
    if (length + size > MAX_BLOCK_BYTES) flush()
    if (length + size > room.length) room = withRoom(room, length, length + size)
    writePair(room, length, key, keyBytes, value)
    length += size
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

function writePair(into: Buffer, at: number, key: string, keyBytes: number, value?: Uint8Array): void {
  into.writeUInt32LE(keyBytes, at)
  into.writeInt32LE(value?.length ?? -1, at + 4)
  into.write(key, at + HEAD_BYTES)
  if (value !== undefined) into.set(value, at + HEAD_BYTES + keyBytes)
}

/** Called with each pair of a block; the value is a view, undefined where the key was deleted. */
export type PairVisitor = (key: string, value: Uint8Array | undefined) => void

const readers: EntryReaders<PairVisitor> = new Map([[KEY_VALUE_BLOCK_VERSION, readVersion1]])

function readVersion1(body: Uint8Array, visit: PairVisitor): void {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
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
