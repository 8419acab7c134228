import { sentenceOf } from '../../engine/errors.ts'
import type { Point } from '../../engine/component/points.ts'
import type { Bench, TestInput } from './harness.ts'
import { Random } from './harness-records.ts'
import type { ModelWorker } from './model-cluster.ts'
import type { Judge } from './model-judge.ts'

/** What may happen while workers work: shares of 1 for each step. */
export interface Weather {
  readonly move?: number
  readonly take?: number
  readonly expire?: number
  readonly fence?: number
  readonly crash?: number
  /** Workers crash at this point, so many times: one of the next `most` times that it is reached. */
  readonly crashAt?: { readonly point: Point; readonly most: number; readonly times: number }
  readonly release?: number
  readonly discard?: number
  /** Share of records that fail for ever, of those that fail for a while, and of duplicates. */
  readonly bad?: number
  readonly shaky?: number
  readonly twins?: number
  readonly nulls?: number
  readonly records?: number
  readonly workers?: number
  readonly keys?: number
  /** Milliseconds of event time from one record to the next; they then begin six days ago. */
  readonly drift?: number
}

/** Records come in while the cluster misbehaves; then it calms down, and everything must come to its end. */
export class Storm {
  readonly #bench: Bench
  readonly #judge: Judge
  readonly #weather: Weather
  readonly #random: Random
  readonly #nodes: readonly string[]
  #made: TestInput[] = []
  #armed: { readonly point: Point; times: number } | undefined
  #left = 0
  #ids = 0
  crashes = 0

  /** `nodes`: where records may fail. */
  constructor(bench: Bench, judge: Judge, weather: Weather, seed: number, nodes: readonly string[]) {
    this.#bench = bench
    this.#judge = judge
    this.#weather = weather
    this.#random = new Random(seed)
    this.#nodes = nodes
    this.#armed = weather.crashAt && { point: weather.crashAt.point, times: weather.crashAt.times }
    this.#left = this.#random.below(weather.crashAt?.most ?? 1)
    bench.cluster.onPoint = (point, worker) => this.#atPoint(point, worker)
  }

  #atPoint(point: Point, worker: ModelWorker): void {
    const armed = this.#armed
    if (armed === undefined || armed.point !== point || armed.times === 0 || this.#left-- > 0) return
    this.#left = this.#random.below(this.#weather.crashAt?.most ?? 1)
    armed.times--
    this.#crash(worker)
  }

  #crash(worker: ModelWorker): void {
    this.crashes++
    this.#bench.cluster.crash(worker)
  }

  async blow(): Promise<void> {
    const { cluster } = this.#bench
    const total = this.#weather.records ?? 60
    for (let n = 0; n < (this.#weather.workers ?? 2); n++) cluster.start()
    while (this.#made.length < total) {
      if (this.#random.chance(0.15)) this.#produce()
      this.#happen()
      await cluster.step()
    }
    for (let steps = 0; steps < 100; steps++) {
      this.#happen()
      await cluster.step()
    }
  }

  #produce(): void {
    const made = Array.from({ length: 1 + this.#random.below(6) }, () => this.#record())
    this.#made.push(...made)
    this.#bench.produce(made)
    const { topics, partitions } = this.#bench.cluster
    if (this.#random.chance(0.2)) topics.gap({ topic: 'in', partition: this.#random.below(partitions) })
  }

  #record(): TestInput {
    const { bad = 0, shaky = 0, twins = 0.2, nulls = 0.1, keys = 5 } = this.#weather
    if (this.#made.length > 0 && this.#random.chance(twins)) {
      const twin = this.#random.pick(this.#made.slice(-12))
      if (twin.key !== null) return twin
    }
    const key = this.#random.chance(nulls) ? null : `k${this.#random.below(keys)}`
    const id = `e${this.#ids++}`
    const time = this.#time()
    const node = this.#random.pick(this.#nodes)
    if (this.#random.chance(bad))
      return { id, key, time, fails: { [node]: this.#random.chance(0.5) ? -1 : 1000 } }
    if (this.#random.chance(shaky)) return { id, key, time, fails: { [node]: 1 + this.#random.below(3) } }
    return { id, key, time }
  }

  #time(): number {
    const now = this.#bench.cluster.clock.now()
    const { drift } = this.#weather
    return drift === undefined ? now - this.#random.below(1000) : now - 6 * 86_400_000 + this.#ids * drift
  }

  #happen(): void {
    const { cluster } = this.#bench
    const { move = 0, take = 0, expire = 0, fence = 0, crash = 0, release = 0, discard = 0 } = this.#weather
    const group = cluster.group(this.#bench.topology)
    const living = cluster.living
    if (living.length > 0) {
      const one = this.#random.pick(living)
      const partition = this.#random.below(cluster.partitions)
      if (this.#random.chance(move)) group.move(partition, one.life.name, false)
      if (this.#random.chance(take)) group.move(partition, one.life.name, true)
      if (this.#random.chance(expire)) group.expire(one.life.name)
      if (this.#random.chance(fence)) cluster.fence(one)
      if (this.#random.chance(crash)) this.#crash(one)
      if (this.#random.chance(release)) this.#letters('release')
      if (this.#random.chance(discard)) this.#letters('discard')
    }
    if (this.#random.chance(0.1)) cluster.forgetDead()
    if (living.length < (this.#weather.workers ?? 2) && this.#random.chance(0.1)) cluster.start()
  }

  /** A command about one key, or all records without one, of a partition. */
  #letters(act: 'release' | 'discard'): void {
    const partition = this.#random.below(this.#bench.cluster.partitions)
    const letters = this.#bench.parked(partition).filter(({ entry }) => entry.type === 'letter')
    if (letters.length === 0) return
    if (act === 'discard') return this.#discard(partition, this.#random.pick(letters).offset)
    this.#bench.world.mended = this.#random.chance(0.7)
    this.#bench.command(partition, this.#random.pick(letters).key, 'release')
  }

  /** Discards one letter, which then may or may not have had its effects. */
  #discard(partition: number, offset: number): void {
    const letter = this.#bench.parked(partition).find((one) => one.offset === offset)!
    if (letter.entry.type !== 'letter') return
    this.#judge.discarded.add(`${partition}@${letter.entry.info.offset}`)
    this.#bench.command(partition, letter.key, 'discard', [offset])
  }

  /** The end of all trouble: what can be settled must be. With `mend`, letters too. */
  async calm(mend: boolean): Promise<void> {
    const { cluster, world } = this.#bench
    this.#armed = undefined
    Object.assign(cluster.commits.faults, { aborted: 0, unknown: 0 })
    Object.assign(world.faults, { noAnswer: 0, refused: 0, slowest: Math.min(world.faults.slowest, 40) })
    cluster.forgetDead()
    if (cluster.living.length === 0) cluster.start()
    await cluster.until(() => this.#settled('in') || this.#halts())
    // A letter may be on its way into the parked partition while the others are released, and halt its own again.
    for (let rounds = 0; mend && rounds < 20 && !this.#allSettled(); rounds++) {
      world.mended = true
      this.#releaseAll()
      for (let steps = 0; steps < 100; steps++) await cluster.step()
      await cluster.until(() => this.#allSettled() || this.#halts())
    }
    if (mend) await cluster.until(() => this.#allSettled())
    await cluster.stop()
    for (const { error, life } of cluster.workers) {
      if (error !== undefined && life.alive)
        this.#judge.wrong.push(`${life.name} failed: ${sentenceOf(error)}`)
    }
    this.#judge.wrong.push(...cluster.commits.broken)
  }

  #allSettled(): boolean {
    return this.#settled('in') && this.#settled(this.#bench.parkedTopic)
  }

  /** True where partitions halt, and nothing else is under way. */
  #halts(): boolean {
    const tasks = this.#bench.cluster.living.flatMap(({ worker }) => [...worker.tasks])
    const halted = tasks.filter(({ inputs }) => inputs.some(({ parking }) => parking.halt !== undefined))
    return halted.length > 0 && tasks.every(({ open, awaitsLetters }) => open === 0 && !awaitsLetters)
  }

  #releaseAll(): void {
    for (let partition = 0; partition < this.#bench.cluster.partitions; partition++) {
      const keys = new Set(this.#bench.parked(partition).map(({ key }) => key))
      for (const key of keys) this.#bench.command(partition, key, 'release')
    }
  }

  #settled(topic: string): boolean {
    const { cluster, topology } = this.#bench
    if (cluster.topics.partitionsOf(topic) === undefined) return true
    return (
      Array.from({ length: cluster.partitions }, (_, partition) => partition).every((partition) => {
        const covered = this.#judge.covered({ topic, partition })
        return [...cluster.topics.all({ topic, partition })].every(([offset]) => covered(offset))
      }) && cluster.group(topology).workers.length > 0
    )
  }
}
