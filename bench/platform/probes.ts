import { setTimeout as delay } from 'node:timers/promises'
import type { Due } from './effects.ts'

/** Looks whether an effect is there. */
export type Look = () => Promise<boolean>

/** The first look again comes after so many milliseconds; later ones when the wait is a twentieth longer. */
const shortestMs = 5
const stretch = 0.05

/**
 * Asks a table again and again until effects can be seen in it, as a reader would. At most one event in `everyMs` is asked for,
 * chosen by when it was due. The time that is told is that of the answer: at most a twentieth, or 5 ms and the request itself, too long.
 */
export class Probes {
  readonly #everyMs: number
  readonly #seen: (due: Due, at: number) => void
  readonly #under = new Set<Promise<void>>()
  #chosen = -Infinity
  #stopped = false
  #fault: Error | undefined

  constructor(everyMs: number, seen: (due: Due, at: number) => void) {
    this.#everyMs = everyMs
    this.#seen = seen
  }

  /** How many effects are waited for. */
  get open(): number {
    return this.#under.size
  }

  /** An effect will be there; `look` is used where this one is chosen. */
  offer(due: Due, look: Look): void {
    if (due.at < this.#chosen + this.#everyMs) return
    this.#chosen = due.at
    const watch = this.#watch(due, look)
      .catch((error: unknown) => void (this.#fault ??= error as Error))
      .finally(() => this.#under.delete(watch))
    this.#under.add(watch)
  }

  /** Gives up what is waited for, and throws what a look has thrown. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#under)
    if (this.#fault !== undefined) throw this.#fault
  }

  async #watch(due: Due, look: Look): Promise<void> {
    while (!this.#stopped) {
      const there = await look()
      const now = Date.now()
      if (there) return this.#seen(due, now)
      await delay(Math.min(1000, Math.max(shortestMs, (now - due.at) * stretch)))
    }
  }
}
