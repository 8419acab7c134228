import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Log, OutgoingBatch, OutgoingRecord } from '../../engine/component/contracts/log.ts'
import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import { unpackBatch } from '../../engine/component/outgoing.ts'
import type { Registry } from '../../engine/component/define.ts'
import { readTopologyText } from '../../engine/config/load.ts'
import type { Point } from '../../engine/component/points.ts'
import { Worker } from '../../engine/runtime/worker.ts'
import type { Environment } from '../../engine/runtime/worker-options.ts'
import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'
import { planReading } from '../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { FakeClock, turn } from './fake-clock.ts'
import { Random } from './harness-records.ts'
import { ModelBackend, ModelCommits, type CommitFaults } from './model-commits.ts'
import { ModelGroup } from './model-groups.ts'
import { Life, lifeNow } from './model-life.ts'
import { ModelReader } from './model-reader.ts'
import { ModelTopics } from './model-topics.ts'

export interface ClusterOptions {
  readonly seed: number
  readonly yaml: string
  /** The components, made for each worker. */
  readonly registry: (life: Life) => Registry
  readonly partitions?: number
  readonly faults?: Partial<CommitFaults>
  readonly drainMs?: number
  /** Records of a partition that one poll brings at most. */
  readonly pollRecords?: number
}

/** A worker in its life. */
export interface ModelWorker {
  readonly life: Life
  readonly worker: Worker
  readonly backends: ModelBackend[]
  readonly ended: Promise<WorkerSummary | undefined>
  /** What it failed with. */
  error: unknown
  over: boolean
}

/**
 * Topics, a group coordinator, transactions and any number of workers in one process, on one clock, by one seed: what a
 * cluster may do to a worker, it can do here, and do again.
 */
export class ModelCluster {
  readonly clock = new FakeClock()
  readonly random: Random
  readonly topics = new ModelTopics()
  readonly commits: ModelCommits
  readonly workers: ModelWorker[] = []
  /** What workers said to their logs. */
  readonly troubles: string[] = []
  readonly partitions: number
  /** Called at each point that a living worker reaches. */
  onPoint: (point: Point, worker: ModelWorker) => void = () => undefined
  /** Called before records are fetched; may throw what the log then rejects with. */
  onFetch: () => void = () => undefined
  #options: ClusterOptions
  readonly #groups = new Map<string, ModelGroup>()
  readonly #lives = new Map<Life, ModelWorker>()
  readonly #listener = (message: unknown): void => this.#reached((message as { point: Point }).point)

  constructor(options: ClusterOptions) {
    this.#options = options
    this.partitions = options.partitions ?? 2
    this.random = new Random(options.seed)
    const faults = { aborted: 0, unknown: 0, slowest: 20, ...options.faults }
    this.commits = new ModelCommits(this.topics, (name) => this.group(name), faults)
    subscribe('millrace.point', this.#listener)
  }

  get living(): ModelWorker[] {
    return this.workers.filter(({ life, over }) => life.alive && !over)
  }

  group(name: string): ModelGroup {
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = new ModelGroup((topic) => this.topics.partitionsOf(topic) ?? 0)
      this.#groups.set(name, group)
    }
    return group
  }

  /** Workers that start from now on run another topology. */
  reconfigure(yaml: string): void {
    this.#options = { ...this.#options, yaml }
  }

  plan(life: Life): TopologyPlan {
    return planReading(readTopologyText('test.yaml', this.#options.yaml, this.#options.registry(life), {}))
  }

  start(): ModelWorker {
    const life = new Life(`w${this.workers.length}`, this.clock, new Random(this.random.below(2 ** 31)))
    const backends: ModelBackend[] = []
    const worker = new Worker({
      plan: this.plan(life),
      environment: this.#environment(life, backends),
      drainMs: this.#options.drainMs ?? 2000,
      trouble: (sentence) => this.troubles.push(sentence),
      random: life.random.next,
    })
    const ended = life
      .run(() => worker.run())
      .then(
        (summary) => {
          one.over = true
          return summary
        },
        (error: unknown) => {
          one.over = true
          one.error = error
          return undefined
        },
      )
    const one: ModelWorker = { life, worker, backends, ended, error: undefined, over: false }
    this.workers.push(one)
    this.#lives.set(life, one)
    return one
  }

  /** Kills a worker: it never does anything again. Its group notices later (`forget`). */
  crash({ life }: ModelWorker): void {
    life.end()
  }

  /** The cluster gives up on the dead: their partitions are free, their transactions end somehow. */
  forgetDead(): void {
    this.commits.endOrphans(() => this.random.chance(0.5))
    for (const { life } of this.workers) {
      if (!life.alive) for (const group of this.#groups.values()) group.expire(life.name)
    }
  }

  fence({ life, backends }: ModelWorker): void {
    for (const backend of backends) backend.fenced = true
    this.commits.abortAll(life)
  }

  /** One turn of everything, and some milliseconds. */
  async step(ms = 1 + this.random.below(10)): Promise<void> {
    await turn()
    this.clock.advance(ms)
  }

  /** Goes on until `done`, or gives up. */
  async until(done: () => boolean, most = 10_000): Promise<void> {
    for (let steps = 0; steps % 10 !== 0 || !done(); steps++) {
      if (steps > most) throw new Error('The model cluster does not come to rest.')
      await this.step()
    }
  }

  /** Asks every worker to stop, and waits for that. */
  async stop(): Promise<void> {
    for (const { worker } of this.living) worker.stop()
    await this.until(() => this.living.length === 0)
  }

  /** To be called at the end of every test. */
  async close(): Promise<void> {
    unsubscribe('millrace.point', this.#listener)
    for (const { life, worker } of this.workers) {
      worker.stop()
      life.bury()
    }
    for (let turns = 0; turns < 5; turns++) await turn()
  }

  #reached(point: Point): void {
    const life = lifeNow()
    const worker = life === undefined ? undefined : this.#lives.get(life)
    if (worker !== undefined && worker.life.alive) this.onPoint(point, worker)
  }

  /** A log and a backend as one worker has them, without a worker. */
  parts(name: string): { readonly log: Log; readonly backend: ModelBackend; readonly life: Life } {
    const life = new Life(name, this.clock, this.random)
    return { life, log: this.#log(life), backend: new ModelBackend(this.commits, life) }
  }

  #environment(life: Life, backends: ModelBackend[]): Environment {
    const unavailable = (): never => {
      throw new Error('The model cluster has no such thing.')
    }
    const log = this.#log(life)
    return {
      clock: life.clock,
      log,
      tables: { describe: () => undefined, order: 'batch', write: unavailable, lookup: unavailable },
      schemas: { encoder: unavailable, codec: unavailable },
      join: () => {
        const backend = new ModelBackend(this.commits, life)
        backends.push(backend)
        return Promise.resolve({ log, backend, close: () => Promise.resolve() })
      },
      notes: () => ({ get: () => undefined, set: () => undefined }),
      print: () => undefined,
    }
  }

  #reader(life: Life, group: string): ModelReader {
    return new ModelReader(life, this.group(group), this.topics, {
      most: this.#options.pollRecords ?? 8,
      committed: (partition) => this.commits.position(group, partition),
    })
  }

  #log(life: Life): Log {
    const readers = new Map<string, ModelReader>()
    const then = async <Answer>(answer: () => Answer): Promise<Answer> => {
      await life.turn()
      return answer()
    }
    return {
      ensureTopic: (topic, options) =>
        then(() => this.topics.ensure(topic, options?.partitions ?? this.partitions)),
      partitionsOf: (topic) => then(() => this.topics.partitionsOf(topic)),
      read: (group, topics) =>
        then(() => {
          let reader = readers.get(group)
          if (reader === undefined || reader.closed) readers.set(group, (reader = this.#reader(life, group)))
          reader.subscribe(topics)
          return reader
        }),
      append: (records: readonly OutgoingRecord[]) => then(() => this.topics.append(records)),
      write: (batch: OutgoingBatch) =>
        then(() => {
          this.topics.append(unpackBatch(batch))
          return []
        }),
      fetch: (partition, offset, limit) =>
        then(() => {
          this.onFetch()
          const records = this.topics.read(partition, offset, limit)
          const { count, offsets } = records
          return { records, next: count === 0 ? offset : offsets[count - 1]! + 1 }
        }),
      bounds: (partition: TopicPartition) =>
        then(() => ({ first: 0, end: this.topics.lastStable(partition) })),
      committed: (group, partition) => then(() => this.commits.position(group, partition)),
    }
  }
}
