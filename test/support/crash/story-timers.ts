import { expectedTimers } from '../schedule-model.ts'
import { append, type Place } from './append.ts'
import type { Verdict } from './judge.ts'
import type { Lives } from './lives.ts'
import { judgeOnce, Repeats, slowness, type Story } from './story.ts'
import { randomFrom } from './workload.ts'

interface Step {
  readonly id: string
  readonly key: string
  readonly what: 'begin' | 'end' | 'more'
  readonly at: number
  readonly slow: number | false
}

const keys = Array.from({ length: 30 }, (_, n) => `key-${n}`)
const start = Date.UTC(2026, 0, 1)
const after = 60_000
const rules = { grace: 5000, keep: 'last' as const }

/** Steps in a little disorder of their times; the last life gets, in each partition, what ends every timer. */
export class TimersStory implements Story {
  readonly topology = 'timers'
  readonly #random: () => number
  readonly #perLife: number
  /** All that was written, but for what was written again. */
  readonly #told: (Step & Place)[] = []
  #made = 0
  readonly #repeats = new Repeats()

  constructor(seed: number, perLife: number) {
    this.#random = randomFrom(seed)
    this.#perLife = perLife
  }

  async tell({ store }: Lives, last: boolean): Promise<void> {
    const steps: Step[] = []
    for (let i = 0; i < this.#perLife; i++) {
      const earlier = steps.at(-1 - Math.floor(this.#random() * 20))
      steps.push(earlier !== undefined && this.#random() < 0.07 ? earlier : this.#step(this.#made++))
    }
    const told = steps.map((step) => ({ key: step.key, at: step.at, value: step, partition: undefined }))
    const ends = last ? [0, 1, 2].map((partition) => this.#end(partition)) : []
    const places = await append(store, 'in', [
      ...told.map(({ key, at, value }) => ({ key, at, value })),
      ...ends.map(({ step, partition }) => ({ key: step.key, at: step.at, value: step, partition })),
    ])
    const known = new Set(this.#told.map(({ id }) => id))
    for (const [i, step] of [...steps, ...ends.map(({ step }) => step)].entries()) {
      if (!known.has(step.id)) this.#told.push({ ...step, ...places[i]! })
      known.add(step.id)
    }
  }

  #step(n: number): Step {
    const random = this.#random
    const what = random() < 0.5 ? 'begin' : random() < 0.7 ? 'end' : 'more'
    const at = start + n * 2000 - Math.floor(random() * 15_000)
    return {
      id: `id-${n}`,
      key: keys[Math.floor(random() * keys.length)]!,
      what,
      at,
      slow: slowness(random()),
    }
  }

  #end(partition: number): { readonly step: Step; readonly partition: number } {
    const at = start + 7 * 86_400_000
    return { step: { id: `last-${partition}`, key: 'last', what: 'more', at, slow: false }, partition }
  }

  async look(lives: Lives): Promise<Verdict> {
    const sent = (await lives.values('due')).map(({ value }) => value as Step)
    return this.#repeats.look(
      lives,
      sent.map(({ id }) => id),
    )
  }

  async judge(lives: Lives): Promise<Verdict> {
    const sent = (await lives.values('due')).map(({ value }) => value as Step & { readonly due: number })
    const others = (await lives.values('others')).map(({ value }) => (value as Step).id)
    const effects = lives.effects().map(({ id }) => id)
    const expected = this.#expected()
    const untimely = sent.filter(({ at, due }) => due !== at + after)
    return [
      ...judgeOnce(
        'due',
        sent.map(({ id }) => id),
        expected,
      ),
      ...judgeOnce('effects', [...new Set(effects)], expected),
      ...judgeOnce(
        'others',
        others,
        this.#told.map(({ id }) => id),
      ),
      ...untimely.map(({ id, due }) => `${id} was due at ${due}`),
    ]
  }

  #expected(): string[] {
    return [0, 1, 2].flatMap((partition) => {
      const steps = this.#told.filter((step) => step.partition === partition)
      const ids = new Map(steps.map(({ offset, id }) => [offset, id]))
      const records = steps.toSorted((a, b) => a.offset - b.offset).map((step) => timerOf(step))
      return expectedTimers(rules, records).sent.map((offset) => ids.get(offset)!)
    })
  }
}

/** What a step does to the timer of its key; one that does nothing but move time is of a key without timers. */
function timerOf({ key, offset, at, what }: Step & Place): Parameters<typeof expectedTimers>[1][number] {
  return { key: what === 'more' ? '' : key, offset, time: at, due: what === 'begin' ? at + after : undefined }
}
