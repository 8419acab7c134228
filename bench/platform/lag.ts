import type { TopicPartition } from '../../native/positions.ts'
import { Reader } from '../../native/reader.ts'

/** How far a group is behind. */
export interface Lag {
  /** Records that it has not committed. */
  readonly records: number
  /** How long the oldest of them that the load has written has been due. */
  readonly seconds: number
}

/** When the records of the load were due, by their places. */
export class DueTimes {
  readonly #partitions = new Map<string, { readonly offsets: number[]; readonly dues: number[] }>()

  /** A record was acknowledged. Those of a partition come in the order of their offsets. */
  add(place: TopicPartition, offset: number, due: number): void {
    const name = nameOf(place)
    let one = this.#partitions.get(name)
    if (one === undefined) this.#partitions.set(name, (one = { offsets: [], dues: [] }))
    one.offsets.push(offset)
    one.dues.push(due)
  }

  /** When the first record from `offset` on was due; undefined where there is none. */
  from(place: TopicPartition, offset: number): number | undefined {
    const one = this.#partitions.get(nameOf(place))
    if (one === undefined) return undefined
    let low = 0
    let high = one.offsets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (one.offsets[middle]! >= offset) high = middle
      else low = middle + 1
    }
    return one.dues[low]
  }
}

/** Looks how far groups are behind. */
export class LagWatch {
  readonly #reader: Reader
  readonly #groups: ReadonlyMap<string, readonly TopicPartition[]>
  readonly #dues: DueTimes

  private constructor(
    reader: Reader,
    groups: ReadonlyMap<string, readonly TopicPartition[]>,
    dues: DueTimes,
  ) {
    this.#reader = reader
    this.#groups = groups
    this.#dues = dues
  }

  /** @param topics  the topics that each group reads */
  static async open(
    bootstrap: string,
    topics: ReadonlyMap<string, readonly string[]>,
    dues: DueTimes,
  ): Promise<LagWatch> {
    const reader = await Reader.open({ settings: { 'bootstrap.servers': bootstrap } })
    const groups = new Map<string, TopicPartition[]>()
    for (const [group, names] of topics) {
      const partitions: TopicPartition[] = []
      for (const topic of names)
        for (let partition = 0, count = await reader.partitionCount(topic); partition < count; partition++)
          partitions.push({ topic, partition })
      groups.set(group, partitions)
    }
    return new LagWatch(reader, groups, dues)
  }

  async lags(): Promise<Readonly<Record<string, Lag>>> {
    const lags: Record<string, Lag> = {}
    const all = [...new Map([...this.#groups.values()].flat().map((one) => [nameOf(one), one])).values()]
    const offsets = await this.#reader.offsets(all, 'latest')
    const ends = new Map(all.map((one, n) => [nameOf(one), offsets[n] ?? 0]))
    for (const [group, partitions] of this.#groups) {
      const now = Date.now()
      const committed = await this.#reader.committed(partitions, { group })
      let records = 0
      let oldest = now
      for (const [n, one] of partitions.entries()) {
        // Before the first commit there is none.
        const next = Math.max(0, committed[n]?.offset ?? 0)
        records += Math.max(0, ends.get(nameOf(one))! - next)
        oldest = Math.min(oldest, this.#dues.from(one, next) ?? now)
      }
      lags[group] = { records, seconds: (now - oldest) / 1000 }
    }
    return lags
  }

  close(): Promise<void> {
    return this.#reader.close()
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
