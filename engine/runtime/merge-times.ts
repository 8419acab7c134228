import type { ValueCodec } from '../component/codec.ts'
import type { Clock } from '../component/contracts/clock.ts'
import type { Lineage } from '../component/lineage.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { batchOf } from '../component/record-batch.ts'
import type { EventTime } from './event-time.ts'

/** The times by which the records of one partition take their turn in a merge. */
export class MergeTimes {
  readonly #eventTime: EventTime
  readonly #codec: ValueCodec
  readonly #clock: Clock
  #last = Number.NEGATIVE_INFINITY

  constructor(eventTime: EventTime, codec: ValueCodec, clock: Clock) {
    this.#eventTime = eventTime
    this.#codec = codec
    this.#clock = clock
  }

  /**
   * Milliseconds since 1970, of each record. One from the future is of now, so that it does not hold up what comes behind it
   * until then; one whose time cannot be read goes with the one before it, to be refused where it comes in.
   */
  of(records: PackedRecords): Float64Array {
    const now = this.#clock.now()
    const times = this.#eventTime.allFromTopic(records.timestamps, now)
      ? records.timestamps.slice()
      : this.#read(records, now)
    for (let row = 0; row < times.length; row++) if (times[row]! > now) times[row] = now
    if (times.length > 0) this.#last = times.at(-1)!
    return times
  }

  #read(records: PackedRecords, now: number): Float64Array {
    const times = new Float64Array(records.count)
    const origin = { records, eventTimes: times, codec: this.#codec, lineage: unlisted, lineageBase: 0 }
    const batch = batchOf(origin)
    for (let row = 0; row < times.length; row++) {
      try {
        times[row] = this.#eventTime.of(batch, row, now)
      } catch {
        times[row] = row === 0 ? this.#last : times[row - 1]!
      }
    }
    return times
  }
}

/** These records are in no ledger yet: nobody settles them before they are. */
const unlisted: Lineage = {
  retain: () => undefined,
  release: () => undefined,
  releaseAll: () => undefined,
  judge: () => undefined,
  verdict: () => undefined,
  copied: () => undefined,
  whenSettled: () => undefined,
}
