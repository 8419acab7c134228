import { downstreamError, type MillraceError, permanentError } from '../errors.ts'
import type { RegistryTuning } from './registry-settings.ts'

interface UnknownId {
  /** Until then values that carry it wait. */
  readonly waitUntil: number
  /** Until then the registry is not asked for it again. */
  quietUntil: number
  /** Whether its waiting in vain was counted, once. */
  counted: boolean
}

const mostRemembered = 10_000

/**
 * The ids that the registry says it does not have.
 *
 * A value can overtake its schema where a registry has followers, so the first values with an unknown id wait for a
 * grace period (downstream); then they are given up (permanent). Garbage has unknown ids too, a new one in each value:
 * lest every one of them holds its partition up, a grace period that ended in vain is the last for ten times as long,
 * unless some id turns up meanwhile.
 */
export class UnknownIds {
  readonly #tuning: RegistryTuning
  readonly #ids = new Map<number, UnknownId>()
  #noGraceUntil = -Infinity

  constructor(tuning: RegistryTuning) {
    this.#tuning = tuning
  }

  /** The error for an id that need not be asked for now; undefined where it should be. */
  standing(id: number): MillraceError | undefined {
    const entry = this.#ids.get(id)
    return entry !== undefined && this.#tuning.now() < entry.quietUntil ? this.#error(id, entry) : undefined
  }

  /** The error for an id that is given up, however long ago that was found out. */
  refusal(id: number): MillraceError | undefined {
    const entry = this.#ids.get(id)
    if (entry === undefined || this.#tuning.now() < entry.waitUntil) return undefined
    return this.#error(id, entry)
  }

  /** Notes that the registry was asked and does not have it; answers what to throw. */
  missing(id: number): MillraceError {
    const { now, graceMs, unknownMs } = this.#tuning
    const at = now()
    const entry = this.#ids.get(id) ?? this.#begin(at)
    const waits = at < entry.waitUntil
    // Asked a last time when its time is up.
    entry.quietUntil = waits ? Math.min(at + unknownMs / 5, entry.waitUntil) : at + unknownMs
    if (!waits && !entry.counted) {
      entry.counted = true
      this.#noGraceUntil = at + 10 * graceMs
    }
    this.#remember(id, entry)
    return this.#error(id, entry)
  }

  /** The id turned up after all: values do overtake their schemas here. */
  found(id: number): void {
    if (this.#ids.delete(id)) this.#noGraceUntil = -Infinity
  }

  #begin(at: number): UnknownId {
    const grace = at >= this.#noGraceUntil
    return { waitUntil: grace ? at + this.#tuning.graceMs : at, quietUntil: at, counted: !grace }
  }

  #remember(id: number, entry: UnknownId): void {
    this.#ids.set(id, entry)
    if (this.#ids.size <= mostRemembered) return
    const [oldest] = this.#ids.keys()
    this.#ids.delete(oldest!)
  }

  #error(id: number, { waitUntil }: UnknownId): MillraceError {
    const left = waitUntil - this.#tuning.now()
    if (left <= 0) {
      const what = `The schema registry has no schema with the id ${id}`
      return permanentError(
        'AVRO_UNKNOWN_SCHEMA_ID',
        `${what}: the value was written for another registry, or is garbage.`,
        { facts: { id } },
      )
    }
    // Without what is left of it: a message that stays the same is logged once.
    const seconds = Math.round(this.#tuning.graceMs / 100) / 10
    const what = `The schema registry has no schema with the id ${id} yet`
    return downstreamError(
      'AVRO_UNKNOWN_SCHEMA_ID',
      `${what}: values with it wait for ${seconds} s, then they are given up.`,
      { facts: { id, retryInMs: Math.min(left, this.#tuning.unknownMs / 5) } },
    )
  }
}
