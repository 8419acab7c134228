import { nameOf, type CommittedPosition, type TopicPartition } from '../component/contracts/position.ts'
import type { PollRequest, SourceEvent, SourceReader } from '../component/contracts/reader.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { OuterReader } from './outer-reader.ts'
import { countBetween, recordsWithin, type BoundOf, type ReadBound } from './read-bounds.ts'

/** What bounded readers have seen, in records; several may count in one. */
export interface BoundedCounts {
  /** Those within. */
  taken: number
  /** Those between the offsets that are of another time. */
  outside: number
}

/**
 * A part of what another reader reads: of each partition the records within its bound. It begins at the bound's start where
 * nothing is committed yet, and tells its end as the end of the partition. What lies outside is passed over like a gap, so
 * that the group's progress goes over it, up to the bound's end. Partitions without a bound are read as they are.
 */
export class BoundedReader extends OuterReader {
  readonly #boundOf: BoundOf
  readonly #counts: BoundedCounts
  /** Partitions whose end was told: nothing of them comes any more. */
  readonly #done = new Set<string>()
  #pending: SourceEvent[] = []

  constructor(inner: SourceReader, boundOf: BoundOf, counts: BoundedCounts) {
    super(inner)
    this.#boundOf = boundOf
    this.#counts = counts
  }

  async poll(request: PollRequest): Promise<SourceEvent[]> {
    const waiting = this.#pending.length > 0
    const events = await this.inner.poll(waiting ? { ...request, waitMs: 0 } : request)
    const told = this.#pending.splice(0)
    for (const event of events) told.push(...this.#bounded(event))
    return told
  }

  override async start(partition: TopicPartition, position: CommittedPosition | undefined): Promise<void> {
    const bound = this.#boundOf(partition)
    if (bound === undefined) return super.start(partition, position)
    const begun = position ?? { offset: bound.start, metadata: '' }
    if (begun.offset >= bound.end) this.#pending.push(...this.#endOf(partition, bound))
    else await super.start(partition, begun)
  }

  override async release(partitions: readonly TopicPartition[]): Promise<void> {
    this.#forget(partitions)
    await super.release(partitions)
  }

  override pause(partition: TopicPartition): void {
    if (!this.#done.has(nameOf(partition))) super.pause(partition)
  }

  /** A partition that is at its bound's end stays paused for good. */
  override resume(partition: TopicPartition): void {
    if (!this.#done.has(nameOf(partition))) super.resume(partition)
  }

  override async bounds(
    partition: TopicPartition,
  ): Promise<{ readonly first: number; readonly end: number }> {
    const bound = this.#boundOf(partition)
    if (bound === undefined) return super.bounds(partition)
    return { first: bound.start, end: bound.end }
  }

  override async writtenTo(partition: TopicPartition): Promise<number> {
    return this.#boundOf(partition)?.end ?? (await super.writtenTo(partition))
  }

  #bounded(event: SourceEvent): readonly SourceEvent[] {
    switch (event.type) {
      case 'failed':
        return [event]
      case 'assigned':
      case 'revoked':
      case 'lost':
        this.#forget(event.partitions)
        return [event]
      case 'records':
        return this.#records(event.records)
      case 'passed':
      case 'end':
        return this.#moved(event)
    }
  }

  #records(records: PackedRecords): readonly SourceEvent[] {
    const bound = this.#boundOf(records)
    if (bound === undefined) return [{ type: 'records', records }]
    const within = this.#done.has(nameOf(records)) ? undefined : recordsWithin(records, bound)
    const taken = within?.count ?? 0
    if (taken < records.count) this.spent(records.bytes.buffer as ArrayBuffer, records.count - taken)
    if (this.#done.has(nameOf(records))) return []
    this.#counts.taken += taken
    this.#counts.outside += countBetween(records, bound) - taken
    const events: SourceEvent[] = within === undefined ? [] : [{ type: 'records', records: within }]
    const next = records.offsets[records.count - 1]! + 1
    if (next >= bound.end) return [...events, ...this.#endOf(records, bound)]
    const last = within === undefined ? -1 : within.offsets[within.count - 1]!
    return last === next - 1
      ? events
      : [...events, { type: 'passed', partition: placeOf(records), offset: next }]
  }

  #moved(event: Extract<SourceEvent, { readonly type: 'passed' | 'end' }>): readonly SourceEvent[] {
    const bound = this.#boundOf(event.partition)
    if (bound === undefined) return [event]
    if (this.#done.has(nameOf(event.partition))) return []
    return event.offset >= bound.end ? this.#endOf(event.partition, bound) : [event]
  }

  /** Progress goes up to the end, also over what is not there: markers of transactions, records that were aborted. */
  #endOf(place: TopicPartition, { end }: ReadBound): readonly SourceEvent[] {
    const partition = placeOf(place)
    this.inner.pause(partition)
    this.#done.add(nameOf(partition))
    return [
      { type: 'passed', partition, offset: end },
      { type: 'end', partition, offset: end },
    ]
  }

  /** They are read by somebody else, or from somewhere else, next: what was told of them holds no more. */
  #forget(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#done.delete(nameOf(partition))
    const gone = new Set(partitions.map(nameOf))
    this.#pending = this.#pending.filter(
      (event) => !('partition' in event) || !gone.has(nameOf(event.partition)),
    )
  }
}

function placeOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}
