// A storm of rebalances: twelve readers of one group, a thirteenth that comes and goes, and a writer that goes on all
// the while. What the readers do is checked as it happens, and summed up at the end.

import type { ReaderEvent } from '../../../native/reader-events.ts'
import type { TopicPartition } from '../../../native/positions.ts'
import type { Settings } from '../../../native/settings.ts'
import { nameOf, PolledReader, unlessLost } from './polled-reader.ts'
import { writing } from './writing.ts'

export interface StormOptions {
  readonly bootstrap: string
  readonly topic: string
  readonly group: string
  readonly partitions: number
  readonly readers: number
  /** How often one more reader comes and goes. */
  readonly rounds: number
  readonly seed: number
  /** Of the group's protocol. */
  readonly settings: Settings
}

export interface StormResult {
  /** By partition: how many records were written. */
  readonly written: readonly number[]
  readonly delivered: number
  /** Records that came more than once, because a reader had not committed them before it lost them. */
  readonly duplicates: number
  readonly assignments: number
  readonly lost: number
  /** Commits that the group did not accept any more. */
  readonly refused: number
}

/** One partition, as all readers together know it. */
interface Log {
  owner: string | undefined
  /** The offset that was committed last. */
  committed: number
  readonly deliveries: Uint8Array
}

/** One reader's stay in one partition. */
interface Stay {
  readonly partition: TopicPartition
  next: number
}

class Storm {
  readonly options: StormOptions
  readonly logs: Log[]
  readonly result = { delivered: 0, duplicates: 0, assignments: 0, lost: 0, refused: 0 }
  /** What went wrong first, with any of the readers. */
  failure: Error | undefined
  #random: number
  /** Assignments without a revocation, by reader. */
  readonly open = new Map<string, Map<string, Stay>>()

  constructor(options: StormOptions) {
    this.options = options
    this.#random = options.seed % 2_147_483_647 || 1
    const most = 1 << 20
    this.logs = Array.from({ length: options.partitions }, () => ({
      owner: undefined,
      committed: 0,
      deliveries: new Uint8Array(most),
    }))
  }

  /** Whether a condition holds; rejects as soon as anything went wrong. */
  holds(condition: boolean): boolean {
    if (this.failure !== undefined) throw this.failure
    return condition
  }

  dice(sides: number): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647
    return this.#random % sides
  }

  async reader(name: string): Promise<PolledReader> {
    const { bootstrap, group, topic, settings } = this.options
    const stays = new Map<string, Stay>()
    this.open.set(name, stays)
    const reader = await PolledReader.open(
      { 'bootstrap.servers': bootstrap, 'group.id': group, 'queued.max.messages.kbytes': 1024, ...settings },
      {
        answer: false,
        contents: false,
        maxBytes: 64 * 1024,
        batchBytes: 64 * 1024,
        onEvent: async (event, self) => {
          try {
            await this.#take(name, stays, event, self)
          } catch (error) {
            this.failure ??= error as Error
            throw error
          }
        },
      },
    )
    await reader.reader.subscribe([topic])
    return reader
  }

  async #take(name: string, stays: Map<string, Stay>, event: ReaderEvent, self: PolledReader): Promise<void> {
    self.seen.length = 0
    self.events.length = 0
    if (event.type === 'assigned') await this.#assigned(name, stays, event.partitions, self)
    if (event.type === 'records') this.#records(name, stays, event)
    if (event.type === 'revoked') await this.#revoked(name, stays, event.partitions, self)
    if (event.type === 'lost') {
      this.result.lost += 1
      this.#release(name, stays, event.partitions)
    }
    if (event.type === 'failed' && event.error.class !== 'downstream') throw event.error
    if (event.type === 'records' && this.dice(20) === 0) await this.#commit(stays, self)
  }

  async #assigned(
    name: string,
    stays: Map<string, Stay>,
    partitions: readonly TopicPartition[],
    self: PolledReader,
  ) {
    this.result.assignments += 1
    const offsets = await self.reader.committed(partitions)
    for (const [index, partition] of partitions.entries()) {
      const log = this.logs[partition.partition]!
      if (stays.has(nameOf(partition))) throw new Error(`${name} is given ${nameOf(partition)} twice.`)
      if (log.owner !== undefined)
        throw new Error(`${name} is given ${nameOf(partition)}, which ${log.owner} has.`)
      const offset = offsets[index]?.offset ?? 0
      if (offset !== log.committed)
        throw new Error(`${nameOf(partition)} was committed at ${log.committed}, and is at ${offset}.`)
      log.owner = name
      stays.set(nameOf(partition), { partition, next: offset })
    }
    // One that is asked back meanwhile stays this member's until it is unassigned.
    await unlessLost(
      self.reader.assign(
        partitions.map((partition) => ({ ...partition, offset: stays.get(nameOf(partition))!.next })),
      ),
    )
  }

  #records(
    name: string,
    stays: Map<string, Stay>,
    { records }: Extract<ReaderEvent, { type: 'records' }>,
  ): void {
    const stay = stays.get(nameOf(records))
    if (stay === undefined)
      throw new Error(`${name} is delivered records of ${nameOf(records)}, which it has not.`)
    const { deliveries } = this.logs[records.partition]!
    for (const offset of records.offsets) {
      if (offset !== stay.next)
        throw new Error(`${name} is delivered ${offset} of ${nameOf(records)}, not ${stay.next}.`)
      stay.next += 1
      this.result.delivered += 1
      if (deliveries[offset]!++ > 0) this.result.duplicates += 1
    }
  }

  /** Commits all, or what is said; the group may have moved on. */
  async #commit(
    stays: Map<string, Stay>,
    self: PolledReader,
    partitions?: readonly TopicPartition[],
  ): Promise<void> {
    const chosen =
      partitions === undefined ? [...stays.values()] : partitions.map((one) => stays.get(nameOf(one))!)
    const offsets = chosen.map(({ partition, next }) => ({ ...partition, offset: next }))
    try {
      await self.reader.commit(offsets)
    } catch (error) {
      const known = (error as { class?: string }).class
      if (known !== 'lost' && known !== 'closed' && known !== 'downstream') throw error
      this.result.refused += 1
      return
    }
    for (const { partition, offset } of offsets) {
      const log = this.logs[partition]!
      if (offset < log.committed)
        throw new Error(`Partition ${partition} goes back from ${log.committed} to ${offset}.`)
      log.committed = offset
    }
  }

  async #revoked(
    name: string,
    stays: Map<string, Stay>,
    partitions: readonly TopicPartition[],
    self: PolledReader,
  ) {
    const mine = partitions.filter((partition) => stays.has(nameOf(partition)))
    await this.#commit(stays, self, mine)
    // Some at once, some one by one.
    const together = this.dice(2) === 0
    this.#release(name, stays, partitions)
    if (together) await self.reader.unassign(partitions)
    else for (const partition of partitions) await self.reader.unassign([partition])
  }

  #release(name: string, stays: Map<string, Stay>, partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      if (!stays.delete(nameOf(partition)))
        throw new Error(`${name} gives back ${nameOf(partition)}, which it has not.`)
      this.logs[partition.partition]!.owner = undefined
    }
  }

  /** Leaves as a process should: gives everything back, and then closes. */
  async leave(name: string, reader: PolledReader): Promise<void> {
    const stays = this.open.get(name)!
    await reader.reader.unsubscribe()
    await reader.until(() => this.holds(stays.size === 0), `${name} has given back everything`)
    await reader.close()
    this.open.delete(name)
  }

  /** Ends without a word: what it has not committed comes once more. */
  async vanish(name: string, reader: PolledReader): Promise<void> {
    await reader.stop()
    const stays = this.open.get(name)!
    this.#release(
      name,
      stays,
      [...stays.values()].map(({ partition }) => partition),
    )
    await reader.close()
    this.open.delete(name)
  }

  /** Whether each of the records was delivered. */
  isComplete(written: readonly number[]): boolean {
    return written.every((count, partition) =>
      this.logs[partition]!.deliveries.subarray(0, count).every(Boolean),
    )
  }

  /** Until each partition has an owner, and these readers have about the same number of them. */
  async balanced(readers: readonly PolledReader[]): Promise<void> {
    const least = Math.floor(this.options.partitions / readers.length)
    const isFair = () =>
      this.holds(
        this.logs.every(({ owner }) => owner !== undefined) &&
          readers.every(({ owned }) => owned.size >= least),
      )
    const state = () => this.logs.map(({ owner }) => owner ?? '-').join(', ')
    for (const reader of readers) await reader.until(isFair, () => `all partitions have an owner: ${state()}`)
  }
}

/** Runs a storm; rejects as soon as something is not as it should be. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const storm = new Storm(options)
  const stop = writing(options)
  try {
    return await passOver(storm, stop)
  } finally {
    await stop()
  }
}

async function passOver(storm: Storm, stop: () => Promise<number[]>): Promise<StormResult> {
  const { options } = storm
  const crew = await Promise.all(
    Array.from({ length: options.readers }, (_, index) => storm.reader(`reader ${index}`)),
  )
  await storm.balanced(crew)
  for (let round = 0; round < options.rounds; round++) {
    const name = `guest ${round}`
    const guest = await storm.reader(name)
    // Most rounds wait for the rebalance that the guest brings about; some cut into it.
    if (storm.dice(4) > 0) await storm.balanced([...crew, guest])
    if (storm.dice(5) > 0) await storm.leave(name, guest)
    else await storm.vanish(name, guest)
    if (storm.dice(4) > 0) await storm.balanced(crew)
  }
  const written = await stop()
  for (const reader of crew)
    await reader.until(() => storm.holds(storm.isComplete(written)), 'every record is delivered')
  for (const [index, reader] of crew.entries()) await storm.leave(`reader ${index}`, reader)
  if (storm.open.size > 0 || storm.logs.some(({ owner }) => owner !== undefined))
    throw new Error('Somebody is left.')
  return { written, ...storm.result }
}
