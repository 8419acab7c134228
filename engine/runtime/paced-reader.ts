import type { Clock } from '../component/contracts/clock.ts'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { GroupPosition, PollRequest, SourceEvent, SourceReader } from '../component/contracts/reader.ts'
import { sliceRecords } from './slice-records.ts'

type DataEvent = Extract<SourceEvent, { readonly type: 'records' | 'passed' | 'end' }>

/** What may be saved up while there was nothing to read, in seconds' worth. */
const mostSaved = 0.25

/** How many records may be read in a second. Several readers may share one. */
export class Pace {
  readonly #clock: Clock
  readonly #perSecond: number
  #saved = 1
  #at: number

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#at = clock.now()
  }

  /** How many may be read now. */
  get free(): number {
    const now = this.#clock.now()
    const earned = (Math.max(0, now - this.#at) * this.#perSecond) / 1000
    this.#saved = Math.min(this.#saved + earned, Math.max(1, this.#perSecond * mostSaved))
    this.#at = now
    return Math.floor(this.#saved)
  }

  took(records: number): void {
    this.#saved -= records
  }
}

/**
 * What another reader reads, at a pace. Runs of records are cut where the pace has no more for now; what is left waits here, in
 * its order, and nothing more is asked for meanwhile. Rebalances and problems overtake what waits.
 */
export class PacedReader implements SourceReader {
  readonly #inner: SourceReader
  readonly #pace: Pace
  readonly #paused = new Set<string>()
  #waiting: DataEvent[] = []

  constructor(inner: SourceReader, pace: Pace) {
    this.#inner = inner
    this.#pace = pace
  }

  async poll(request: PollRequest): Promise<SourceEvent[]> {
    const idle = this.#waiting.length === 0 && this.#pace.free > 0
    const asked = idle
      ? request
      : { ...request, maxBytes: 0, firstBytes: 0, waitMs: Math.min(request.waitMs, 5) }
    const news: SourceEvent[] = []
    for (const event of await this.#inner.poll(asked)) {
      if (isData(event)) this.#waiting.push(event)
      else {
        if (event.type !== 'failed') this.#drop(event.partitions)
        news.push(event)
      }
    }
    // What is told of a partition that is held still comes before it is assigned anew or taken away.
    return request.maxBytes > 0 ? [...this.#release(), ...news] : news
  }

  start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    return this.#inner.start(partition, position)
  }

  async release(partitions: readonly TopicPartition[]): Promise<void> {
    this.#drop(partitions)
    await this.#inner.release(partitions)
  }

  pause(partition: TopicPartition): void {
    this.#paused.add(nameOf(partition))
    this.#inner.pause(partition)
  }

  resume(partition: TopicPartition): void {
    this.#paused.delete(nameOf(partition))
    this.#inner.resume(partition)
  }

  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    return this.#inner.bounds(partition)
  }

  async writtenTo(partition: TopicPartition): Promise<number> {
    return (await this.#inner.writtenTo?.(partition)) ?? (await this.bounds(partition)).end
  }

  async others(own: readonly TopicPartition[]): Promise<readonly GroupPosition[]> {
    return (await this.#inner.others?.(own)) ?? []
  }

  spent(buffer: ArrayBuffer, records: number): void {
    this.#inner.spent?.(buffer, records)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** What may be told now, in its order within each partition. */
  #release(): SourceEvent[] {
    const told: SourceEvent[] = []
    const left: DataEvent[] = []
    const held = new Set(this.#paused)
    for (const event of this.#waiting) {
      const name = nameOf(event.type === 'records' ? event.records : event.partition)
      const free = event.type === 'records' ? this.#pace.free : 1
      if (held.has(name) || free <= 0) {
        held.add(name)
        left.push(event)
      } else if (event.type !== 'records' || event.records.count <= free) {
        told.push(event)
        if (event.type === 'records') this.#pace.took(event.records.count)
      } else {
        const { records } = event
        told.push({ type: 'records', records: sliceRecords(records, 0, free) })
        left.push({ type: 'records', records: sliceRecords(records, free, records.count) })
        this.#pace.took(free)
        held.add(name)
      }
    }
    this.#waiting = left
    return told
  }

  #drop(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(nameOf))
    this.#waiting = this.#waiting.filter(
      (event) => !gone.has(nameOf(event.type === 'records' ? event.records : event.partition)),
    )
    for (const name of gone) this.#paused.delete(name)
  }
}

function isData(event: SourceEvent): event is DataEvent {
  return event.type === 'records' || event.type === 'passed' || event.type === 'end'
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
