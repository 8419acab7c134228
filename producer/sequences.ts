import { permanentError } from '../engine/errors.ts'

/** Keys whose last number is remembered; the one that was longest without a record is forgotten first. */
const mostKeys = 100_000

/**
 * The numbers that records of a key carry, as this producer has seen them. A number that is not above the last one of its
 * key is refused: the records would be in their topic in another order than the one that they claim.
 *
 * A gap is let through: another process may have written what is missing, and `resequence` waits for it.
 */
export class Sequences {
  readonly #last = new Map<string, bigint>()

  /**
   * Sees whether a record of the key may have this number.
   *
   * @throws RECORD_UNORDERED (permanent)
   */
  check(key: string, number: bigint, about: string): void {
    const last = this.#last.get(key)
    if (last === undefined || number > last) return
    throw permanentError(
      'RECORD_UNORDERED',
      `${about}: its number ${number} comes after ${last} of the same key: records of a key are numbered upwards, in the order in which they are written.`,
      { facts: { number: String(number), last: String(last) } },
    )
  }

  /** A record of the key was taken. */
  note(key: string, number: bigint): void {
    this.#last.delete(key)
    this.#last.set(key, number)
    if (this.#last.size > mostKeys) this.#last.delete(this.#last.keys().next().value!)
  }
}
