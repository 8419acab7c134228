import type { OutgoingRecord } from '../../engine/component/contracts/log.ts'
import type { Spool, SpooledRecord } from '../../engine/embedded/spool.ts'
import { fatalError } from '../../engine/errors.ts'

/** What of a spool outlives a process. */
export class Disk {
  readonly records: OutgoingRecord[] = []
  readonly aside: { readonly record: OutgoingRecord; readonly reason: string }[] = []
  head = 0
  /** While true, nothing can be written. */
  full = false
}

/** A spool over a disk in memory, with the waits of a real one. */
export class FakeSpool implements Spool {
  readonly #disk: Disk
  #isDead = false
  #bytes = 0

  constructor(disk: Disk) {
    this.#disk = disk
  }

  get head(): number {
    return this.#disk.head
  }

  get end(): number {
    return this.#disk.records.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The process dies: what is not on disk yet never comes there. */
  die(): void {
    this.#isDead = true
  }

  async append(records: readonly OutgoingRecord[], bytes: number): Promise<number> {
    await this.#turn()
    const first = this.#disk.records.length
    this.#disk.records.push(...records)
    this.#bytes += bytes
    return first
  }

  async read(from: number, limit: number): Promise<readonly SpooledRecord[]> {
    const start = Math.max(from, this.head)
    return this.#disk.records
      .slice(start, start + limit)
      .map((record, index) => ({ place: start + index, record }))
  }

  async pass(place: number, bytes: number): Promise<void> {
    await this.#turn()
    this.#disk.head = Math.max(this.#disk.head, place)
    this.#bytes = place === this.end ? 0 : this.#bytes - bytes
  }

  async setAside(record: OutgoingRecord, reason: string): Promise<void> {
    await this.#turn()
    this.#disk.aside.push({ record, reason })
  }

  async asideCount(): Promise<number> {
    return this.#disk.aside.length
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#isDead) await new Promise(() => undefined)
    if (this.#disk.full) throw fatalError('STORE_FULL', 'The disk is full.')
  }
}
