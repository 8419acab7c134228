import type { Point } from '../../engine/component/points.ts'
import { sentenceOf } from '../../engine/errors.ts'
import type { Bench } from './harness.ts'
import type { Random } from './harness-records.ts'
import type { ModelWorker } from './model-cluster.ts'
import type { CommitFaults } from './model-commits.ts'
import type { Outcome } from './model-runs.ts'

/** What happens to workers and letters: chances, of each in one step. */
export interface Weather {
  readonly move?: number
  readonly take?: number
  readonly expire?: number
  readonly fence?: number
  readonly crash?: number
  /** Where workers crash, a few times. */
  readonly crashAt?: Point
  /** Share of records that fail somewhere, and so are parked. */
  readonly bad?: number
  readonly release?: number
}

/** What every storm over one topology may be given. */
export interface StormRun {
  readonly exactlyOnce?: boolean
  readonly faults?: Partial<CommitFaults>
  readonly sinks?: { readonly noAnswer?: number; readonly refused?: number; readonly slowest?: number }
  readonly weather: Weather
}

/** What a storm does in its own way. */
export interface OwnWays {
  /** Starts a worker. */
  readonly start?: () => void
  /** Someone looks after letters of a partition. */
  readonly release?: (partition: number) => void
}

/** Bad weather over a topology on the model cluster, and its end. */
export class StormWeather {
  crashes = 0
  readonly #bench: Bench
  readonly #weather: Weather
  readonly #random: Random
  readonly #start: () => void
  readonly #release: (partition: number) => void
  #left = 4

  constructor(bench: Bench, weather: Weather, random: Random, own: OwnWays = {}) {
    this.#bench = bench
    this.#weather = weather
    this.#random = random
    this.#start = own.start ?? ((): void => void bench.cluster.start())
    this.#release = own.release ?? ((partition): void => this.#releaseKey(partition))
    bench.cluster.onPoint = (point, worker) => {
      if (point !== weather.crashAt || this.#left === 0 || !random.chance(0.3)) return
      this.#left--
      this.#crash(worker)
    }
  }

  #crash(worker: ModelWorker): void {
    this.crashes++
    this.#bench.cluster.crash(worker)
  }

  /** One step of it. */
  happen(): void {
    const { cluster } = this.#bench
    const { move = 0, take = 0, expire = 0, fence = 0, crash = 0, release = 0 } = this.#weather
    const group = cluster.group(this.#bench.topology)
    const { living } = cluster
    if (living.length > 0) {
      const one = this.#random.pick(living)
      const partition = this.#random.below(cluster.partitions)
      if (this.#random.chance(move)) group.move(partition, one.life.name, false)
      if (this.#random.chance(take)) group.move(partition, one.life.name, true)
      if (this.#random.chance(expire)) group.expire(one.life.name)
      if (this.#random.chance(fence)) cluster.fence(one)
      if (this.#random.chance(crash)) this.#crash(one)
      if (this.#random.chance(release)) this.#release(partition)
    }
    if (this.#random.chance(0.1)) cluster.forgetDead()
    if (living.length < 2 && this.#random.chance(0.1)) this.#start()
  }

  #releaseKey(partition: number): void {
    const keys = [...new Set(this.#bench.parked(partition).map(({ key }) => key))]
    if (keys.length === 0) return
    this.#bench.world.mended = this.#random.chance(0.6)
    this.#bench.command(partition, this.#random.pick(keys), 'release')
  }

  /** The end of all trouble: from now on nothing fails, and a worker lives. */
  end(): void {
    const { cluster, world } = this.#bench
    this.#left = 0
    Object.assign(cluster.commits.faults, { aborted: 0, unknown: 0 })
    Object.assign(world.faults, { noAnswer: 0, refused: 0, slowest: 20 })
    cluster.forgetDead()
    if (cluster.living.length === 0) this.#start()
  }

  /** The end of all trouble: all is read, released and sent. Answers what was wrong with the workers. */
  async calm(): Promise<string[]> {
    const { cluster, world } = this.#bench
    this.end()
    await cluster.until(() => this.isSettled('in'))
    for (let rounds = 0; rounds < 10 && !this.isSettled(this.#bench.parkedTopic); rounds++) {
      world.mended = true
      for (let partition = 0; partition < cluster.partitions; partition++) {
        const keys = new Set(this.#bench.parked(partition).map(({ key }) => key))
        for (const key of keys) this.#bench.command(partition, key, 'release')
      }
      await cluster.until(() => this.isSettled('in') && this.isSettled(this.#bench.parkedTopic))
    }
    await cluster.stop()
    // A partition may have been on its way to a worker that was stopped: what is owed waits for the next one.
    const { worker } = cluster.start()
    const isDone = (): boolean => {
      const tasks = [...worker.tasks]
      return tasks.length === cluster.partitions && tasks.every((task) => task.open === 0 && !task.owes)
    }
    await cluster.until(isDone)
    await cluster.stop()
    return this.broken()
  }

  /** Workers that failed by themselves, and commits that should not have been. */
  broken(): string[] {
    const { cluster } = this.#bench
    const failed = cluster.workers.flatMap(({ error, life }) =>
      error !== undefined && life.alive ? [`${life.name} failed: ${sentenceOf(error)}`] : [],
    )
    return [...failed, ...cluster.commits.broken]
  }

  /** True if all of a topic (or a topic that is not there) is committed. */
  isSettled(topic: string): boolean {
    const { cluster, topology } = this.#bench
    if (cluster.topics.partitionsOf(topic) === undefined) return true
    return Array.from({ length: cluster.partitions }, (_, partition) => partition).every((partition) => {
      const frontier = cluster.commits.position(topology, { topic, partition })?.offset ?? 0
      return [...cluster.topics.all({ topic, partition })].every(([offset]) => offset < frontier)
    })
  }
}

/** A storm over one topology, with its judge. */
export interface OwingStorm {
  /** All that must not be. */
  readonly wrong: string[]
  readonly facts: Readonly<Record<string, number>>
  blow(): Promise<void>
  calm(): Promise<void>
  judge(): void
}

/** Goes through a storm from beginning to end. */
export async function endure(bench: Bench, storm: OwingStorm): Promise<Outcome> {
  try {
    await storm.blow()
    await storm.calm()
    storm.judge()
  } catch (error) {
    storm.wrong.push(String(error), ...bench.cluster.commits.broken)
    for (const { error: own, life } of bench.cluster.workers) {
      if (own !== undefined) storm.wrong.push(`${life.name} failed: ${sentenceOf(own)}`)
    }
  }
  return { wrong: storm.wrong, facts: storm.facts }
}
