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
  let parts: Uint8Array[] = []
  let length = FRAME_BYTES
  const flush = (): void => {
    if (parts.length === 0) return
    const entries = parts.length
    const bytes = Buffer.concat([new Uint8Array(FRAME_BYTES), ...parts], length)
    writeFrame(bytes, blockKind.keyValue, KEY_VALUE_BLOCK_VERSION, entries, bucket)
    blocks.push({ store, bucket, bytes })
    parts = []
    length = FRAME_BYTES
  }
  for (const [key, value] of pairs) {
    const part = packPair(key, value)
    if (length + part.length > MAX_BLOCK_BYTES) flush()
    parts.push(part)
    length += part.length
  }
  flush()
  return blocks
}

function packPair(key: string, value: Uint8Array | undefined): Uint8Array {
  const keyBytes = Buffer.byteLength(key)
  const part = Buffer.allocUnsafe(HEAD_BYTES + keyBytes + (value?.length ?? 0))
  part.writeUInt32LE(keyBytes, 0)
  part.writeInt32LE(value?.length ?? -1, 4)
  part.write(key, HEAD_BYTES)
  if (value !== undefined) part.set(value, HEAD_BYTES + keyBytes)
  return part
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
