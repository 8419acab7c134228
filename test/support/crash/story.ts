import type { Verdict } from './judge.ts'
import type { Death, Lives } from './lives.ts'

/** What a node that keeps state is told over several lives, and what must come of it. */
export interface Story {
  /** The file of the project that the workers run. */
  readonly topology: string
  /** Writes what comes in before the next life; `last` before the one that ends by itself. */
  tell(lives: Lives, last: boolean): Promise<void>
  /** Looks at what a life left behind. */
  look(lives: Lives): Promise<Verdict>
  /** Compares what there is in the end with what is computed from all that was told. */
  judge(lives: Lives): Promise<Verdict>
}

/**
 * How long the slow branch takes for an event: milliseconds, longer than from one commit to the next, so that what is behind
 * it is settled much earlier. `drawn` is from 0 to 1.
 */
export function slowness(drawn: number): number | false {
  return drawn < 0.03 ? 40 : false
}

/** How a story went. */
export interface Ending {
  readonly killed: number
  /** Effects that a life repeated. */
  readonly repeats: number
  /** Of lives that were not killed, what they failed by. */
  readonly failed: readonly string[]
  readonly wrong: Verdict
}

/** Lives until all deaths are died, and once more to the end. */
export async function live(story: Story, lives: Lives, deaths: readonly Death[]): Promise<Ending> {
  let killed = 0
  const failed: string[] = []
  const wrong: Verdict = []
  for (const [n, death] of [...deaths, {}].entries()) {
    await story.tell(lives, n === deaths.length)
    const life = await lives.live(death)
    if (life.killed) killed++
    else if (life.code !== 0) failed.push(`${life.code}: ${life.stderr}`)
    wrong.push(...(await story.look(lives)).map((what) => `life ${n + 1}: ${what}`))
  }
  wrong.push(...(await story.judge(lives)))
  const effects = lives.effects()
  const repeats = effects.length - new Set(effects.map(({ id }) => id)).size
  return { killed, repeats, failed, wrong }
}

/** A sink beside the commit may have something again, but nothing that was committed before the life began. */
export class Repeats {
  #looked = 0
  #committed: ReadonlySet<string> = new Set()

  /** `committed`: by now, ids of all that is in the committed output. */
  look(lives: Lives, committed: readonly string[]): Verdict {
    const effects = lives.effects()
    const again = effects.slice(this.#looked).filter(({ id }) => this.#committed.has(id))
    this.#looked = effects.length
    this.#committed = new Set(committed)
    return again.map(({ id }) => `${id} was committed, and had an effect again`)
  }
}

/** Each of these is there once, and nothing else is. */
export function judgeOnce(what: string, found: readonly string[], expected: readonly string[]): Verdict {
  const seen = new Set<string>()
  const wrong: Verdict = []
  for (const name of found) {
    if (seen.has(name)) wrong.push(`${what}: ${name} is there twice`)
    seen.add(name)
  }
  const should = new Set(expected)
  for (const name of should) if (!seen.has(name)) wrong.push(`${what}: ${name} is lost`)
  for (const name of seen) if (!should.has(name)) wrong.push(`${what}: ${name} should not be there`)
  return wrong
}

/** In each of the groups the numbers ascend. */
export function judgeAscending(
  what: string,
  found: readonly { readonly group: string; readonly number: number }[],
): Verdict {
  const wrong: Verdict = []
  const last = new Map<string, number>()
  for (const { group, number } of found) {
    const before = last.get(group)
    if (before !== undefined && number <= before)
      wrong.push(`${what}: ${group}: ${number} came after ${before}`)
    last.set(group, number)
  }
  return wrong
}
