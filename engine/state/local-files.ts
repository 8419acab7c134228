import { type FileHandle, open, rename } from 'node:fs/promises'
import type { StateBlock } from '../component/contracts/commit.ts'
import type { LocalStateOptions } from '../component/contracts/local-state.ts'
import { fatalError } from '../errors.ts'
import { encodeFrame, framedBytes } from './local-frame.ts'
import {
  copyFiles,
  type Expiry,
  type FoundCopy,
  type Reach,
  removeFiles,
  type Segment,
  segmentPath,
  TEMPORARY,
} from './local-scan.ts'
import { encodeSegmentHead, scanSegment, type SegmentHead } from './local-segment.ts'

const FRAME_BYTES = 1024 * 1024
/** A segment takes another bucket while it is smaller than this, so that small buckets do not make many files. */
const ROLL_BYTES = 256 * 1024

/** What is written in one go: blocks, how far the copy reaches with them, and what has expired before. */
export interface Batch {
  readonly blocks: readonly StateBlock[]
  readonly upTo: number
  readonly below: number | undefined
}

/** The files of a local copy. One call at a time. */
export class LocalFiles {
  readonly #folder: string
  readonly #options: LocalStateOptions
  readonly #now: () => number
  #segments: Segment[] = []
  #reach: Reach | undefined
  /** The greatest bucket that was ever written. */
  #maxBucket = Number.NEGATIVE_INFINITY
  #lastNumber = 0
  /** Of the last frame, whether it completes a commit or not. */
  #sequence = -1
  /** The last segment, once it is written to. */
  #file: FileHandle | undefined

  constructor(folder: string, options: LocalStateOptions, now: () => number) {
    this.#folder = folder
    this.#options = options
    this.#now = now
  }

  get reach(): Reach | undefined {
    return this.#reach
  }

  /** Bytes of the file into which everything was merged last. */
  get mergedBytes(): number {
    return this.#segments.length > 1 ? this.#segments[0]!.bytes : 0
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  /** Takes over what was found, and cuts off what is not good. */
  async adopt({ segments, reach, leftovers, torn }: FoundCopy): Promise<void> {
    this.#segments = [...segments]
    this.#reach = reach
    const last = this.#segments.at(-1)!
    this.#lastNumber = last.number
    this.#sequence = reach.sequence
    const { before } = this.#segments[0]!.head
    this.#maxBucket = Math.max(before ?? Number.NEGATIVE_INFINITY, ...segments.map((one) => one.maxBucket))
    // The newest first: what is left by a crash in between is still told from what is good.
    await removeFiles([...leftovers].reverse())
    if (torn) {
      const file = await this.#open()
      await file.truncate(last.bytes)
      // What is written next must not come before the cut, if the power fails.
      await file.sync()
    }
  }

  /** Hands over the live blocks, oldest first. */
  async read(apply: (block: StateBlock) => void): Promise<void> {
    const { store } = this.#options
    for (const { path, bytes } of this.#segments) {
      const { end } = await scanSegment(path, (frame) => {
        const { sequence } = frame.head()
        for (const block of frame.blocks(store)) if (this.#lives(block, sequence)) apply(block)
      })
      if (end === bytes) continue
      throw fatalError(
        'STORE_UNREADABLE',
        `The local copy of the store ${store} in ${this.#folder} changed while it was read: start the worker again, it then rebuilds the copy.`,
      )
    }
  }

  async write({ blocks, upTo, below }: Batch): Promise<void> {
    if (this.#segments.length === 0) await this.#begin(true)
    let part: StateBlock[] = []
    let bytes = 0
    const flush = async (): Promise<void> => {
      if (part.length > 0) await this.#put(part, undefined, undefined)
      part = []
      bytes = 0
    }
    for (const block of blocks) {
      if (bytes >= FRAME_BYTES) await flush()
      if (block.bucket > this.#maxBucket && this.#segments.at(-1)!.bytes + bytes >= ROLL_BYTES) {
        await flush()
        await this.#begin(false)
      }
      part.push(block)
      bytes += framedBytes(block)
      this.#maxBucket = Math.max(this.#maxBucket, block.bucket)
    }
    await this.#put(part, upTo, below)
    if (below !== undefined) await this.#dropExpired()
  }

  /**
   * Puts blocks that say the same in the place of all that is there. They are complete before anything is deleted,
   * whatever happens meanwhile.
   */
  async replace(blocks: readonly StateBlock[]): Promise<void> {
    const { upTo, expiry } = this.#reach!
    const old = this.#segments
    await this.#close()
    this.#segments = []
    await this.#begin(true, TEMPORARY)
    await this.write({ blocks, upTo, below: expiry?.below })
    const whole = this.#segments[0]!
    await this.#file!.sync()
    const path = segmentPath(this.#folder, whole.number)
    await rename(whole.path, path)
    await syncFolder(this.#folder)
    this.#segments = [{ ...whole, path }]
    await this.#begin(false)
    await removeFiles(old.map((segment) => segment.path))
  }

  /** Deletes everything. */
  async discard(): Promise<void> {
    await this.#close()
    await removeFiles(await copyFiles(this.#folder))
    this.#segments = []
    this.#reach = undefined
    this.#sequence = -1
    this.#maxBucket = Number.NEGATIVE_INFINITY
  }

  async close(): Promise<void> {
    await this.#close()
  }

  #lives(block: StateBlock, sequence: number): boolean {
    const expiry: Expiry | undefined = this.#reach?.expiry
    return expiry === undefined || sequence > expiry.sequence || block.bucket >= expiry.below
  }

  #head(begins: boolean): SegmentHead {
    const { group, store, partition, identity } = this.#options
    const { clusterId, topicId } = identity
    const before = begins || !Number.isFinite(this.#maxBucket) ? null : this.#maxBucket
    const below = this.#reach?.expiry?.below ?? null
    const first = this.#sequence + 1
    return { clusterId, topicId, group, store, partition, first, begins, before, below }
  }

  async #begin(begins: boolean, suffix = ''): Promise<void> {
    // A file that is not the last one is whole: that is how a scan tells damage from a crash.
    if (this.#segments.length > 0) await (await this.#open()).sync()
    await this.#close()
    const number = this.#lastNumber + 1
    const path = segmentPath(this.#folder, number) + suffix
    const head = this.#head(begins)
    this.#file = await open(path, 'wx')
    this.#lastNumber = number
    this.#segments.push({ number, path, head, bytes: 0, maxBucket: Number.NEGATIVE_INFINITY })
    await this.#append([encodeSegmentHead(head)])
  }

  async #put(
    blocks: readonly StateBlock[],
    upTo: number | undefined,
    below: number | undefined,
  ): Promise<void> {
    const sequence = this.#sequence + 1
    const time = this.#now()
    await this.#append(encodeFrame({ sequence, upTo, time, below }, blocks))
    this.#sequence = sequence
    const last = this.#segments.at(-1)!
    for (const { bucket } of blocks) last.maxBucket = Math.max(last.maxBucket, bucket)
    if (upTo === undefined) return
    const expiry = below === undefined ? this.#reach?.expiry : { sequence, below }
    this.#reach = { sequence, upTo, time, expiry }
  }

  async #append(pieces: readonly Uint8Array[]): Promise<void> {
    const file = await this.#open()
    const last = this.#segments.at(-1)!
    let at = last.bytes
    for (let n = 0; n < pieces.length; n += mostPieces) {
      at = await writeAll(file, pieces.slice(n, n + mostPieces), at)
    }
    last.bytes = at
  }

  async #dropExpired(): Promise<void> {
    const { below } = this.#reach!.expiry!
    const kept = this.#segments.findIndex(
      (segment, n) => n === this.#segments.length - 1 || segment.maxBucket >= below,
    )
    if (kept <= 0) return
    // What says that they may go is on the disk before they go.
    await (await this.#open()).sync()
    await removeFiles(this.#segments.splice(0, kept).map(({ path }) => path))
  }

  async #open(): Promise<FileHandle> {
    this.#file ??= await open(this.#segments.at(-1)!.path, 'r+')
    return this.#file
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}

/** As many as a system takes in one call (IOV_MAX). */
const mostPieces = 1024

/** Writes all pieces from `at` on, however many calls that takes; answers where they end. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], at: number): Promise<number> {
  let left = pieces
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, at)
    at += bytesWritten
    left = without(left, bytesWritten)
  }
  return at
}

/** What is left of the pieces behind so many bytes. */
function without(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let gone = bytes
  return pieces.flatMap((piece) => {
    const cut = Math.min(gone, piece.length)
    gone -= cut
    return cut === piece.length ? [] : [piece.subarray(cut)]
  })
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
