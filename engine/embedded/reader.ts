import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { PollRequest, ReadPolicy, SourceEvent, SourceReader } from '../component/contracts/reader.ts'
import { fatalError } from '../errors.ts'
import type { BlockReader } from './block-reader.ts'
import { PartitionCursor, type PositionReset } from './partition-cursor.ts'
import type { EmbeddedStore } from './store.ts'
import type { Topic } from './topics.ts'

/** How often a waiting poll looks whether another process has written. */
const lookEveryMs = 15

/** A poll ends after about this long, since SQLite holds up everything else meanwhile. */
const longestReadMs = 15

/** What a reader needs of the group that it reads for. */
export interface ReaderGroup {
  readonly name: string
  /** Commits an offset of a partition, without settled ranges. */
  readonly commit: (partition: TopicPartition, offset: number) => void
  /** Assigns anew: an epoch that is higher than any before. */
  readonly nextEpoch: () => number
  /** A problem that passes, as a sentence. */
  readonly trouble: (sentence: string) => void
}

/**
 * Reads whole topics as the only member of its group in the store: all partitions are assigned once, and never taken
 * away. Errors of the store are `failed` events; a partition with a fatal one is not read on.
 */
export class EmbeddedReader implements SourceReader {
  readonly #store: EmbeddedStore
  readonly #group: ReaderGroup
  readonly #cursors: PartitionCursor[]
  readonly #stopListening: () => void
  #pending: SourceEvent[]
  #turn = 0
  #closed = false
  #wake: () => void = () => {}
  /** The version of the log at which everything active had been read to its end; undefined = not known to be so. */
  #quietAt: { readonly own: number; readonly others: number } | undefined

  constructor(
    store: EmbeddedStore,
    blocks: BlockReader,
    topics: readonly Topic[],
    group: ReaderGroup,
    policy: ReadPolicy,
  ) {
    this.#store = store
    this.#group = group
    const { begin = 'earliest', outOfRange = 'fail' } = policy
    const epoch = group.nextEpoch()
    this.#cursors = topics.flatMap(({ name, partitionIds }) =>
      partitionIds.map(
        (id, partition) =>
          new PartitionCursor({ topic: name, partition }, id, blocks, { begin, outOfRange }, group.name),
      ),
    )
    this.#pending = [{ type: 'assigned', partitions: this.#cursors.map((cursor) => cursor.partition), epoch }]
    this.#stopListening = store.listen(() => this.#wake())
  }

  async poll({ maxBytes, waitMs }: PollRequest): Promise<SourceEvent[]> {
    // Everything below is synchronous: let the rest of the process have its turn first.
    await new Promise((resolve) => setImmediate(resolve))
    const deadline = performance.now() + waitMs
    while (!this.#closed && this.#store.isOpen) {
      const events = this.#collect(maxBytes)
      if (events.length > 0) return events
      const left = deadline - performance.now()
      if (left <= 0) break
      await this.#sleep(Math.min(left, lookEveryMs))
    }
    return []
  }

  async start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    try {
      const begun = this.#cursor(partition).start(position)
      if (begun !== undefined) this.#group.commit(partition, begun)
    } catch (error) {
      throw this.#store.explain(error)
    }
    this.#stir()
  }

  async release(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.#cursor(partition).started = false
  }

  pause(partition: TopicPartition): void {
    this.#cursor(partition).paused = true
  }

  resume(partition: TopicPartition): void {
    this.#cursor(partition).paused = false
    this.#stir()
  }

  async bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    try {
      return this.#cursor(partition).bounds()
    } catch (error) {
      throw this.#store.explain(error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stopListening()
    this.#wake()
  }

  #collect(maxBytes: number): SourceEvent[] {
    const pending = this.#pending
    this.#pending = []
    if (pending.length > 0) return pending
    try {
      const version = this.#store.version()
      const quiet = this.#quietAt?.own === version.own && this.#quietAt.others === version.others
      if (quiet || maxBytes <= 0) return []
      const { events, allAtEnd } = this.#readOn(maxBytes)
      this.#quietAt = allAtEnd ? version : undefined
      return events
    } catch (error) {
      return [{ type: 'failed', error: this.#store.explain(error) }]
    }
  }

  /** Reads on in turn, a block or run of small ones from each partition, until the budget or the time is used up. */
  #readOn(maxBytes: number): { events: SourceEvent[]; allAtEnd: boolean } {
    const events: SourceEvent[] = []
    const active = this.#cursors.filter((cursor) => cursor.active)
    const until = performance.now() + longestReadMs
    let left = maxBytes
    let atEnd = 0
    while (atEnd < active.length) {
      const cursor = active[this.#turn % active.length]!
      const step = this.#step(cursor, left, left === maxBytes, events)
      if (step === 'full') break
      this.#turn++
      atEnd = step === 'end' ? atEnd + 1 : 0
      left -= step === 'end' ? 0 : step
      if (left <= 0 || performance.now() > until) break
    }
    return { events, allAtEnd: atEnd >= active.length }
  }

  /** One step of one partition: the bytes it gave, or that it stands at its end, or does not fit any more. */
  #step(
    cursor: PartitionCursor,
    left: number,
    first: boolean,
    events: SourceEvent[],
  ): number | 'end' | 'full' {
    if (!cursor.active) return 'end'
    try {
      const step = cursor.next(left, first)
      if (step.type === 'full') return 'full'
      if (step.type === 'records') {
        events.push({ type: 'records', records: step.records })
        return step.bytes
      }
      if (step.type === 'out-of-range') return this.#move(cursor, step.reset, events)
      if (cursor.toldEnd !== step.offset) {
        cursor.toldEnd = step.offset
        events.push({ type: 'end', partition: cursor.partition, offset: step.offset })
      }
    } catch (error) {
      const explained = this.#store.explain(error)
      if (explained.kind === 'fatal') cursor.started = false
      events.push({ type: 'failed', error: explained })
    }
    return 'end'
  }

  /**
   * Forward, the cursor goes on: the records between are gone. Backward, offsets come again that were settled before: so the
   * new position is committed, without what was settled beyond the old one, and the task begins anew from it.
   */
  #move(cursor: PartitionCursor, reset: PositionReset, events: SourceEvent[]): 0 | 'end' {
    const { topic, partition, from, to, first, end } = reset
    if (to < from) {
      const epoch = this.#group.nextEpoch()
      this.#group.commit(cursor.partition, to)
      cursor.started = false
      events.push({ type: 'lost', partitions: [cursor.partition] })
      events.push({ type: 'assigned', partitions: [cursor.partition], epoch })
    } else cursor.moveTo(to)
    const what = `Offset ${from} of partition ${partition} of ${topic} is not in the topic, which has ${first} to ${end}`
    this.#group.trouble(`${what}: ${this.#group.name} goes on at ${to}, as its source says (outOfRange).`)
    return to < from ? 'end' : 0
  }

  #cursor({ topic, partition }: TopicPartition): PartitionCursor {
    const cursor = this.#cursors.find(
      (each) => each.partition.partition === partition && each.partition.topic === topic,
    )
    if (cursor !== undefined) return cursor
    throw fatalError(
      'SOURCE_FAILED',
      `Partition ${partition} of topic "${topic}" is not assigned to this reader.`,
    )
  }

  /** Something became readable without the log having changed. */
  #stir(): void {
    this.#quietAt = undefined
    this.#wake()
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
