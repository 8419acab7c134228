import type { Bench } from './harness.ts'
import { Random } from './harness-records.ts'
import { StormWeather, type StormRun } from './storm-weather.ts'

/** A merge in one kind of weather. */
export interface MergeRun extends StormRun {
  /** How long a partition at its end is waited for. Long: nobody is ever given up while the storm lasts, so that order must hold. */
  readonly wait: 'long' | 'short'
  /** True: no effect may be there twice. */
  readonly exact?: boolean
  readonly budget?: string
}

/** A record behind the merge. */
export interface Passed {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly time: number
}

export const mergedTopics = ['a', 'b', 'c'] as const
const keys = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5']
export const waits = { long: 10_000, short: 20 } as const

/**
 * Three topics that are merged, on the model cluster, in bad weather. Judged are: in each life of a task the offsets of a
 * partition ascend, and, where nobody is given up, so do the times of all of them, those of one time in the order of the
 * sources; every record comes out; where no worker dies, once.
 */
export class MergeStorm {
  readonly wrong: string[] = []
  readonly facts = { crashes: 0, effects: 0, repeats: 0, lives: 0, changes: 0 }
  readonly #bench: Bench
  readonly #run: MergeRun
  readonly #random: Random
  readonly #lives: Passed[][]
  /** The last time of each partition, by its name. */
  readonly #times = new Map<string, number>()
  readonly #storm: StormWeather
  #made = 0

  constructor(bench: Bench, run: MergeRun, seed: number, lives: Passed[][]) {
    this.#bench = bench
    this.#run = run
    this.#lives = lives
    this.#random = new Random(seed)
    const { cluster } = bench
    for (const topic of mergedTopics) cluster.topics.ensure(topic, cluster.partitions)
    cluster.topics.ensure('out', cluster.partitions)
    this.#storm = new StormWeather(bench, run.weather, this.#random)
  }

  async blow(): Promise<void> {
    const { cluster } = this.#bench
    for (let n = 0; n < 30; n++) this.#write()
    for (let n = 0; n < 2; n++) cluster.start()
    for (let steps = 0; this.#made < 150 || steps < 150; steps++) {
      if (this.#random.chance(0.4)) this.#write()
      this.#storm.happen()
      await cluster.step()
    }
  }

  /** The next record of some partition: its time is that of the one before, or later. */
  #write(): void {
    const { topics: logs, partitions, clock } = this.#bench.cluster
    const topic = this.#random.pick(mergedTopics)
    const partition = this.#random.below(partitions)
    const name = `${topic}/${partition}`
    const time = (this.#times.get(name) ?? clock.now() - 1_000_000) + this.#random.below(4)
    this.#times.set(name, time)
    const id = `e${this.#made++}`
    const pad = this.#run.budget === undefined ? '' : 'x'.repeat(2000)
    this.#bench.produce([{ id, key: this.#random.pick(keys), time, pad }], partition, topic)
    if (this.#random.chance(0.1)) logs.gap({ topic, partition })
  }

  /** The end of all trouble, and so much time that nobody is waited for any more. */
  async calm(): Promise<void> {
    const { cluster } = this.#bench
    this.#storm.end()
    this.facts.crashes = this.#storm.crashes
    for (let n = 0; n < 100; n++) await cluster.step()
    for (let waited = 0; waited <= 2 * waits[this.#run.wait]; waited += 500) await cluster.step(500)
    await cluster.until(() => mergedTopics.every((topic) => this.#storm.isSettled(topic)))
    await cluster.stop()
    this.wrong.push(...this.#storm.broken())
  }

  judge(): void {
    for (const life of this.#lives) this.#judgeLife(life)
    const seen = new Set<string>()
    for (const { id } of this.#bench.world.effects) {
      this.facts.effects++
      if (seen.has(id)) this.facts.repeats++
      seen.add(id)
    }
    for (let n = 0; n < this.#made; n++) if (!seen.has(`e${n}`)) this.wrong.push(`e${n} never came out`)
    if (this.#run.exact === true && this.facts.repeats > 0)
      this.wrong.push(`${this.facts.repeats} effects are there twice`)
  }

  #judgeLife(life: readonly Passed[]): void {
    if (life.length > 0) this.facts.lives++
    const last = new Map<string, number>()
    for (const [n, one] of life.entries()) {
      if (one.offset <= (last.get(one.topic) ?? -1)) this.wrong.push(`${nameOf(one)} came again`)
      last.set(one.topic, one.offset)
      const before = life[n - 1]
      if (before === undefined) continue
      if (before.topic !== one.topic) this.facts.changes++
      if (this.#run.wait === 'long' && !isInOrder(before, one))
        this.wrong.push(`${nameOf(one)} came behind ${nameOf(before)}`)
    }
  }
}

function isInOrder(before: Passed, one: Passed): boolean {
  if (before.time !== one.time) return before.time < one.time
  return before.topic <= one.topic
}

function nameOf({ topic, partition, offset, time }: Passed): string {
  return `${topic}/${partition}@${offset} of ${time}`
}
