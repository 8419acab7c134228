import type { TopicPartition } from '../component/contracts/position.ts'
import type { PlainRecord } from '../component/packed-records.ts'
import type { ErrorSettings } from '../topology/plan-types.ts'

type Measure = keyof ErrorSettings['parking']

/** At which limit a partition halts. */
export interface ParkingHalt {
  /** `letter`: one does not fit into the parked topic. */
  readonly measure: Measure | 'letter'
  readonly most: number
  /** For people: what is parked, and what to do. */
  readonly sentence: string
}

export interface ParkingLimitOptions {
  readonly limits: ErrorSettings['parking']
  readonly source: TopicPartition
  readonly target: TopicPartition
  readonly trouble: (sentence: string) => void
}

/** A partition that halted goes on when it is down to this share of the limit, so as not to halt at once again. */
const goesOnAt = 0.9

/**
 * Counts what is parked of a partition, and says when that is as much as may be: nothing more is taken in then. What is
 * under way is still parked, and so the limits are passed by a budget at most.
 */
export class ParkingLimits {
  readonly #options: ParkingLimitOptions
  /** Letters of each key. */
  readonly #letters = new Map<string, number>()
  /** Keys with as many letters as may be. */
  readonly #long = new Set<string>()
  readonly #halts = new Map<Measure, ParkingHalt>()
  #keyless = 0
  #bytes = 0

  constructor(options: ParkingLimitOptions) {
    this.#options = options
  }

  /** Bytes of all letters. */
  get bytes(): number {
    return this.#bytes
  }

  /** Set while nothing more may come in. */
  get halt(): ParkingHalt | undefined {
    return this.#halts.values().next().value
  }

  /** A letter more. */
  added(key: string | undefined, bytes: number): void {
    const { letters } = this.#options.limits
    this.#bytes += bytes
    if (key === undefined) this.#keyless++
    else {
      const now = (this.#letters.get(key) ?? 0) + 1
      this.#letters.set(key, now)
      if (now >= letters) this.#long.add(key)
    }
    this.#see()
  }

  /** A letter less. */
  removed(key: string | undefined, bytes: number): void {
    const { letters } = this.#options.limits
    this.#bytes -= bytes
    if (key === undefined) this.#keyless--
    else {
      const now = (this.#letters.get(key) ?? 1) - 1
      if (now === 0) this.#letters.delete(key)
      else this.#letters.set(key, now)
      if (now <= letters * goesOnAt) this.#long.delete(key)
    }
    this.#see()
  }

  #see(): void {
    const { keys, letters, bytes } = this.#options.limits
    const wasHalted = this.#halts.size > 0
    const parked = this.#letters.size + this.#keyless
    this.#compare('keys', parked, keys, `${parked} keys are parked`)
    this.#compare('bytes', this.#bytes, bytes, `letters of ${this.#bytes} bytes are parked`)
    const isLong = this.#long.size > 0
    this.#compare('letters', isLong ? letters : 0, letters, `a key has ${letters} letters`)
    if (wasHalted && this.#halts.size === 0) {
      const { topic, partition } = this.#options.source
      this.#options.trouble(`Partition ${partition} of ${topic} goes on: fewer letters are open.`)
    }
  }

  #compare(measure: Measure, now: number, most: number, what: string): void {
    if (now <= most * goesOnAt) this.#halts.delete(measure)
    if (now < most || this.#halts.has(measure)) return
    const { source, target, trouble } = this.#options
    const sentence =
      `Partition ${source.partition} of ${source.topic} halts: ${what} in ${target.topic}, and errors.parking allows ` +
      `${measure}: ${most}. Release or discard letters (millrace dlq), or allow more.`
    this.#halts.set(measure, { measure, most, sentence })
    trouble(sentence)
  }
}

/** The size of a parked record, by which it counts: its key, its value and its own headers. */
export function sizeOf({ key, value, headers }: PlainRecord): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) size += header.name.length + (header.value?.length ?? 0)
  return size
}
