import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ParkedLetter, ParkedRecord } from './history.ts'
import type { ChaosTopics } from './topics.ts'

/** One topology that parks. */
export interface Parks {
  readonly group: string
  readonly topic: string
}

/**
 * Looks after letters while a run goes on, as people do with `millrace dlq`: after a while it releases a key, with what
 * failed mended or not, or gives the first letter up and releases the rest.
 */
export class Steward {
  readonly #topics: ChaosTopics
  readonly #all: readonly Parks[]
  readonly #mended: string
  readonly #random: () => number

  constructor(topics: ChaosTopics, all: readonly Parks[], mended: string, random: () => number) {
    this.#topics = topics
    this.#all = all
    this.#mended = mended
    this.#random = random
    mkdirSync(mended, { recursive: true })
  }

  /** Deals with about half of the keys that wait, at random. What the brokers do not take now is for the next time. */
  async round(): Promise<void> {
    for (const parks of this.#all) {
      const open = await this.#topics.open(parks.group, parks.topic).catch(() => [])
      for (const [key, letters] of waiting(open)) {
        if (this.#random() < 0.5) await this.#deal(parks, key, letters).catch(() => undefined)
      }
    }
  }

  async #deal(parks: Parks, key: string, letters: readonly ParkedLetter[]): Promise<void> {
    const [first] = letters
    const { partition } = first!
    const dice = this.#random()
    if (dice < 0.3)
      await this.#topics.command(parks, 'discard', { key, partition, letters: [first!.parkedOffset] })
    else if (dice < 0.8) for (const letter of letters) if (!letter.follower) this.#mend(letter)
    await this.#topics.command(parks, 'release', { key, partition })
  }

  #mend({ id }: ParkedLetter): void {
    writeFileSync(join(this.#mended, id), '')
  }

  /** Mends everything, discards what does not decode, and releases the rest; answers how much is open. Until nothing is. */
  async finish(): Promise<number> {
    writeFileSync(join(this.#mended, 'all'), '')
    let count = 0
    for (const parks of this.#all) {
      const open = await this.#topics.open(parks.group, parks.topic)
      count += open.length
      for (const [key, letters] of waiting(open)) {
        const { partition } = letters[0]!
        const lost = letters.filter(({ id }) => id.startsWith('garbage-'))
        if (lost.length > 0)
          await this.#topics.command(parks, 'discard', {
            key,
            partition,
            letters: lost.map(({ parkedOffset }) => parkedOffset),
          })
        await this.#topics.command(parks, 'release', { key, partition })
      }
    }
    return count
  }
}

/** Open letters by key, where nothing is asked of them that is not answered yet. */
function waiting(open: readonly ParkedRecord[]): Map<string, ParkedLetter[]> {
  const asked = new Set(open.filter(({ type }) => type === 'command').map(({ key }) => key))
  const keys = new Map<string, ParkedLetter[]>()
  for (const one of open) {
    if (one.type === 'command' || asked.has(one.key)) continue
    const letters = keys.get(one.key)
    if (letters === undefined) keys.set(one.key, [one])
    else letters.push(one)
  }
  return keys
}
