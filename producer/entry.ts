import type { OutgoingRecord, RecordPosition } from '../engine/component/contracts/log.ts'

/** How a record is safe: its topic has it, at this position, or the spool does. */
export type Safety = { readonly in: 'topic'; readonly position: RecordPosition } | { readonly in: 'spool' }

/** A record on its way, and whom to tell. */
export class Entry {
  readonly record: OutgoingRecord
  /** What it takes in memory or in the spool, roughly. */
  readonly bytes: number
  /** Whether somebody waits until its position is known; otherwise the spool is where it may be forgotten. */
  readonly wantsPosition: boolean
  /** Its place in the spool, where it has one. */
  place: number | undefined
  readonly written: Promise<RecordPosition>
  readonly safe: Promise<Safety>
  #resolveWritten!: (position: RecordPosition) => void
  #resolveSafe!: (safety: Safety) => void
  readonly #rejects: ((error: unknown) => void)[] = []

  constructor(record: OutgoingRecord, bytes: number, wantsPosition: boolean, place?: number) {
    this.record = record
    this.bytes = bytes
    this.wantsPosition = wantsPosition
    this.place = place
    this.written = new Promise((resolve, reject) => {
      this.#resolveWritten = resolve
      this.#rejects.push(reject)
    })
    this.safe = new Promise((resolve, reject) => {
      this.#resolveSafe = resolve
      this.#rejects.push(reject)
    })
    // Whoever asked awaits one of the two; the other is not "unhandled".
    this.written.catch(() => undefined)
    this.safe.catch(() => undefined)
  }

  arrive(position: RecordPosition): void {
    this.#resolveWritten(position)
    this.#resolveSafe({ in: 'topic', position })
  }

  spooled(place: number): void {
    this.place = place
    this.#resolveSafe({ in: 'spool' })
  }

  /** Who waits for safety that was reached already hears nothing of it. */
  fail(error: unknown): void {
    for (const reject of this.#rejects) reject(error)
  }
}
