import type { Due } from './effects.ts'

interface Session {
  /** The next number that is not written yet. */
  next: number
  /** When all before it were written. */
  whole: Due | undefined
  readonly ahead: Map<number, Due>
}

/**
 * When events of a session can have their effect: where one was written late, those that overtook it wait for it by design, and
 * their time counts from there.
 */
export class Turns {
  readonly #sessions = new Map<string, Session>()

  /** An event was written. Answers the numbers whose turn has come by that, and since when it has. */
  written(session: string, seq: number, due: Due): { readonly seq: number; readonly due: Due }[] {
    let one = this.#sessions.get(session)
    if (one === undefined)
      this.#sessions.set(session, (one = { next: 1, whole: undefined, ahead: new Map() }))
    if (seq < one.next || one.ahead.has(seq)) return []
    one.ahead.set(seq, due)
    const turns: { seq: number; due: Due }[] = []
    for (let next = one.ahead.get(one.next); next !== undefined; next = one.ahead.get(one.next)) {
      one.ahead.delete(one.next)
      one.whole = one.whole === undefined || next.at > one.whole.at ? next : one.whole
      turns.push({ seq: one.next++, due: one.whole })
    }
    return turns
  }

  /** How many events wait for one that was not written. */
  get waiting(): number {
    return [...this.#sessions.values()].reduce((sum, { ahead }) => sum + ahead.size, 0)
  }
}
