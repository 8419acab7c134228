import type { Clock } from '../component/contracts/clock.ts'
import { kindOf, sentenceOf } from '../errors.ts'

/** How something is done that must be done, whatever is away just now. */
export interface Insistence {
  readonly clock: Clock
  /** What is being done, as the end of a sentence: `While opening: …`. */
  readonly what: string
  /** False once nobody needs it any more. */
  readonly wanted: () => boolean
  readonly trouble: (sentence: string) => void
}

/**
 * Does `work`, again and again while something is away, with pauses up to ten seconds; false if it was not wanted any more.
 * Rejects with any error that does not pass.
 */
export async function insist(
  { clock, what, wanted, trouble }: Insistence,
  work: () => Promise<void>,
): Promise<boolean> {
  for (let tries = 0; wanted(); tries++) {
    try {
      await work()
      return true
    } catch (error) {
      if (kindOf(error) !== 'downstream') throw error
      trouble(`While ${what}: ${sentenceOf(error)} It is tried again.`)
      await new Promise<void>((resolve) => clock.after(Math.min(10_000, 200 * 2 ** tries), resolve))
    }
  }
  return false
}
