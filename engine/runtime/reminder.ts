import type { Clock } from '../component/contracts/clock.ts'
import type { TopicPartition } from '../component/contracts/position.ts'

/** How long something may take before it is told, and told again, milliseconds. */
const tellAfterMs = 5000
const tellAgainMs = 30_000

export interface ReminderOptions {
  readonly clock: Clock
  readonly trouble: (sentence: string) => void
}

/** Tells what is waited for, where that takes long. */
export class Reminder {
  readonly #options: ReminderOptions
  #tellAt: number | undefined

  constructor(options: ReminderOptions) {
    this.#options = options
  }

  /** Said again and again: what is waited for, in a sentence; false where it is nothing any more. */
  waits(sentence: string | false): void {
    if (sentence === false) {
      this.#tellAt = undefined
      return
    }
    const now = this.#options.clock.now()
    this.#tellAt ??= now + tellAfterMs
    if (now < this.#tellAt) return
    this.#tellAt = now + tellAgainMs
    this.#options.trouble(sentence)
  }
}

/** The first three of these, and how many more there are. */
export function placesText(places: readonly TopicPartition[]): string {
  const shown = places.slice(0, 3).map(({ topic, partition }) => `${topic}/${partition}`)
  return `${shown.join(', ')}${places.length > 3 ? ` and ${places.length - 3} more` : ''}`
}
