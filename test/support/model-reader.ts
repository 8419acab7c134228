import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'
import type {
  GroupPosition,
  PollRequest,
  SourceEvent,
  SourceReader,
} from '../../engine/component/contracts/reader.ts'
import { inSlab } from '../../engine/testing/slab.ts'
import type { ModelGroup } from './model-groups.ts'
import type { ModelTopics } from './model-topics.ts'
import type { Life } from './model-life.ts'

interface Cursor extends TopicPartition {
  next: number
  paused: boolean
  toldEnd: number
}

/** A member of a group: all sources of a worker have one, which tells of their partitions in one order. */
export class ModelReader implements SourceReader {
  readonly topics: string[] = []
  readonly #life: Life
  readonly #group: ModelGroup
  readonly #logs: ModelTopics
  readonly #cursors = new Map<string, Cursor>()
  /** How many records of a buffer are not committed yet. */
  readonly #unspent = new WeakMap<ArrayBuffer, number>()
  #events: SourceEvent[] = []
  #closed = false
  #expired = false

  readonly #most: number

  readonly #committed: (partition: TopicPartition) => CommittedPosition | undefined

  /** `most`: records of a partition in one poll. */
  constructor(
    life: Life,
    group: ModelGroup,
    logs: ModelTopics,
    { most, committed }: { most: number; committed: (one: TopicPartition) => CommittedPosition | undefined },
  ) {
    this.#life = life
    this.#most = most
    this.#group = group
    this.#logs = logs
    this.#committed = committed
  }

  /** Reads these topics, too. */
  subscribe(topics: readonly string[]): void {
    this.topics.push(...topics)
    this.#group.join(this)
  }

  get closed(): boolean {
    return this.#closed
  }

  get worker(): string {
    return this.#life.name
  }

  /** The coordinator has something to say. What is lost or asked back is delivered no more. */
  tell(event: SourceEvent): void {
    this.#events.push(event)
    if (event.type === 'lost' || event.type === 'revoked') {
      for (const partition of event.partitions) this.#cursors.delete(nameOf(partition))
    }
  }

  expired(): void {
    this.#expired = true
  }

  async poll({ maxBytes, waitMs }: PollRequest): Promise<SourceEvent[]> {
    await this.#life.turn()
    if (this.#closed) return []
    if (this.#expired) {
      this.#expired = false
      this.#group.join(this)
    }
    const until = this.#life.clock.now() + waitMs
    while (!this.#closed) {
      const some = this.#events.splice(0, 1 + this.#life.random.below(3))
      if (some.length > 0) return some
      const events = maxBytes > 0 ? this.#deliver(maxBytes) : []
      const left = until - this.#life.clock.now()
      if (events.length > 0 || left <= 0) return events
      await this.#life.sleep(Math.min(left, 10))
    }
    return []
  }

  #deliver(maxBytes: number): SourceEvent[] {
    const events: SourceEvent[] = []
    let left = maxBytes
    for (const [name, cursor] of [...this.#cursors]) {
      // Whoever was served goes to the end of the queue.
      if (left > 0) {
        this.#cursors.delete(name)
        this.#cursors.set(name, cursor)
      }
      if (cursor.paused || left <= 0 || this.#life.random.chance(0.3)) continue
      const records = this.#logs.read(cursor, cursor.next, 1 + this.#life.random.below(this.#most), left)
      left -= records.bytes.length
      const end = this.#logs.lastStable(cursor)
      if (records.count > 0) {
        cursor.next = records.offsets[records.count - 1]! + 1
        const packed = inSlab(records)
        this.#unspent.set(packed.bytes.buffer as ArrayBuffer, packed.count)
        events.push({ type: 'records', records: packed })
      } else if (cursor.toldEnd !== end) {
        cursor.toldEnd = end
        events.push({
          type: 'end',
          partition: { topic: cursor.topic, partition: cursor.partition },
          offset: end,
        })
      }
    }
    return events
  }

  async start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    await this.#life.turn()
    if (this.#group.holds(this.worker, partition) !== true) return
    if (this.#events.some((event) => event.type === 'revoked' && event.partitions.some(isAt(partition))))
      return
    this.#group.onStart(this.worker, partition)
    this.#cursors.set(nameOf(partition), {
      ...partition,
      next: position?.offset ?? 0,
      paused: false,
      toldEnd: -1,
    })
  }

  async release(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#life.turn()
    for (const partition of partitions) {
      this.#cursors.delete(nameOf(partition))
      this.#group.released(this, partition)
    }
  }

  pause(partition: TopicPartition): void {
    const cursor = this.#cursors.get(nameOf(partition))
    if (cursor !== undefined) cursor.paused = true
  }

  resume(partition: TopicPartition): void {
    const cursor = this.#cursors.get(nameOf(partition))
    if (cursor !== undefined) cursor.paused = false
  }

  /** Each run has a buffer of its own. */
  spent(buffer: ArrayBuffer, records: number): void {
    const left = this.#unspent.get(buffer)! - records
    if (!(left >= 0)) throw new Error('The same records are told to be committed twice.')
    this.#unspent.set(buffer, left)
    if (left === 0) buffer.transfer(0)
  }

  async bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    await this.#life.turn()
    return { first: 0, end: this.#logs.lastStable(partition) }
  }

  async others(own: readonly TopicPartition[]): Promise<GroupPosition[]> {
    await this.#life.turn()
    const all = this.topics.flatMap((topic) =>
      Array.from({ length: this.#logs.partitionsOf(topic) ?? 0 }, (_, partition) => ({ topic, partition })),
    )
    return all
      .filter((one) => !own.some(isAt(one)))
      .map((one) => ({ ...one, committed: this.#committed(one) }))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#life.alive) this.#group.leave(this)
  }
}

function isAt({ topic, partition }: TopicPartition): (other: TopicPartition) => boolean {
  return (other) => other.topic === topic && other.partition === partition
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
