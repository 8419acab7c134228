import type { ReaderEvent } from '../../native/reader-events.ts'
import { nameOf, type TopicPartition } from '../component/contracts/position.ts'
import type { SourceEvent } from '../component/contracts/reader.ts'
import type { MillraceError } from '../errors.ts'
import type { Drives } from './drives.ts'
import type { Holdings } from './holdings.ts'
import { PartitionQueue, type DataEvent } from './partition-queue.ts'

/** The group has moved partitions. */
export type Rebalance = Extract<ReaderEvent, { rebalances: number }>

type News =
  | { readonly type: 'rebalance'; readonly event: Rebalance; readonly epoch: number }
  | { readonly type: 'failed'; readonly error: MillraceError }

export interface InboxOptions {
  readonly drives: Drives
  readonly holdings: Holdings
  /** Hears of the partners that were lost with their drivers: they are read on until they are dropped. */
  readonly lost: (partners: readonly TopicPartition[]) => void
  /** Records of such topics are told before those of others. */
  readonly isCritical: (topic: string) => boolean
}

/**
 * What a reader has told and its caller has not been told yet. It changes the holdings at the moment that the caller is told
 * of it, and leaves out what is stale by then: of a partition that is held no more, or has begun anew. Partitions take turns.
 */
export class Inbox {
  readonly #drives: Drives
  readonly #holdings: Holdings
  readonly #lost: (partitions: readonly TopicPartition[]) => void
  readonly #isCritical: (topic: string) => boolean
  #news: News[] = []
  /** In the order of their turns. */
  readonly #data = new Map<string, PartitionQueue>()
  #told = 0

  constructor({ drives, holdings, lost, isCritical }: InboxOptions) {
    this.#drives = drives
    this.#holdings = holdings
    this.#lost = lost
    this.#isCritical = isCritical
  }

  /** True while there is a rebalance that the caller was not told of. */
  get hasRebalance(): boolean {
    return this.#news.some(({ type }) => type === 'rebalance')
  }

  /** The number of the last rebalance that the caller was told of. */
  get told(): number {
    return this.#told
  }

  get hasData(): boolean {
    return this.#data.size > 0
  }

  /** `epoch` is that of the partitions, where they are assigned. */
  rebalance(event: Rebalance, epoch: number): void {
    this.#news.push({ type: 'rebalance', event, epoch })
  }

  /** A driving partition is told as lost and given anew, though the group has not moved it. */
  again(driver: TopicPartition, given: number, epoch: number): void {
    const event = { partitions: [driver], protocol: 'none', rebalances: given } as const
    this.#news.push({ type: 'rebalance', event: { ...event, type: 'lost' }, epoch: 0 })
    this.#news.push({ type: 'rebalance', event: { ...event, type: 'assigned' }, epoch })
  }

  data(event: DataEvent): void {
    const name = nameOf(event.type === 'records' ? event.records : event.partition)
    const queue = this.#data.get(name)
    if (queue === undefined) this.#data.set(name, new PartitionQueue(event))
    else queue.push(event)
  }

  fail(error: MillraceError): void {
    this.#news.push({ type: 'failed', error })
  }

  /** Another reader takes the place of the one before: whatever that one had given is lost. */
  renew(): void {
    this.#news = this.#news.filter(({ type }) => type === 'failed')
    this.#data.clear()
    this.#told = 0
    const partitions = [...this.#holdings.all].flatMap(({ partition, given }) =>
      given === undefined ? [] : [partition],
    )
    if (partitions.length === 0) return
    const event: Rebalance = { type: 'lost', partitions, protocol: 'none', rebalances: 0 }
    this.#news.push({ type: 'rebalance', event, epoch: 0 })
  }

  /**
   * The next events: news up to one rebalance, which is the last; where there is none, about `firstBytes` of critical
   * records, and then `maxBytes` of others.
   */
  take(maxBytes: number, firstBytes = maxBytes): SourceEvent[] {
    const told: SourceEvent[] = []
    for (let news = this.#news.shift(); news !== undefined; news = this.#news.shift()) {
      if (news.type === 'rebalance') return [...told, this.#tell(news.event, news.epoch)]
      told.push({ type: 'failed', error: news.error })
    }
    if (this.#data.size === 0) return told
    this.#dropStale()
    this.#takeData(firstBytes, true, told)
    this.#takeData(maxBytes, false, told)
    return told
  }

  /** Each partition in turn gives its share. */
  #takeData(maxBytes: number, critical: boolean, told: SourceEvent[]): void {
    if (maxBytes <= 0) return
    const ready = [...this.#data].filter(([, { partition }]) => {
      return this.#isCritical(partition.topic) === critical && this.#holdings.get(partition)?.paused === false
    })
    const waiting = ready.reduce((sum, [, queue]) => sum + queue.bytes, 0)
    const share = waiting <= maxBytes ? waiting : maxBytes / ready.length
    let left = maxBytes
    for (const [name, queue] of ready) {
      if (left <= 0) return
      left -= queue.take(share, this.#holdings.get(queue.partition)!, told)
      // To the end of the line.
      this.#data.delete(name)
      if (!queue.empty) this.#data.set(name, queue)
    }
  }

  #dropStale(): void {
    for (const [name, queue] of this.#data) {
      const holding = this.#holdings.get(queue.partition)
      const begun = holding !== undefined && !holding.leaving && holding.tag > 0
      queue.keepOnly(begun ? holding.tag : undefined)
      if (queue.empty) this.#data.delete(name)
    }
  }

  #tell(event: Rebalance, epoch: number): SourceEvent {
    this.#told = Math.max(this.#told, event.rebalances)
    const partitions = event.partitions.flatMap((driver) => [driver, ...this.#drives.partnersOf(driver)])
    if (event.type === 'assigned') {
      for (const driver of event.partitions) {
        this.#holdings.add(driver, epoch, event.rebalances)
        for (const partner of this.#drives.partnersOf(driver)) this.#holdings.add(partner, epoch, undefined)
      }
      return { type: 'assigned', partitions, epoch }
    }
    const held = partitions.filter((partition) => this.#holdings.get(partition) !== undefined)
    if (event.type === 'revoked') {
      for (const partition of held) this.#holdings.get(partition)!.leaving = true
      return { type: 'revoked', partitions: held }
    }
    const partners = held.filter((partition) => this.#holdings.get(partition)!.given === undefined)
    for (const partition of held) this.#holdings.remove(partition)
    if (partners.length > 0) this.#lost(partners)
    return { type: 'lost', partitions: held }
  }
}
