import type { StateBlock } from '../component/contracts/commit.ts'
import { ENTRY_SHIFT, ENTRY_WORDS, META } from './id-entry.ts'
import {
  asWords,
  blockKind,
  type EntryReaders,
  FRAME_BYTES,
  MAX_BLOCK_BYTES,
  readFrame,
  writeFrame,
} from './state-frame.ts'

/** The version of the blocks that are written; an entry is 32 bytes (id-entry.ts). */
export const ID_BLOCK_VERSION = 1

const ENTRY_BYTES = 4 * ENTRY_WORDS
const ENTRIES_PER_BLOCK = Math.floor((MAX_BLOCK_BYTES - FRAME_BYTES) / ENTRY_BYTES)

/** Packs ids into blocks of at most 512 KiB. */
export class IdBlockWriter {
  readonly blocks: StateBlock[] = []
  readonly #store: string
  readonly #bucket: number
  readonly #endMs: number
  #left: number
  #bytes = new Uint8Array(0)
  #words: Int32Array = new Int32Array(0)
  #count = 0

  /** `expected` is the number of entries at most, `endMs` the bucket's end (state-frame.ts). */
  constructor(store: string, bucket: number, expected: number, endMs = 0) {
    this.#store = store
    this.#bucket = bucket
    this.#left = expected
    this.#endMs = endMs
  }

  /** Adds the entry at `at` of `source`, with another meta word. */
  add(source: Int32Array, at: number, meta: number): void {
    if (this.#count << ENTRY_SHIFT === this.#words.length) this.#begin()
    const target = this.#count++ << ENTRY_SHIFT
    for (let word = 0; word < META; word++) this.#words[target + word] = source[at + word]!
    this.#words[target + META] = meta
  }

  /** The blocks; the writer is used up. */
  finish(): readonly StateBlock[] {
    this.#flush()
    return this.blocks
  }

  #begin(): void {
    this.#flush()
    const room = Math.max(1, Math.min(ENTRIES_PER_BLOCK, this.#left))
    this.#left -= room
    this.#bytes = new Uint8Array(FRAME_BYTES + room * ENTRY_BYTES)
    this.#words = asWords(this.#bytes.subarray(FRAME_BYTES))
  }

  #flush(): void {
    if (this.#count === 0) return
    const bytes = this.#bytes.subarray(0, FRAME_BYTES + this.#count * ENTRY_BYTES)
    writeFrame(bytes, blockKind.ids, ID_BLOCK_VERSION, this.#count, this.#bucket, this.#endMs)
    this.blocks.push({ store: this.#store, bucket: this.#bucket, bytes })
    this.#count = 0
  }
}

/** Called with the entries of a block, eight words each. */
export type IdVisitor = (words: Int32Array) => void

const readers: EntryReaders<IdVisitor> = new Map([[ID_BLOCK_VERSION, readVersion1]])

function readVersion1(body: Uint8Array, visit: IdVisitor): void {
  visit(asWords(body))
}

/**
 * Reads a block that {@link IdBlockWriter} made.
 *
 * @throws STORE_UNREADABLE (fatal), before the entries are handed over.
 */
export function readIdBlock(block: StateBlock, store: string, visit: IdVisitor): void {
  readFrame(block, store, blockKind.ids, readers, visit)
}
