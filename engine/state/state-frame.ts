import { endianness } from 'node:os'
import { crc32 } from 'node:zlib'
import type { StateBlock } from '../component/contracts/commit.ts'
import { fatalError } from '../errors.ts'

/** Blocks are split below this size: well under the record limit of a broker (1 MiB). */
export const MAX_BLOCK_BYTES = 512 * 1024

/**
 * Bytes before the entries of a block, little-endian: magic u32, version u16, kind u16, entries u32, CRC-32 u32 (of
 * everything else), bucket f64, end f64 (when the bucket ends, milliseconds of
 * stream time; negative where stream time has not reached the bucket, 0 where nothing is said).
 */
export const FRAME_BYTES = 32

/** What a block holds. */
export const blockKind = { ids: 1, keyValue: 2 } as const
export type BlockKind = (typeof blockKind)[keyof typeof blockKind]

const MAGIC = 0x5453524d
const CRC_AT = 12
const BUCKET_AT = 16
const END_AT = 24

/** Reads the entries of one version of a format. */
export type EntryReader<Target> = (body: Uint8Array, target: Target) => void

/** The versions that can be read: this one, and the one before it once there is one. */
export type EntryReaders<Target> = ReadonlyMap<number, EntryReader<Target>>

function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(CRC_AT + 4), crc32(bytes.subarray(0, CRC_AT)))
}

/** Writes the frame into `bytes[0, FRAME_BYTES)`; the entries must be there already, since they are checksummed. */
export function writeFrame(
  bytes: Uint8Array,
  kind: BlockKind,
  version: number,
  entries: number,
  bucket: number,
  endMs = 0,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  view.setUint32(0, MAGIC, true)
  view.setUint16(4, version, true)
  view.setUint16(6, kind, true)
  view.setUint32(8, entries, true)
  view.setFloat64(BUCKET_AT, bucket, true)
  view.setFloat64(END_AT, endMs, true)
  view.setUint32(CRC_AT, checksum(bytes), true)
}

/**
 * Checks a block and hands its entries to the reader of its version. Nothing reaches the target of a block whose
 * checksum is wrong.
 *
 * @throws STORE_UNREADABLE (fatal) for a block of another store, a damaged one, or one of an unknown version.
 */
export function readFrame<Target>(
  block: StateBlock,
  store: string,
  kind: BlockKind,
  readers: EntryReaders<Target>,
  target: Target,
): void {
  const { bytes } = block
  if (block.store !== store) throw unreadable(store, `it belongs to the store ${block.store}`)
  if (bytes.length < FRAME_BYTES) throw tooShort(bytes, store)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(0, true) !== MAGIC) throw unreadable(store, 'it does not begin like one')
  const version = view.getUint16(4, true)
  const read = readers.get(version)
  if (read === undefined) {
    throw unreadable(
      store,
      `it has version ${version}, and this worker reads version ${[...readers.keys()].join(', ')}`,
    )
  }
  if (view.getUint16(6, true) !== kind) throw unreadable(store, 'it was written by another kind of store')
  if (view.getUint32(CRC_AT, true) !== checksum(bytes)) throw unreadable(store, 'its checksum is wrong')
  if (view.getFloat64(BUCKET_AT, true) !== block.bucket)
    throw unreadable(store, 'it was filed under another bucket')
  read(bytes.subarray(FRAME_BYTES), target)
}

function tooShort(bytes: Uint8Array, store: string): Error {
  return unreadable(store, `it is ${bytes.length} bytes long, shorter than its head`)
}

/** The error for a block of `store` that cannot be used. */
export function unreadable(store: string, why: string): Error {
  return fatalError(
    'STORE_UNREADABLE',
    `A block of the store ${store} cannot be read: ${why}; restore the store from a backup or run the version that wrote it.`,
    { facts: { store } },
  )
}

/**
 * The bytes, which hold little-endian int32 words: a view where their place in memory allows it, otherwise a copy.
 *
 * @throws STORE_UNREADABLE (fatal) on a big-endian machine.
 */
export function asWords(bytes: Uint8Array): Int32Array {
  if (endianness() === 'BE') throw fatalError('STORE_UNREADABLE', 'Stores need a little-endian machine.')
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2)
}

/**
 * The bucket that a block says it is of.
 *
 * @throws STORE_UNREADABLE (fatal) for what is too short to be a block.
 */
export function bucketOf(bytes: Uint8Array, store: string): number {
  if (bytes.length < FRAME_BYTES) throw tooShort(bytes, store)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat64(BUCKET_AT, true)
}

/** What a sound block says of the end of its bucket; undefined where it says nothing. */
export function endOf({ bytes }: StateBlock): number | undefined {
  const end = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat64(END_AT, true)
  return end === 0 ? undefined : end
}

/** Kind and version of a block, and how many entries it has. Says nothing about whether it is sound. */
export function describeFrame(bytes: Uint8Array): { kind: number; version: number; entries: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return { version: view.getUint16(4, true), kind: view.getUint16(6, true), entries: view.getUint32(8, true) }
}

/** True if the bytes are a whole, undamaged block. */
export function isSound(bytes: Uint8Array): boolean {
  if (bytes.length < FRAME_BYTES) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return view.getUint32(0, true) === MAGIC && view.getUint32(CRC_AT, true) === checksum(bytes)
}

/**
 * Puts blocks of one bucket that follow each other into one, up to the size of a block: their entries one after the other say
 * the same. What is damaged or alone stays as it is.
 */
export function joinBlocks(blocks: readonly StateBlock[]): StateBlock[] {
  const joined: StateBlock[] = []
  let run: StateBlock[] = []
  let bytes = FRAME_BYTES
  const flush = (): void => {
    if (run.length > 0) joined.push(run.length === 1 ? run[0]! : join(run, bytes))
    run = []
    bytes = FRAME_BYTES
  }
  for (const block of blocks) {
    const more = block.bytes.length - FRAME_BYTES
    if (run.length > 0 && (bytes + more > MAX_BLOCK_BYTES || !belongsTo(block, run[0]!))) flush()
    if (isSound(block.bytes)) {
      run.push(block)
      bytes += more
    } else {
      flush()
      joined.push(block)
    }
  }
  flush()
  return joined
}

function belongsTo(block: StateBlock, first: StateBlock): boolean {
  if (block.bucket !== first.bucket || !isSound(block.bytes) || endOf(block) !== endOf(first)) return false
  const { kind, version } = describeFrame(first.bytes)
  const other = describeFrame(block.bytes)
  return other.kind === kind && other.version === version
}

function join(blocks: readonly StateBlock[], length: number): StateBlock {
  const { store, bucket, bytes: first } = blocks[0]!
  const bytes = new Uint8Array(length)
  let entries = 0
  let at = FRAME_BYTES
  for (const block of blocks) {
    bytes.set(block.bytes.subarray(FRAME_BYTES), at)
    at += block.bytes.length - FRAME_BYTES
    entries += describeFrame(block.bytes).entries
  }
  const { kind, version } = describeFrame(first)
  writeFrame(bytes, kind as BlockKind, version, entries, bucket, endOf(blocks[0]!))
  return { store, bucket, bytes }
}
