import type { TopicPartition } from '../../native/positions.ts'
import { Reader } from '../../native/reader.ts'

/** How far a group is behind. */
export interface Lag {
  /** Records of the load that it has not committed. */
  readonly records: number
  /** How long the oldest of them has been due. */
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

  /** How many records there are from `offset` on, and when the first of them was due. */
  from(
    place: TopicPartition,
    offset: number,
  ): { readonly records: number; readonly due: number } | undefined {
    const one = this.#partitions.get(nameOf(place))
    if (one === undefined) return undefined
    let low = 0
    let high = one.offsets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (one.offsets[middle]! >= offset) high = middle
      else low = middle + 1
    }
    const due = one.dues[low]
    return due === undefined ? undefined : { records: one.offsets.length - low, due }
  }
}

/** Looks how far groups are behind with what the load has written; topics between the nodes of a topology are left out. */
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
    const lags = [...this.#groups].map(
      async ([group, places]) => [group, await this.#lagOf(group, places)] as const,
    )
    return Object.fromEntries(await Promise.all(lags))
  }

  async #lagOf(group: string, places: readonly TopicPartition[]): Promise<Lag> {
    const committed = await this.#reader.committed(places, { group })
    const now = Date.now()
    let records = 0
    let oldest = now
    for (const [n, place] of places.entries()) {
      // Before the first commit there is none.
      const waiting = this.#dues.from(place, Math.max(0, committed[n]?.offset ?? 0))
      if (waiting === undefined) continue
      records += waiting.records
      oldest = Math.min(oldest, waiting.due)
    }
    return { records, seconds: (now - oldest) / 1000 }
  }

  close(): Promise<void> {
    return this.#reader.close()
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
