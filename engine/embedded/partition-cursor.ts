import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { fatalError } from '../errors.ts'
import { mergeRecords, sliceRecords } from './block-format.ts'
import type { BlockInfo, BlockReader } from './block-reader.ts'

/** Small blocks that follow each other are delivered as one run, up to this size. */
const smallBlock = 32 * 1024
const largestRun = 256 * 1024

/** What to do about a position that the topic does not hold (any more, or yet). */
export type OutOfRange = 'fail' | 'earliest' | 'latest'

/** Told when a policy moved a reader. */
export interface PositionReset extends TopicPartition {
  readonly from: number
  readonly to: number
}

/** What `PartitionCursor.next` found. */
export type CursorStep =
  | { readonly type: 'records'; readonly records: PackedRecords; readonly bytes: number }
  | { readonly type: 'end'; readonly offset: number }
  | { readonly type: 'full' }

/** Reads one partition on and on. */
export class PartitionCursor {
  readonly partition: TopicPartition
  paused = false
  /** False before `start`, after `release`, and after an error that will not pass. */
  started = false
  /** The end that was told last; -1 = none since `start`. */
  toldEnd = -1
  readonly #blocks: BlockReader
  readonly #id: number
  readonly #policy: OutOfRange
  readonly #onReset: (reset: PositionReset) => void
  #offset = 0
  #ahead: BlockInfo[] = []

  constructor(
    partition: TopicPartition,
    partitionId: number,
    blocks: BlockReader,
    policy: OutOfRange,
    onReset: (reset: PositionReset) => void,
  ) {
    this.partition = partition
    this.#id = partitionId
    this.#blocks = blocks
    this.#policy = policy
    this.#onReset = onReset
  }

  get active(): boolean {
    return this.started && !this.paused
  }

  bounds(): { readonly first: number; readonly end: number } {
    return this.#blocks.bounds(this.#id)
  }

  start(position: CommittedPosition | undefined): void {
    this.#offset = position?.offset ?? this.bounds().first
    this.#ahead = []
    this.started = true
    this.toldEnd = -1
  }

  /** The next run of records that fits into `budget` bytes (any, where `first`). Throws the errors of BlockReader, and OFFSET_OUT_OF_RANGE. */
  next(budget: number, first: boolean): CursorStep {
    for (;;) {
      if (this.#ahead.length === 0) {
        const bounds = this.#checkRange()
        if (this.#offset === bounds.end) return { type: 'end', offset: bounds.end }
        this.#ahead = this.#blocks.after(this.#id, this.#offset)
      }
      const block = this.#ahead[0]
      // Nothing where something must be: deleted since the bounds were read, which then say so.
      if (block === undefined) continue
      if (!first && block.bytes > budget) return { type: 'full' }
      const run = this.#take(Math.min(Math.max(budget, block.bytes), largestRun))
      if (run !== undefined) return run
      this.#ahead = []
    }
  }

  /** The next blocks as one run; undefined where the first of them is gone. */
  #take(most: number): CursorStep | undefined {
    const runs: PackedRecords[] = []
    let bytes = 0
    for (;;) {
      const block = this.#ahead[0]
      const more =
        runs.length === 0 || (block !== undefined && block.bytes <= smallBlock && bytes + block.bytes <= most)
      if (block === undefined || !more || block.base > this.#offset) break
      const records = this.#blocks.read(this.partition, this.#id, block)
      if (records === undefined) break
      this.#ahead.shift()
      runs.push(
        block.base === this.#offset ? records : sliceRecords(records, this.#offset - block.base, block.count),
      )
      this.#offset = block.last + 1
      bytes += block.bytes
      if (block.bytes > smallBlock) break
    }
    return runs.length === 0 ? undefined : { type: 'records', records: mergeRecords(runs), bytes }
  }

  #checkRange(): { readonly first: number; readonly end: number } {
    const bounds = this.bounds()
    if (this.#offset >= bounds.first && this.#offset <= bounds.end) return bounds
    if (this.#policy === 'fail') throw this.#outOfRange(bounds)
    const to = this.#policy === 'earliest' ? bounds.first : bounds.end
    this.#onReset({ ...this.partition, from: this.#offset, to })
    this.#offset = to
    return bounds
  }

  #outOfRange({ first, end }: { readonly first: number; readonly end: number }): Error {
    const { topic, partition } = this.partition
    const where = `Offset ${this.#offset} of topic "${topic}", partition ${partition}`
    const problem =
      this.#offset < first
        ? `is gone: retention has deleted what lay before ${first}`
        : `does not exist yet: the topic ends at ${end}, so it is not the one that was read before`
    const remedy = 'say earliest or latest in the topology, or reset the offsets.'
    return fatalError('OFFSET_OUT_OF_RANGE', `${where} ${problem}; ${remedy}`, {
      facts: { topic, partition, offset: this.#offset, first, end },
    })
  }
}
