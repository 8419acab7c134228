import { append, type Place } from './append.ts'
import type { Verdict } from './judge.ts'
import type { Lives } from './lives.ts'
import { judgeAscending, judgeOnce, slowness, type Story } from './story.ts'
import { randomFrom } from './workload.ts'

interface Sale {
  readonly id: string
  readonly customer: string
  readonly slow: number | false
}

interface Total {
  readonly key: string
  readonly version: number
  readonly n: number
  readonly ids: readonly string[]
}

const start = Date.UTC(2026, 0, 1)

/** Sales with keys of their own, which are counted by customer: those of a customer come from all partitions. */
export class MovedStory implements Story {
  readonly topology = 'moved'
  readonly #random: () => number
  readonly #perLife: number
  readonly #told: (Sale & Place)[] = []

  constructor(seed: number, perLife: number) {
    this.#random = randomFrom(seed)
    this.#perLife = perLife
  }

  async tell({ store }: Lives): Promise<void> {
    const from = this.#told.length
    const sales = Array.from({ length: this.#perLife }, (_, i) => ({
      id: `id-${from + i}`,
      customer: `customer-${Math.floor(this.#random() * 20)}`,
      slow: slowness(this.#random()),
    }))
    const places = await append(
      store,
      'in',
      sales.map((sale, i) => ({ key: sale.id, at: start + (from + i) * 1000, value: sale })),
    )
    for (const [i, sale] of sales.entries()) this.#told.push({ ...sale, ...places[i]! })
  }

  async look(lives: Lives): Promise<Verdict> {
    const totals = (await lives.values('sums')).map(({ value }) => value as Total)
    const short = totals.filter(({ n, ids }) => n !== ids.length)
    return [
      ...judgeAscending(
        'versions',
        totals.map(({ key, version }) => ({ group: key, number: version })),
      ),
      ...short.map(({ key, n, ids }) => `${key}: ${n} were counted, and ${ids.length} collected`),
    ]
  }

  async judge(lives: Lives): Promise<Verdict> {
    const last = new Map<string, Total>()
    for (const { value } of await lives.values('sums')) last.set((value as Total).key, value as Total)
    const counted = [...last].flatMap(([customer, { ids }]) => ids.map((id) => `${customer} ${id}`))
    const others = (await lives.values('others')).map(({ value }) => (value as Sale).id)
    return [
      ...judgeOnce(
        'counted',
        counted,
        this.#told.map(({ customer, id }) => `${customer} ${id}`),
      ),
      ...judgeOnce(
        'others',
        others,
        this.#told.map(({ id }) => id),
      ),
      ...this.#judgeOrder(last),
    ]
  }

  /** Of one customer, what came from one partition keeps its order. */
  #judgeOrder(last: ReadonlyMap<string, Total>): Verdict {
    const places = new Map(this.#told.map((sale) => [sale.id, sale]))
    const found = [...last].flatMap(([customer, { ids }]) =>
      ids.flatMap((id) => {
        const place = places.get(id)
        return place === undefined
          ? []
          : [{ group: `${customer} from ${place.partition}`, number: place.offset }]
      }),
    )
    return judgeAscending('order', found)
  }
}
