import type { OutgoingRecord } from '../engine/component/contracts/log.ts'
import type { Spool } from '../engine/embedded/spool.ts'
import { asMillraceError, sentenceOf } from '../engine/errors.ts'
import { Entry } from './entry.ts'

/** What writes to a spool, in the order of the calls, and reads what waits there. */
export class Spooling {
  readonly #spool: Spool
  readonly #limit: number
  readonly #sizeOf: (record: OutgoingRecord) => number
  readonly #trouble: (sentence: string) => void
  /** Those in the spool whose position somebody awaits. */
  readonly #awaited = new Map<number, Entry>()
  #coming: Coming[] = []
  #comingBytes = 0
  #work: Promise<void> | undefined
  /** The place of the first record that is in no memory and not under way. */
  #next: number

  constructor(
    spool: Spool,
    options: {
      readonly limit: number
      readonly sizeOf: (record: OutgoingRecord) => number
      readonly trouble: (sentence: string) => void
    },
  ) {
    this.#spool = spool
    this.#limit = options.limit
    this.#sizeOf = options.sizeOf
    this.#trouble = options.trouble
    this.#next = spool.head
  }

  /** Whether nothing waits in it or is on its way there. */
  get isEmpty(): boolean {
    return this.#work === undefined && this.#next >= this.#spool.end
  }

  /** Records that wait in it. */
  get waiting(): number {
    return this.#spool.end - this.#spool.head + this.#coming.length
  }

  get bytes(): number {
    return this.#spool.bytes + this.#comingBytes
  }

  hasRoom(bytes: number): boolean {
    return this.bytes === 0 || this.bytes + bytes <= this.#limit
  }

  /** Has an entry written to disk that is nowhere else, and is told so where that fails. */
  add(entry: Entry): void {
    this.#come({ entry, isCopy: false })
  }

  /** Has an entry written to disk that is in memory, or under way, and remains there. */
  addCopy(entry: Entry): void {
    this.#come({ entry, isCopy: true })
  }

  /** Resolves when what was added is on disk, or has failed. */
  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work
  }

  /** The next ones that wait, in order. */
  async take(records: number, bytes: number): Promise<Entry[]> {
    const taken: Entry[] = []
    let sum = 0
    for (const { place, record } of await this.#spool.read(this.#next, records)) {
      const entry = this.#awaited.get(place) ?? new Entry(record, this.#sizeOf(record), false, place)
      if (taken.length > 0 && sum + entry.bytes > bytes) break
      sum += entry.bytes
      taken.push(entry)
      this.#next = place + 1
    }
    return taken
  }

  /** These, which are the oldest there are, are done with. */
  async pass(entries: readonly Entry[]): Promise<void> {
    const placed = entries.filter(({ place }) => place !== undefined)
    const last = placed.at(-1)?.place
    if (last === undefined) return
    for (const { place } of placed) this.#awaited.delete(place!)
    this.#next = Math.max(this.#next, last + 1)
    await this.#spool.pass(
      last + 1,
      placed.reduce((sum, { bytes }) => sum + bytes, 0),
    )
  }

  /** Keeps a record that no topic will take, unless somebody hears of it: nobody may be there who sent it. */
  async setAside({ record, place, wantsPosition }: Entry, reason: string): Promise<boolean> {
    if (place === undefined || wantsPosition) return false
    await this.#spool.setAside(record, reason)
    return true
  }

  asideCount(): Promise<number> {
    return this.#spool.asideCount()
  }

  /** Whoever awaits a position of what is in the spool. */
  awaiting(): Iterable<Entry> {
    return this.#awaited.values()
  }

  async close(): Promise<void> {
    await this.settled()
    await this.#spool.close()
  }

  #come(coming: Coming): void {
    this.#coming.push(coming)
    this.#comingBytes += coming.entry.bytes
    this.#work ??= this.#write()
  }

  async #write(): Promise<void> {
    // What is written in one turn of the event loop shares a flush of the disk.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#coming.length > 0) {
      const coming = this.#coming
      this.#coming = []
      const bytes = coming.reduce((sum, { entry }) => sum + entry.bytes, 0)
      await this.#append(coming, bytes)
      this.#comingBytes -= bytes
    }
    this.#work = undefined
  }

  async #append(coming: readonly Coming[], bytes: number): Promise<void> {
    try {
      const records = coming.map(({ entry }) => entry.record)
      const first = await this.#spool.append(records, bytes)
      for (const [index, { entry, isCopy }] of coming.entries()) {
        if (entry.wantsPosition && !isCopy) this.#awaited.set(first + index, entry)
        entry.spooled(first + index)
      }
    } catch (error) {
      this.#trouble(`The spool cannot be written: ${sentenceOf(error)}`)
      for (const { entry, isCopy } of coming) if (!isCopy) entry.fail(asMillraceError(error, 'STORE_FAILED'))
    }
  }
}

/** An entry on its way to the disk. */
interface Coming {
  readonly entry: Entry
  readonly isCopy: boolean
}
