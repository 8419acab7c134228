import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { ReadPolicy } from '../component/contracts/reader.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { fatalError } from '../errors.ts'
import { mergeRecords, sliceRecords } from './block-format.ts'
import type { BlockInfo, BlockReader } from './block-reader.ts'

/** Small blocks that follow each other are delivered as one run, up to this size. */
const smallBlock = 32 * 1024
const largestRun = 256 * 1024

/** How a policy moves a reader. */
export interface PositionReset extends TopicPartition {
  readonly from: number
  readonly to: number
  /** What the topic holds. */
  readonly first: number
  readonly end: number
}

/** What `PartitionCursor.next` found. */
export type CursorStep =
  | { readonly type: 'records'; readonly records: PackedRecords; readonly bytes: number }
  | { readonly type: 'end'; readonly offset: number }
  | { readonly type: 'full' }
  /** Its position is not in the topic: where the policy has it go on, which is for the reader to do. */
  | { readonly type: 'out-of-range'; readonly reset: PositionReset }

/** Each reader here has a source of its own, so that none waits for another. */
type CursorPolicy = Required<Omit<ReadPolicy, 'critical'>>

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
  readonly #policy: CursorPolicy
  readonly #group: string
  #offset = 0
  #ahead: BlockInfo[] = []

  constructor(
    partition: TopicPartition,
    partitionId: number,
    blocks: BlockReader,
    policy: CursorPolicy,
    group: string,
  ) {
    this.partition = partition
    this.#id = partitionId
    this.#blocks = blocks
    this.#policy = policy
    this.#group = group
  }

  get active(): boolean {
    return this.started && !this.paused
  }

  bounds(): { readonly first: number; readonly end: number } {
    return this.#blocks.bounds(this.#id)
  }

  /**
   * Answers where it begins, if that is to be committed at once: it is not the first record, and would be elsewhere after a
   * restart. Throws OFFSET_MISSING where the policy says so.
   */
  start(position: CommittedPosition | undefined): number | undefined {
    this.#offset = position?.offset ?? this.#beginning()
    this.#ahead = []
    this.started = true
    this.toldEnd = -1
    return position === undefined && this.#policy.begin !== 'earliest' ? this.#offset : undefined
  }

  /** Goes on elsewhere. */
  moveTo(offset: number): void {
    this.#offset = offset
    this.#ahead = []
  }

  #beginning(): number {
    const { begin } = this.#policy
    const { first, end } = this.bounds()
    if (begin === 'earliest') return first
    if (begin === 'none') throw this.#missing()
    return (begin === 'latest' ? undefined : this.#blocks.firstSince(this.partition, this.#id, begin)) ?? end
  }

  /** The next run of records that fits into `budget` bytes (any, where `first`). Throws the errors of BlockReader, and OFFSET_OUT_OF_RANGE. */
  next(budget: number, first: boolean): CursorStep {
    for (;;) {
      if (this.#ahead.length === 0) {
        const bounds = this.bounds()
        if (this.#offset < bounds.first || this.#offset > bounds.end) return this.#move(bounds)
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

  #move(bounds: { readonly first: number; readonly end: number }): CursorStep {
    const { outOfRange } = this.#policy
    if (outOfRange === 'fail') throw this.#outOfRange(bounds)
    const to = outOfRange === 'earliest' ? bounds.first : bounds.end
    return { type: 'out-of-range', reset: { ...this.partition, ...bounds, from: this.#offset, to } }
  }

  #missing(): Error {
    const { topic, partition } = this.partition
    return fatalError(
      'OFFSET_MISSING',
      `Group ${this.#group} has committed no offset of partition ${partition} of ${topic}, and its source says begin: none: ` +
        'set where it begins (millrace offsets set), or have the source say it.',
      { facts: { topic, partition } },
    )
  }

  #outOfRange({ first, end }: { readonly first: number; readonly end: number }): Error {
    const { topic, partition } = this.partition
    const where = `Offset ${this.#offset} of topic "${topic}", partition ${partition}`
    const problem =
      this.#offset < first
        ? `is gone: retention has deleted what lay before ${first}`
        : `does not exist yet: the topic ends at ${end}, so it is not the one that was read before`
    const remedy = `set where ${this.#group} goes on (millrace offsets set), or say outOfRange: earliest or latest in its source.`
    return fatalError('OFFSET_OUT_OF_RANGE', `${where}, ${problem}; ${remedy}`, {
      facts: { topic, partition, offset: this.#offset, first, end },
    })
  }
}
