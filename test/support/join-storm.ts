import type { SealedTask } from '../../engine/component/contracts/commit.ts'
import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import type { Point } from '../../engine/component/points.ts'
import { sentenceOf } from '../../engine/errors.ts'
import { createKeyValueStore } from '../../engine/state/key-value-store.ts'
import { Bench, withBench } from './harness.ts'
import { Random } from './harness-records.ts'
import type { CommitFaults } from './model-commits.ts'
import type { ModelWorker } from './model-cluster.ts'
import type { Effect } from './model-parts.ts'

/** A join in one kind of weather. */
export interface JoinRun {
  readonly exactlyOnce?: boolean
  readonly faults?: Partial<CommitFaults>
  readonly sinks?: { readonly noAnswer?: number; readonly refused?: number; readonly slowest?: number }
  readonly weather: {
    readonly move?: number
    readonly take?: number
    readonly expire?: number
    readonly fence?: number
    readonly crash?: number
    readonly crashAt?: Point
  }
}

/** A row as the tests write it: how often its key had been written by then. */
interface Row {
  readonly v: number
}

/** By life of a task (the bounds that it began with) and key: how many states had been read. */
type Reached = Map<ReadonlyMap<string, number>, Map<string, number>>

const keys = ['k0', 'k1', 'k2', 'k3']

/**
 * A stream that is joined with a table on the model cluster, in bad weather. The table of a key is a list of states, each a
 * row or its absence; what a record was joined with says how many of them had been read. Judged are: no worker goes back in
 * that list; none is behind what was written before it was given the partition; what is committed of the table is what its
 * records below the committed offset come to.
 */
class JoinStorm {
  readonly wrong: string[] = []
  readonly facts = { commits: 0, crashes: 0, effects: 0, repeats: 0, starts: 0 }
  readonly #bench: Bench
  readonly #run: JoinRun
  readonly #random: Random
  /** By worker and partition: what was written of each key when it was given, and when it began to read. */
  readonly #given = new Map<string, ReadonlyMap<string, number>>()
  readonly #begun = new Map<string, ReadonlyMap<string, number>>()
  /** The bounds that hold for each write, by worker, partition and offset: of each task of the worker that began one. */
  readonly #bounds = new Map<string, Set<ReadonlyMap<string, number>>>()
  #made = 0
  #crashes = 4

  constructor(bench: Bench, run: JoinRun, seed: number) {
    this.#bench = bench
    this.#run = run
    this.#random = new Random(seed)
    const { cluster, world } = bench
    cluster.topics.ensure('users', cluster.partitions)
    cluster.topics.ensure('out', cluster.partitions)
    cluster.commits.onApplied = (task) => this.#applied(task)
    const group = cluster.group(bench.topology)
    group.onAssigned = (worker, { partition }) =>
      this.#given.set(`${worker}/${partition}`, this.#written(partition))
    group.onStart = (worker, at) => this.#started(worker, at)
    world.onWriting = (worker, _topic, partition, offset) => {
      const bounds = this.#begun.get(`${worker}/${partition}`)
      if (bounds === undefined) return
      const name = `${worker}/${partition}/${offset}`
      this.#bounds.set(name, (this.#bounds.get(name) ?? new Set()).add(bounds))
    }
    cluster.onPoint = (point, worker) => {
      if (point !== run.weather.crashAt || this.#crashes === 0 || !this.#random.chance(0.3)) return
      this.#crashes--
      this.#crash(worker)
    }
  }

  #started(worker: string, { topic, partition }: TopicPartition): void {
    if (topic !== 'in') return
    this.facts.starts++
    this.#begun.set(`${worker}/${partition}`, this.#given.get(`${worker}/${partition}`)!)
  }

  #crash(worker: ModelWorker): void {
    this.facts.crashes++
    this.#bench.cluster.crash(worker)
  }

  async blow(): Promise<void> {
    const { cluster } = this.#bench
    for (let n = 0; n < 20; n++) this.#write(this.#random.pick(keys))
    for (let n = 0; n < 2; n++) cluster.start()
    for (let steps = 0; this.#made < 80 || steps < 150; steps++) {
      if (this.#random.chance(0.2)) this.#write(this.#random.pick(keys))
      if (this.#made < 80 && this.#random.chance(0.15)) this.#produce(this.#random.pick(keys))
      this.#happen()
      await cluster.step()
    }
  }

  /** Writes a row, or a tombstone; some partitions get rows that nobody asks for. */
  #write(key: string): void {
    const { topics } = this.#bench.cluster
    const v = [...this.#states()].filter((one) => one.key === key).length + 1
    const value = this.#random.chance(0.25) ? null : Buffer.from(JSON.stringify({ v } satisfies Row))
    topics.append([{ topic: 'users', key: Buffer.from(key), value, headers: [], timestamp: 0 }])
  }

  #produce(key: string): void {
    this.#bench.produce([{ id: `e${this.#made++}`, key }])
  }

  #happen(): void {
    const { cluster } = this.#bench
    const { move = 0, take = 0, expire = 0, fence = 0, crash = 0 } = this.#run.weather
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
    }
    if (this.#random.chance(0.1)) cluster.forgetDead()
    if (living.length < 2 && this.#random.chance(0.1)) cluster.start()
  }

  /** The end of all trouble; then one more record of each key, which must find the last row. */
  async calm(): Promise<void> {
    const { cluster, world } = this.#bench
    this.#crashes = 0
    Object.assign(cluster.commits.faults, { aborted: 0, unknown: 0 })
    Object.assign(world.faults, { noAnswer: 0, refused: 0, slowest: 20 })
    cluster.forgetDead()
    if (cluster.living.length === 0) cluster.start()
    await cluster.until(() => this.#settled('in') && this.#settled('users'))
    for (const key of keys) this.#produce(key)
    await cluster.until(() => this.#settled('in'))
    await cluster.stop()
    for (const { error, life } of cluster.workers) {
      if (error !== undefined && life.alive) this.wrong.push(`${life.name} failed: ${sentenceOf(error)}`)
    }
    this.wrong.push(...cluster.commits.broken)
  }

  #settled(topic: string): boolean {
    const { cluster, topology } = this.#bench
    return Array.from({ length: cluster.partitions }, (_, partition) => partition).every((partition) => {
      const frontier = cluster.commits.position(topology, { topic, partition })?.offset ?? 0
      return [...cluster.topics.all({ topic, partition })].every(([offset]) => offset < frontier)
    })
  }

  /** All that was written to the table, in order. */
  *#states(partition?: number): Generator<{ key: string; row: Row | null; offset: number }> {
    for (let one = 0; one < this.#bench.cluster.partitions; one++) {
      if (partition !== undefined && one !== partition) continue
      for (const [offset, { key, value }] of this.#bench.cluster.topics.all({
        topic: 'users',
        partition: one,
      })) {
        const row = value === null ? null : (JSON.parse(Buffer.from(value).toString()) as Row)
        yield { key: Buffer.from(key!).toString(), row, offset }
      }
    }
  }

  /** How many states each key of a partition has. */
  #written(partition: number): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { key } of this.#states(partition)) counts.set(key, (counts.get(key) ?? 0) + 1)
    return counts
  }

  #applied(task: SealedTask): void {
    this.facts.commits++
    const { cluster, topology } = this.#bench
    const { partition } = task
    const frontier = cluster.commits.position(topology, { topic: 'users', partition })?.offset ?? 0
    const store = createKeyValueStore<Row>({ name: 'users' })
    for (const block of cluster.commits.blocks(task.task)) if (block.store === 'users') store.restore(block)
    const expected = new Map<string, Row>()
    for (const { key, row, offset } of this.#states(partition)) {
      if (offset >= frontier) continue
      if (row === null) expected.delete(key)
      else expected.set(key, row)
    }
    const text = (rows: Iterable<[string, Row]>): string =>
      [...rows]
        .map(([key, { v }]) => `${key}=${v}`)
        .sort()
        .join(' ')
    if (text(store.entries()) !== text(expected))
      this.wrong.push(
        `table ${partition} below ${frontier} is ${text(store.entries())}, not ${text(expected)}`,
      )
  }

  judge(): void {
    const states = new Map(keys.map((key) => [key, [null, ...this.#rowsOf(key)]]))
    const seen = new Set<string>()
    const reached: Reached = new Map()
    for (const effect of this.#bench.world.effects) {
      this.facts.effects++
      if (seen.has(effect.id)) this.facts.repeats++
      seen.add(effect.id)
      this.#judgeOne(effect, states.get(effect.key!)!, reached)
    }
    for (let n = 0; n < this.#made; n++) if (!seen.has(`e${n}`)) this.wrong.push(`e${n} never came out`)
    for (let n = 0; n < keys.length; n++) this.#judgeLast(this.#made - keys.length + n, keys[n]!)
  }

  #rowsOf(key: string): (Row | null)[] {
    return [...this.#states()].filter((one) => one.key === key).map(({ row }) => row)
  }

  /** A write that was begun in an earlier life of a worker may end in the next one: some life must explain it. */
  #judgeOne(effect: Effect, states: readonly (Row | null)[], reached: Reached): void {
    const { worker, partition, offset, key, id } = effect
    const lives = this.#bounds.get(`${worker}/${partition}/${offset}`) ?? new Set()
    const { user } = effect.value as { readonly user: Row | null }
    for (const bounds of lives) {
      const own = reached.get(bounds) ?? new Map<string, number>()
      reached.set(bounds, own)
      const least = Math.max(bounds.get(key!) ?? 0, own.get(key!) ?? 0)
      const at = states.findIndex((row, n) => n >= least && row?.v === user?.v)
      if (at < 0) continue
      own.set(key!, at)
      return
    }
    const known = [...lives].map((bounds) => bounds.get(key!) ?? 0).join(' or ')
    this.wrong.push(
      `${id} of ${worker}/${partition}/${key} was joined with ${user?.v ?? 'nothing'}, given ${known}`,
    )
  }

  #judgeLast(n: number, key: string): void {
    const last = this.#rowsOf(key).at(-1) ?? null
    const effect = this.#bench.world.effects.findLast(({ id }) => id === `e${n}`)
    const { user } = (effect?.value ?? { user: undefined }) as { readonly user?: Row | null }
    if (user?.v !== last?.v) this.wrong.push(`in the end ${key} is ${user?.v}, not ${last?.v}`)
  }
}

/** Runs a storm, and answers what was wrong and what there was to judge. */
export function joinStorm(
  run: JoinRun,
  seed: number,
): Promise<{ readonly wrong: readonly string[]; readonly facts: Readonly<Record<string, number>> }> {
  const yaml = `name: enriched
sources:
  in: { type: topic, topic: in, format: json }
  users: { type: topic, topic: users, format: json }
processors:
  known: { type: join, from: in, table: users, as: user, kind: left }
sinks:
  out: { type: effect, from: known, order: record }
  ${run.exactlyOnce === true ? 'more: { type: topic, from: known, topic: out }' : ''}
errors: { attempts: 1000, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
${run.exactlyOnce === true ? 'delivery: exactly-once' : ''}
commit: { every: 50ms }
`
  const bench = new Bench(seed, yaml, { partitions: 2, faults: { ...run.faults } })
  return withBench(bench, async () => {
    Object.assign(bench.world.faults, run.sinks)
    const storm = new JoinStorm(bench, run, seed)
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
  })
}
