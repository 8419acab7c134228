import { append, type Told } from './append.ts'
import type { Verdict } from './judge.ts'
import type { Lives } from './lives.ts'
import { judgeAscending, judgeOnce, Repeats, slowness, type Story } from './story.ts'
import { randomFrom } from './workload.ts'

interface Joined {
  readonly id: string
  readonly n: number
  readonly row?: { readonly of: string; readonly since: number }
}

const keys = Array.from({ length: 30 }, (_, n) => `key-${n}`)
const start = Date.UTC(2026, 0, 1)

/**
 * Before each life some rows change, some go away, and the others stay as earlier lives have read them. So all that a
 * life sends has exactly the rows that the topic of the table comes to when it begins.
 */
export class JoinStory implements Story {
  readonly topology = 'joined'
  readonly #random: () => number
  readonly #perLife: number
  /** By key, the table that the topic comes to: since which life a row is as it is. */
  readonly #table = new Map<string, number>()
  readonly #told: { readonly id: string; readonly n: number; readonly key: string }[] = []
  readonly #seen = new Set<string>()
  readonly #repeats = new Repeats()
  #life = 0

  constructor(seed: number, perLife: number) {
    this.#random = randomFrom(seed)
    this.#perLife = perLife
  }

  async tell({ store }: Lives): Promise<void> {
    this.#life++
    await append(store, 'rows', this.#change())
    const events = Array.from({ length: this.#perLife }, (_, i) => {
      // The first ones ask for each key: what is left of earlier lives is seen.
      const key = keys[i] ?? keys[Math.floor(this.#random() * keys.length)]!
      const n = this.#told.length
      this.#told.push({ id: `id-${n}`, n, key })
      return { key, at: start + n * 1000, value: { id: `id-${n}`, n, slow: slowness(this.#random()) } }
    })
    await append(store, 'in', events)
  }

  /** Each row that changes does so many times: the last one of them counts. */
  #change(): Told[] {
    const rows = this.#rows()
    const earlier = rows.map((row) => ({ ...row, value: { of: row.key, since: -this.#life } }))
    return [...Array.from({ length: 40 }, () => earlier).flat(), ...rows]
  }

  #rows(): Told[] {
    const changed = keys.filter(() => this.#life === 1 || this.#random() < 0.4)
    return changed.map((key) => {
      const at = start + this.#life * 1000
      if (this.#random() < 0.3) {
        this.#table.delete(key)
        return { key, at, value: null }
      }
      this.#table.set(key, this.#life)
      return { key, at, value: { of: key, since: this.#life } }
    })
  }

  async look(lives: Lives): Promise<Verdict> {
    const [out, strangers] = [await lives.values('out'), await lives.values('strangers')]
    const wrong: Verdict = []
    for (const { key, value } of [...out, ...strangers]) {
      const { id, row } = value as Joined
      if (this.#seen.has(id)) continue
      this.#seen.add(id)
      const since = this.#table.get(key)
      const expected = since === undefined ? undefined : `${key} since ${since}`
      const found = row === undefined ? undefined : `${row.of} since ${row.since}`
      if (found !== expected) wrong.push(`${id} was joined with ${found}, not with ${expected}`)
    }
    const committed = out.map(({ value }) => (value as Joined).id)
    return [...wrong, ...this.#repeats.look(lives, committed)]
  }

  async judge(lives: Lives): Promise<Verdict> {
    const [out, strangers] = [await lives.values('out'), await lives.values('strangers')]
    const found = [...out, ...strangers].map(({ value }) => (value as Joined).id)
    const numbered = (values: typeof out): { group: string; number: number }[] =>
      values.map(({ key, value }) => ({ group: key, number: (value as Joined).n }))
    return [
      ...judgeOnce(
        'joined',
        found,
        this.#told.map(({ id }) => id),
      ),
      ...judgeAscending('out', numbered(out)),
      ...judgeAscending('strangers', numbered(strangers)),
    ]
  }
}
