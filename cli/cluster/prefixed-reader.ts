import {
  nameOf,
  type CommittedPosition,
  type TopicPartition,
} from '../../engine/component/contracts/position.ts'
import type {
  GroupPosition,
  PollRequest,
  SourceEvent,
  SourceReader,
} from '../../engine/component/contracts/reader.ts'
import type { Prefix } from './prefix.ts'

/** So long in real time may the worker take before it asks for what it has been given, milliseconds. */
const settleMs = 2000

/** A reader whose topics are seen without their prefix. It knows what has come, and of which partitions nothing is to come. */
export class PrefixedReader implements SourceReader {
  readonly #reader: SourceReader
  readonly #prefix: Prefix
  /** By partition as it is seen: the offset of the next record, and whether it is paused. */
  readonly #started = new Map<string, { readonly partition: TopicPartition; next: number; paused: boolean }>()

  #waits = true
  /** Since when polls ask for no records; undefined while they do. Real time. */
  #idleSince: number | undefined
  /** When partitions were assigned last of which not all are started. Real time. */
  #assignedAt = 0
  #assigned = 0
  /** How much had been written when all of it had come. */
  #caughtUp: number | undefined

  constructor(reader: SourceReader, prefix: Prefix) {
    this.#reader = reader
    this.#prefix = prefix
  }

  async poll(request: PollRequest): Promise<SourceEvent[]> {
    this.#idleSince = request.maxBytes > 0 ? undefined : (this.#idleSince ?? performance.now())
    const events = await this.#reader.poll(request)
    return events.map((event) => this.#seen(event))
  }

  #seen(event: SourceEvent): SourceEvent {
    switch (event.type) {
      case 'assigned':
        this.#waits = false
        this.#assignedAt = performance.now()
        this.#assigned += event.partitions.length
        return { ...event, partitions: event.partitions.map((one) => this.#prefix.seen(one)) }
      case 'revoked':
      case 'lost': {
        const partitions = event.partitions.map((one) => this.#prefix.seen(one))
        for (const one of partitions) this.#started.delete(nameOf(one))
        this.#assigned = Math.max(0, this.#assigned - partitions.length)
        return { ...event, partitions }
      }
      case 'records': {
        const records = this.#prefix.seen(event.records)
        this.#came(records, records.offsets[records.count - 1]! + 1)
        return { ...event, records }
      }
      case 'passed':
      case 'end': {
        const partition = this.#prefix.seen(event.partition)
        this.#came(partition, event.offset)
        return { ...event, partition }
      }
      case 'failed':
        this.#waits = false
        return event
    }
  }

  #came(partition: TopicPartition, next: number): void {
    const started = this.#started.get(nameOf(partition))
    if (started !== undefined) started.next = Math.max(started.next, next)
  }

  /** True before the group has given it any partition, and while something is there that has not come. */
  async behind(): Promise<boolean> {
    if (this.#waits) return true
    const now = performance.now()
    if (this.#assigned > this.#started.size && now - this.#assignedAt < settleMs) return true
    if (this.#idleSince !== undefined && now - this.#idleSince > settleMs) return false
    const { writes } = this.#prefix
    if (this.#caughtUp === writes) return false
    let whole = true
    for (const { partition, next, paused } of [...this.#started.values()]) {
      whole &&= !paused
      if (paused) continue
      const { end } = await this.#reader.bounds(this.#prefix.place(partition))
      if (next < end) return true
    }
    // What all has come of needs no second look, until something is written.
    if (whole) this.#caughtUp = writes
    return false
  }

  start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    this.#caughtUp = undefined
    this.#started.set(nameOf(partition), { partition, next: position?.offset ?? 0, paused: false })
    return this.#reader.start(this.#prefix.place(partition), position)
  }

  release(partitions: readonly TopicPartition[]): Promise<void> {
    for (const one of partitions) this.#started.delete(nameOf(one))
    return this.#reader.release(partitions.map((one) => this.#prefix.place(one)))
  }

  pause(partition: TopicPartition): void {
    this.#setPaused(partition, true)
    this.#reader.pause(this.#prefix.place(partition))
  }

  resume(partition: TopicPartition): void {
    this.#setPaused(partition, false)
    this.#reader.resume(this.#prefix.place(partition))
  }

  #setPaused(partition: TopicPartition, paused: boolean): void {
    const started = this.#started.get(nameOf(partition))
    if (started !== undefined) started.paused = paused
  }

  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    return this.#reader.bounds(this.#prefix.place(partition))
  }

  async writtenTo(partition: TopicPartition): Promise<number> {
    return (
      (await this.#reader.writtenTo?.(this.#prefix.place(partition))) ?? (await this.bounds(partition)).end
    )
  }

  async others(own: readonly TopicPartition[]): Promise<readonly GroupPosition[]> {
    const found = await this.#reader.others?.(own.map((one) => this.#prefix.place(one)))
    return (found ?? []).map((one) => this.#prefix.seen(one))
  }

  spent(buffer: ArrayBuffer, records: number): void {
    this.#reader.spent?.(buffer, records)
  }

  close(): Promise<void> {
    this.#waits = false
    this.#started.clear()
    return this.#reader.close()
  }
}
