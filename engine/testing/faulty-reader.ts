import { nameOf, type CommittedPosition, type TopicPartition } from '../component/contracts/position.ts'
import type { PollRequest, SourceEvent, SourceReader } from '../component/contracts/reader.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import type { FaultRun } from './fault-run.ts'
import type { Life } from './life.ts'
import { inSlab } from './slab.ts'

/**
 * A reader whose partitions are asked back or taken away where the faults say so, and then given again. It waits for no
 * real time: a poll that has nothing to tell answers after one turn.
 */
export class FaultyReader implements SourceReader {
  readonly #inner: SourceReader
  readonly #topics: string[] = []
  readonly #life: Life
  readonly #faults: () => FaultRun
  readonly #pollMs: number
  /** What is told at the next polls, one of them at each. */
  readonly #next: SourceEvent[] = []
  readonly #revoked = new Set<string>()
  /** By the buffer that was handed on, the one that it was made of, and how many of its records are not committed. */
  readonly #slabs = new WeakMap<ArrayBuffer, { readonly given: ArrayBuffer; unspent: number }>()
  #epoch = 0

  constructor(
    inner: SourceReader,
    options: {
      readonly life: Life
      readonly faults: () => FaultRun
      readonly pollMs: number
    },
  ) {
    const { life, faults, pollMs } = options
    this.#pollMs = pollMs
    this.#inner = inner
    this.#life = life
    this.#faults = faults
  }

  /** The topics that sources read through it. */
  serve(topics: readonly string[]): this {
    this.#topics.push(...topics)
    return this
  }

  poll({ maxBytes }: PollRequest): Promise<SourceEvent[]> {
    return this.#life.hear(async () => {
      const lost = this.#faults().lost(this.#topics, this.#life.clock.now())
      if (lost.length > 0) await this.#takeAway(lost)
      const told = this.#next.shift()
      if (told !== undefined) return [told]
      const events = await this.#inner.poll({ maxBytes, waitMs: this.#pollMs })
      for (const event of events) await this.#heard(event)
      return events.map((event) =>
        event.type === 'records' ? { ...event, records: this.#slab(event.records) } : event,
      )
    })
  }

  /** Each run has a buffer of its own, so that whoever looks at it when it is given back sees nothing. */
  #slab(records: PackedRecords): PackedRecords {
    const slab = inSlab(records)
    const given = records.bytes.buffer as ArrayBuffer
    this.#slabs.set(slab.bytes.buffer as ArrayBuffer, { given, unspent: slab.count })
    return slab
  }

  spent(buffer: ArrayBuffer, records: number): void {
    if (!this.#life.alive) return
    const slab = this.#slabs.get(buffer)
    if (slab === undefined) return
    slab.unspent -= records
    this.#inner.spent?.(slab.given, records)
    // Others of them may wait in a merge.
    if (slab.unspent <= 0) buffer.transfer(0)
  }

  async #heard(event: SourceEvent): Promise<void> {
    if (event.type === 'assigned') this.#epoch = Math.max(this.#epoch, event.epoch)
    if (event.type !== 'records') return
    const { topic, partition, offsets, count } = event.records
    const one = { topic, partition }
    const how = this.#faults().taken(one, offsets[count - 1]!)
    if (how === undefined) return
    if (how === 'revoke') {
      this.#inner.pause(one)
      this.#revoked.add(nameOf(one))
      this.#next.push({ type: 'revoked', partitions: [one] })
      return
    }
    await this.#takeAway([one])
  }

  /** Partitions that go without notice, and are given again. */
  async #takeAway(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#inner.release(partitions)
    this.#next.push({ type: 'lost', partitions }, this.#given(partitions))
  }

  #given(partitions: readonly TopicPartition[]): SourceEvent {
    return { type: 'assigned', partitions, epoch: ++this.#epoch }
  }

  start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    return this.#life.answer(() => this.#inner.start(partition, position))
  }

  release(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#life.answer(async () => {
      await this.#inner.release(partitions)
      const back = partitions.filter((one) => this.#revoked.delete(nameOf(one)))
      for (const one of back) this.#inner.resume(one)
      if (back.length > 0) this.#next.push(this.#given(back))
    })
  }

  pause(partition: TopicPartition): void {
    if (this.#life.alive) this.#inner.pause(partition)
  }

  resume(partition: TopicPartition): void {
    if (this.#life.alive && !this.#revoked.has(nameOf(partition))) this.#inner.resume(partition)
  }

  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    return this.#life.answer(() => this.#inner.bounds(partition))
  }

  async writtenTo(partition: TopicPartition): Promise<number> {
    return (
      (await this.#life.answer(async () => this.#inner.writtenTo?.(partition))) ??
      (await this.bounds(partition)).end
    )
  }

  /** The dead leave nothing behind. */
  close(): Promise<void> {
    return this.#life.finish(() => this.#inner.close())
  }
}
