import { append } from './append.ts'
import type { Verdict } from './judge.ts'
import type { Lives } from './lives.ts'
import { judgeAscending, judgeOnce, Repeats, slowness, type Story } from './story.ts'
import { randomFrom } from './workload.ts'

interface Turn {
  readonly id: string
  readonly key: string
  readonly n: number
  readonly slow: number | false
}

interface Gap {
  readonly from: number
  readonly to: number
}

const keys = Array.from({ length: 25 }, (_, n) => `key-${n}`)
const start = Date.UTC(2026, 0, 1)
/** As many of a key are in disorder: far fewer than may wait, so that only what never comes is given up. */
const disorder = 4
/** More than may wait: behind these no number of before is missing any more. */
const tail = 16

/** Numbers that come a little early or late, some twice, some never; the last life gets what ends every wait. */
export class TurnsStory implements Story {
  readonly topology = 'turns'
  readonly #random: () => number
  readonly #perLife: number
  readonly #next = new Map<string, number>()
  /** What is not written yet, of each key: one of the first few comes next. */
  readonly #ahead = new Map<string, Turn[]>()
  readonly #sent: Turn[] = []
  readonly #twins: Turn[] = []
  readonly #missing = new Map<string, number[]>()
  readonly #repeats = new Repeats()

  constructor(seed: number, perLife: number) {
    this.#random = randomFrom(seed)
    this.#perLife = perLife
    for (const key of keys) this.#missing.set(key, [])
  }

  async tell({ store }: Lives, last: boolean): Promise<void> {
    const turns: Turn[] = []
    while (turns.length < this.#perLife)
      turns.push(this.#draw(keys[Math.floor(this.#random() * keys.length)]!))
    if (last) for (const key of keys) turns.push(...this.#rest(key))
    await append(
      store,
      'in',
      turns.map((turn, i) => ({ key: turn.key, at: start + i, value: turn })),
    )
  }

  #draw(key: string): Turn {
    const earlier = this.#sent[this.#sent.length - 1 - Math.floor(this.#random() * 60)]
    if (earlier !== undefined && this.#random() < 0.07) return this.#twin(earlier)
    const ahead = this.#ahead.get(key) ?? []
    this.#ahead.set(key, ahead)
    while (ahead.length < disorder) {
      const n = this.#number(key)
      if (this.#random() < 0.02) this.#missing.get(key)!.push(n)
      else ahead.push(this.#turn(key, n))
    }
    // None is left behind for long: the first one is drawn as often as the others together.
    const which = this.#random() < 0.5 ? 0 : Math.floor(this.#random() * disorder)
    const oldest = ahead[0]!.n + 2 * disorder < ahead[which]!.n ? 0 : which
    return this.#write(ahead.splice(oldest, 1)[0]!)
  }

  #rest(key: string): Turn[] {
    const ahead = this.#ahead.get(key) ?? []
    const more = Array.from({ length: tail }, () => this.#turn(key, this.#number(key)))
    return [...ahead, ...more].map((turn) => this.#write(turn))
  }

  #number(key: string): number {
    const n = this.#next.get(key) ?? 1
    this.#next.set(key, n + 1)
    return n
  }

  #turn(key: string, n: number): Turn {
    return { id: `${key}/${n}`, key, n, slow: slowness(this.#random()) }
  }

  #write(turn: Turn): Turn {
    this.#sent.push(turn)
    return turn
  }

  #twin({ id, key, n, slow }: Turn): Turn {
    const twin = { id: `${id} again ${this.#twins.length}`, key, n, slow }
    this.#twins.push(twin)
    return twin
  }

  async look(lives: Lives): Promise<Verdict> {
    const ordered = await lives.values('ordered')
    return this.#repeats.look(
      lives,
      ordered.map(({ value }) => (value as Turn).id),
    )
  }

  async judge(lives: Lives): Promise<Verdict> {
    const turnsOf = async (topic: string): Promise<Turn[]> =>
      (await lives.values(topic)).map(({ value }) => value as Turn)
    const [ordered, late, others] = [await turnsOf('ordered'), await turnsOf('late'), await turnsOf('others')]
    const gaps = (await lives.values('gaps')).flatMap(({ key, value }) => {
      const { from, to } = value as Gap
      return Array.from({ length: to - from + 1 }, (_, i) => `${key}/${from + i}`)
    })
    const ids = (turns: readonly Turn[]): string[] => turns.map(({ id }) => id)
    const missing = [...this.#missing].flatMap(([key, numbers]) => numbers.map((n) => `${key}/${n}`))
    return [
      ...judgeOnce('ordered', ids(ordered), ids(this.#sent)),
      ...judgeOnce('late', ids(late), ids(this.#twins)),
      ...judgeOnce('gaps', gaps, missing),
      ...judgeOnce('others', ids(others), [...ids(this.#sent), ...ids(this.#twins)]),
      ...judgeAscending(
        'ordered',
        ordered.map(({ key, n }) => ({ group: key, number: n })),
      ),
      ...this.#judgeEffects(lives),
    ]
  }

  /** Of a sink beside the commit, the first effects of each key are in order, too. */
  #judgeEffects(lives: Lives): Verdict {
    const seen = new Set<string>()
    const firsts = lives.effects().filter(({ id }) => !seen.has(id) && seen.add(id))
    const numbers = firsts.map(({ key, id }) => ({ group: key, number: Number(id.split('/')[1]) }))
    const found = firsts.map(({ id }) => id)
    return [
      ...judgeAscending('effects', numbers),
      ...judgeOnce(
        'effects',
        found,
        this.#sent.map(({ id }) => id),
      ),
    ]
  }
}
