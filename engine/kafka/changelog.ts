import type { ChangelogFormat, ChangelogRecord } from '../component/contracts/changelog.ts'
import type { StateBlock } from '../component/contracts/commit.ts'
import type { LocalState } from '../component/contracts/local-state.ts'
import type { Log } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { keyOf, valueOf, type PackedRecords } from '../component/packed-records.ts'
import { sentenceOf } from '../errors.ts'
import type { KafkaAdmin } from './admin.ts'

export interface ChangelogOptions {
  readonly place: TopicPartition
  readonly store: string
  readonly format: ChangelogFormat
  readonly log: Pick<Log, 'fetch'>
  readonly admin: Pick<KafkaAdmin, 'offsets' | 'deleteRecords'>
  /** Where it ended when it was opened, as read_uncommitted sees it. */
  readonly end: number
  readonly local: LocalState | undefined
  readonly lookEveryMs: number
  readonly trouble: (sentence: string) => void
}

/** Records of one fetch at most. */
const fetchRecords = 100_000

/** A local copy is written down after so many bytes, while it is rebuilt. */
const flushBytes = 8 * 1024 * 1024

/** The changelog of one store in one partition: what is committed of it, and its local copy. */
export class Changelog {
  readonly format: ChangelogFormat
  readonly #options: ChangelogOptions
  /** The first offset of each live bucket, where that is known. */
  readonly #buckets = new Map<number, number>()
  #deletedBelow = 0
  #keepsCopy: boolean

  constructor(options: ChangelogOptions) {
    this.#options = options
    this.format = options.format
    this.#keepsCopy = options.local !== undefined
  }

  /** Hands over everything that was committed before the changelog was opened. */
  async restore(apply: (block: StateBlock) => void): Promise<void> {
    const { local } = this.#options
    const from = local?.upTo
    if (from !== undefined) {
      await local!.read((block) => {
        // Where the blocks of the copy lie in the changelog is not known: it is deleted when all of them are.
        this.#buckets.set(block.bucket, 0)
        apply(block)
      })
    }
    await this.#untilStable()
    await this.#read(from ?? 0, apply)
  }

  /** These blocks were committed; their records lie at these offsets. */
  committed(blocks: readonly StateBlock[], offsets: Float64Array): void {
    const { local } = this.#options
    const last = offsets.length === 0 ? -1 : offsets[offsets.length - 1]!
    // A commit of the task before this one, which was restored with it.
    if (last >= 0 && last < this.#options.end) return
    for (const [n, { bucket }] of blocks.entries()) {
      // Where a block is several records, the first of all is taken for its own.
      const offset = offsets.length === blocks.length ? offsets[n]! : (offsets[0] ?? 0)
      if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, Math.max(0, offset))
    }
    if (local === undefined || !this.#keepsCopy) return
    if (last >= 0) local.append(blocks, last + 1)
    // The broker did not say where they are: the copy cannot go on, and the next start begins where it ended.
    else this.#keepsCopy = false
  }

  /** Blocks in buckets below this one are not needed any more: they are deleted, here and in the changelog. */
  expire(below: number): void {
    const { local, place, admin, trouble } = this.#options
    if (this.#keepsCopy) local?.expire(below)
    for (const bucket of [...this.#buckets.keys()]) if (bucket < below) this.#buckets.delete(bucket)
    if (this.format.compacted || this.#buckets.size === 0) return
    const offset = Math.min(...this.#buckets.values())
    if (offset <= this.#deletedBelow) return
    this.#deletedBelow = offset
    admin.deleteRecords([{ ...place, offset }]).catch((error: unknown) => {
      this.#deletedBelow = 0
      trouble(`What has expired of ${place.topic} could not be deleted: ${sentenceOf(error)}`)
    })
  }

  async close(): Promise<void> {
    await this.#options.local?.close()
  }

  /** Waits until no transaction that was open at the beginning can still change what is to be read. */
  async #untilStable(): Promise<void> {
    const { admin, place, end, lookEveryMs } = this.#options
    for (;;) {
      const [stable] = await admin.offsets([place], 'latest', 'read_committed')
      if ((stable ?? 0) >= end) return
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
  }

  async #read(from: number, apply: (block: StateBlock) => void): Promise<void> {
    const { log, place, end, local, store } = this.#options
    let unwritten = 0
    for (let at = from; at < end;) {
      const { records, next } = await log.fetch(place, at, fetchRecords)
      const blocks = this.format.blocks(store, recordsOf(records))
      for (const [n, block] of blocks.entries()) {
        if (!this.#buckets.has(block.bucket)) this.#buckets.set(block.bucket, records.offsets[n] ?? at)
        apply(block)
      }
      if (next <= at) return
      at = next
      local?.append(blocks, at)
      unwritten += records.bytes.length
      if (unwritten < flushBytes) continue
      await local?.flush()
      unwritten = 0
    }
  }
}

function* recordsOf(records: PackedRecords): Generator<ChangelogRecord> {
  for (let row = 0; row < records.count; row++) {
    yield { key: keyOf(records, row) ?? new Uint8Array(0), value: valueOf(records, row) }
  }
}
