import { permanentError } from '../errors.ts'
import type { RecordBatch } from '../component/record-batch.ts'
import { FieldAccess } from '../component/record-view.ts'
import { timeOf } from '../component/times.ts'

/** A record that claims to be from later than this (milliseconds from now) is refused: its clock is wrong. */
const furthestFutureMs = 24 * 3_600_000

/** Reads the event time of records: from a field, or the time that the topic gave them. */
export class EventTime {
  readonly #field: FieldAccess | undefined

  constructor(path: string | undefined) {
    this.#field = path === undefined ? undefined : new FieldAccess(path)
  }

  /** True if every record has the time that the topic gave it, and none of them is refused: nothing is to be read. */
  allFromTopic(times: Float64Array, now: number): boolean {
    return this.#field === undefined && times.every((time) => time <= now + furthestFutureMs)
  }

  /** Milliseconds since 1970. Throws a permanent error for a time that can't be. */
  of(batch: RecordBatch, i: number, now: number): number {
    const own = batch.origin.records.timestamps[batch.rows[i]!]!
    const time =
      this.#field === undefined || batch.isTombstone(i) ? own : this.#read(this.#field, batch, i, own)
    if (time <= now + furthestFutureMs) return time
    throw permanentError(
      'RECORD_UNORDERED',
      `The record says that it is from ${new Date(time).toISOString()}, more than a day from now.`,
    )
  }

  #read(field: FieldAccess, batch: RecordBatch, i: number, own: number): number {
    const value = field.read(batch, i)
    if (value === undefined || value === null) return own
    const time = timeOf(value)
    if (time !== undefined) return time
    throw permanentError(
      'RECORD_INVALID',
      `The field ${field.path.join('.')} should be a time, and is ${shown(value)}.`,
    )
  }
}

function shown(value: unknown): string {
  return typeof value === 'bigint' ? value.toString() : (JSON.stringify(value)?.slice(0, 100) ?? typeof value)
}
