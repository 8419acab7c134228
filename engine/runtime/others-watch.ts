import type { Clock } from '../component/contracts/clock.ts'
import type { Log } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { GroupPosition, SourceReader } from '../component/contracts/reader.ts'
import { placesText, Reminder } from './reminder.ts'

/** How often it is looked, milliseconds. */
const lookEveryMs = 500

export interface OthersOptions {
  readonly clock: Clock
  /** Where a partition ended when its end was first asked for. */
  readonly target: (reader: SourceReader, partition: TopicPartition) => Promise<number>
  readonly fetch: Log['fetch']
  readonly trouble: (sentence: string) => void
  /** The topics that are looked at; all, if this is not given. */
  readonly concerns?: (topic: string) => boolean
}

/**
 * Finds out when the partitions that a member does not hold are read to their ends too: the group has committed all of
 * their records. Until then they may be a dead member's, and become this one's.
 */
export class OthersWatch {
  readonly #options: OthersOptions
  #looked = Number.NEGATIVE_INFINITY
  readonly #reminder: Reminder
  /** By partition: what was committed when it was looked last, and a record that was not. */
  readonly #committed = new Map<string, number>()
  readonly #unread = new Map<string, number>()

  constructor(options: OthersOptions) {
    this.#options = options
    this.#reminder = new Reminder(options)
  }

  /** True if all partitions but `own` are at their ends. False too where it was looked just before. */
  async allDone(readers: readonly SourceReader[], own: readonly TopicPartition[]): Promise<boolean> {
    const now = this.#options.clock.now()
    if (now - this.#looked < lookEveryMs) return false
    this.#looked = now
    const behind: GroupPosition[] = []
    for (const reader of readers) {
      const { concerns = () => true } = this.#options
      const others = ((await reader.others?.(own)) ?? []).filter(({ topic }) => concerns(topic))
      const done = await Promise.all(others.map((one) => this.#isDone(reader, one)))
      behind.push(...others.filter((_, n) => done[n] === false))
    }
    if (behind.length > 0)
      this.#reminder.waits(
        `This worker is at the end of its partitions. It waits for those of other members of the group: ${placesText(behind)}.`,
      )
    return behind.length === 0
  }

  async #isDone(reader: SourceReader, { topic, partition, committed }: GroupPosition): Promise<boolean> {
    const id = `${topic}/${partition}`
    const target = await this.#options.target(reader, { topic, partition })
    const at = committed?.offset ?? 0
    const before = this.#committed.get(id)
    this.#committed.set(id, at)
    if (at >= target) return true
    // Somebody is at work there, or is to be: a look into the topic would be too early.
    if (at !== before || (this.#unread.get(id) ?? -1) >= at) return false
    // No record may be left: the last offsets of a topic with transactions are those of their markers.
    const { records, next } = await this.#options.fetch({ topic, partition }, at, 1)
    if (records.count > 0 ? records.offsets[0]! >= target : next >= target) return true
    // Without a record there is a transaction that is not over: it may bring some.
    if (records.count > 0) this.#unread.set(id, records.offsets[0]!)
    return false
  }
}
