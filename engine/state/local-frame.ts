import { crc32 } from 'node:zlib'
import type { StateBlock } from '../component/contracts/commit.ts'

/**
 * A frame is what one write adds to a segment: 48 bytes, then the blocks, each behind 16 bytes of its own (length u32,
 * zero u32, bucket f64) and filled up to a multiple of 8. The head: magic u32, CRC-32 u32 of everything behind it, bytes
 * behind the head u32, blocks u32, sequence f64, upTo f64 (-1: goes on in the next frame), time f64 (milliseconds since
 * 1970), below f64 (NaN: nothing expired). All little-endian.
 *
 * Sequences go up by one from frame to frame, beyond the ends of segments: what is lost between two frames is missed,
 * so that a copy is always a beginning of what was appended.
 */
export const FRAME_HEAD_BYTES = 48

const MAGIC = 0x464c524d
const BLOCK_HEAD_BYTES = 16

/** A frame, without its blocks. */
export interface FrameHead {
  readonly sequence: number
  /** The changelog offset that is reached with this frame; undefined where the next one belongs to it. */
  readonly upTo: number | undefined
  /** When it was made, milliseconds since 1970. */
  readonly time: number
  /** Blocks in buckets below this one have expired; undefined where nothing is said. */
  readonly below: number | undefined
}

const padded = (bytes: number): number => (bytes + 7) & ~7

/** The bytes that a block takes in a frame. */
export function framedBytes(block: StateBlock): number {
  return BLOCK_HEAD_BYTES + padded(block.bytes.length)
}

/** Packs a frame, in pieces to be written one after the other; the blocks are not copied. */
export function encodeFrame(head: FrameHead, blocks: readonly StateBlock[]): Uint8Array[] {
  const body = blocks.reduce((sum, block) => sum + framedBytes(block), 0)
  const first = new Uint8Array(FRAME_HEAD_BYTES)
  const view = new DataView(first.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(8, body, true)
  view.setUint32(12, blocks.length, true)
  view.setFloat64(16, head.sequence, true)
  view.setFloat64(24, head.upTo ?? -1, true)
  view.setFloat64(32, head.time, true)
  view.setFloat64(40, head.below ?? Number.NaN, true)
  const pieces = [first, ...blocks.flatMap(piecesOf)]
  const checksum = pieces.reduce((sum, piece, n) => crc32(n === 0 ? piece.subarray(8) : piece, sum), 0)
  view.setUint32(4, checksum, true)
  return pieces
}

function piecesOf({ bytes, bucket }: StateBlock): Uint8Array[] {
  const head = new Uint8Array(BLOCK_HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint32(0, bytes.length, true)
  view.setFloat64(8, bucket, true)
  const filling = padded(bytes.length) - bytes.length
  return filling === 0 ? [head, bytes] : [head, bytes, new Uint8Array(filling)]
}

/** True if a frame may begin here: cheap, and no proof. */
export function beginsFrame(bytes: Buffer, at: number): boolean {
  return bytes.readUInt32LE(at) === MAGIC
}

/** The frames of a buffer, one after the other, without copying. */
export class FrameCursor {
  bytes: Uint8Array
  at: number
  #view: DataView

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** The bytes of the frame that begins here; undefined where none does, or too little of it is here to say. */
  get length(): number | undefined {
    if (this.at + FRAME_HEAD_BYTES > this.bytes.length) return undefined
    if (this.#view.getUint32(this.at, true) !== MAGIC) return undefined
    return FRAME_HEAD_BYTES + this.#view.getUint32(this.at + 8, true)
  }

  /** True if the frame lies here as a whole and undamaged. */
  get sound(): boolean {
    const { length } = this
    if (length === undefined || this.at + length > this.bytes.length || length % 8 !== 0) return false
    return (
      this.#view.getUint32(this.at + 4, true) === crc32(this.bytes.subarray(this.at + 8, this.at + length))
    )
  }

  head(): FrameHead {
    const number = (offset: number): number => this.#view.getFloat64(this.at + offset, true)
    const upTo = number(24)
    const below = number(40)
    return {
      sequence: number(16),
      upTo: upTo < 0 ? undefined : upTo,
      time: number(32),
      below: Number.isNaN(below) ? undefined : below,
    }
  }

  /** The blocks, as views. */
  blocks(store: string): StateBlock[] {
    const blocks: StateBlock[] = []
    let at = this.at + FRAME_HEAD_BYTES
    for (let left = this.#view.getUint32(this.at + 12, true); left > 0; left--) {
      const start = at + BLOCK_HEAD_BYTES
      const length = this.#view.getUint32(at, true)
      const bucket = this.#view.getFloat64(at + 8, true)
      blocks.push({ store, bucket, bytes: this.bytes.subarray(start, start + length) })
      at = start + padded(length)
    }
    return blocks
  }
}
