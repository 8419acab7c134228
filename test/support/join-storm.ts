import type { SealedTask } from '../../engine/component/contracts/commit.ts'
import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import { createKeyValueStore } from '../../engine/state/key-value-store.ts'
import type { Bench } from './harness.ts'
import { Random } from './harness-records.ts'
import type { Effect } from './model-parts.ts'
import { StormWeather, type StormRun, type Weather } from './storm-weather.ts'

/** A join in one kind of weather. */
export interface JoinRun extends StormRun {
  /** True: each worker has the rows of all partitions, of which the table has more than the stream. */
  readonly global?: boolean
  /**
   * `bad`: rows that cannot be read, so that they are parked, and those of their key behind them. `release`: how often
   * someone releases what can be read, or discards what cannot.
   */
  readonly weather: Weather
}

/** A row as the tests write it: how often its key had been written by then. */
interface Row {
  readonly v: number
}

/** What was written of a key: a row, its absence, or what cannot be read. */
interface State {
  readonly key: string
  readonly row: Row | null | 'broken'
  readonly offset: number
}

/** By life of a task (the bounds that it began with) and key: how many states had been read. */
type Reached = Map<ReadonlyMap<string, number>, Map<string, number>>

const keys = ['k0', 'k1', 'k2', 'k3']

/**
 * A stream that is joined with a table on the model cluster, in bad weather. The table of a key is a list of states, each a
 * row or its absence; what a record was joined with says how many of them had been read. Judged are: no worker goes back in
 * that list; none is behind what was written before it was given the partition (of a global table: before it began; nothing
 * of that where rows may be parked); what is committed of the table is what its records below the committed offset come to,
 * but for those that are parked.
 */
export class JoinStorm {
  readonly wrong: string[] = []
  readonly facts = { commits: 0, crashes: 0, effects: 0, repeats: 0, starts: 0, parked: 0 }
  readonly #bench: Bench
  readonly #run: JoinRun
  readonly #random: Random
  /** By worker and partition: what was written of each key when it was given, and when it began to read. */
  readonly #given = new Map<string, ReadonlyMap<string, number>>()
  readonly #begun = new Map<string, ReadonlyMap<string, number>>()
  /** The bounds that hold for each write, by worker, partition and offset: of each task of the worker that began one. */
  readonly #bounds = new Map<string, Set<ReadonlyMap<string, number>>>()
  #made = 0
  readonly #storm: StormWeather
  readonly #parks: boolean

  constructor(bench: Bench, run: JoinRun, seed: number) {
    this.#bench = bench
    this.#run = run
    this.#random = new Random(seed)
    this.#parks = (run.weather.bad ?? 0) > 0
    const { cluster, world } = bench
    cluster.topics.ensure('users', cluster.partitions + (run.global === true ? 1 : 0))
    cluster.topics.ensure('out', cluster.partitions)
    cluster.commits.onApplied = (task) => this.#applied(task)
    const group = cluster.group(bench.topology)
    group.onAssigned = (worker, { partition }) => {
      if (run.global !== true) this.#given.set(`${worker}/${partition}`, this.#written(partition))
    }
    group.onStart = (worker, at) => this.#started(worker, at)
    world.onWriting = (worker, _topic, partition, offset) => {
      const bounds = this.#begun.get(`${worker}/${partition}`)
      if (bounds === undefined) return
      const name = `${worker}/${partition}/${offset}`
      this.#bounds.set(name, (this.#bounds.get(name) ?? new Set()).add(bounds))
    }
    this.#storm = new StormWeather(bench, run.weather, this.#random, {
      start: () => this.#start(),
      release: (partition) => this.#letters(partition, false),
    })
  }

  #started(worker: string, { topic, partition }: TopicPartition): void {
    if (topic !== 'in') return
    this.facts.starts++
    const given = this.#run.global === true ? worker : `${worker}/${partition}`
    this.#begun.set(`${worker}/${partition}`, this.#given.get(given)!)
  }

  #start(): void {
    const written = this.#written()
    const { life } = this.#bench.cluster.start()
    if (this.#run.global === true) this.#given.set(life.name, written)
  }

  async blow(): Promise<void> {
    const { cluster } = this.#bench
    for (let n = 0; n < 20; n++) this.#write(this.#random.pick(keys))
    for (let n = 0; n < 2; n++) this.#start()
    for (let steps = 0; this.#made < 80 || steps < 150; steps++) {
      if (this.#random.chance(0.2)) this.#write(this.#random.pick(keys))
      if (this.#made < 80 && this.#random.chance(0.15)) this.#produce(this.#random.pick(keys))
      this.#storm.happen()
      await cluster.step()
    }
  }

  /** Writes a row, or a tombstone; some partitions get rows that nobody asks for. */
  #write(key: string): void {
    const { topics } = this.#bench.cluster
    const v = [...this.#states()].filter((one) => one.key === key).length + 1
    const broken = this.#random.chance(this.#run.weather.bad ?? 0)
    const row = broken ? '{' : JSON.stringify({ v } satisfies Row)
    const value = this.#random.chance(0.25) ? null : Buffer.from(row)
    topics.append([{ topic: 'users', key: Buffer.from(key), value, headers: [], timestamp: 0 }])
  }

  #produce(key: string): void {
    this.#bench.produce([{ id: `e${this.#made++}`, key }])
  }

  /** Some letters of rows: those that can be read are released, with all of their key; the others are discarded. */
  #letters(partition: number, all: boolean): void {
    const open = this.#bench.openLetters(partition, 'users')
    for (const { offset, key, entry } of all || open.length === 0 ? open : [this.#random.pick(open)]) {
      const broken = String(entry.record.value) === '{'
      if (broken) this.#bench.commandOf('users', partition, key, 'discard', [offset])
      else this.#bench.commandOf('users', partition, key, 'release')
    }
  }

  /** The end of all trouble; then one more record of each key, which must find the last row. */
  async calm(): Promise<void> {
    const { cluster } = this.#bench
    this.#storm.end()
    this.facts.crashes = this.#storm.crashes
    await this.#rest()
    for (const key of keys) this.#produce(key)
    await cluster.until(() => this.#storm.isSettled('in'))
    await cluster.stop()
    this.wrong.push(...this.#storm.broken())
  }

  async #rest(): Promise<void> {
    const { cluster, topology } = this.#bench
    if (this.#run.global === true) {
      for (let n = 0; n < 300; n++) await cluster.step()
      return cluster.until(() => this.#storm.isSettled('in'))
    }
    const isDone = (): boolean =>
      this.#storm.isSettled('in') &&
      this.#storm.isSettled('users') &&
      this.#storm.isSettled(`${topology}.users.parked`)
    const isStill = (): boolean => isDone() || this.#open() > 0
    for (let rounds = 0; rounds < 20 && !isDone(); rounds++) {
      await cluster.until(() => this.#storm.isSettled('in') && this.#storm.isSettled('users') && isStill())
      this.facts.parked += this.#open()
      for (let partition = 0; partition < cluster.partitions; partition++) this.#letters(partition, true)
      for (let n = 0; n < 50; n++) await cluster.step()
    }
    await cluster.until(isDone)
  }

  #open(): number {
    const { partitions } = this.#bench.cluster
    return Array.from(
      { length: partitions },
      (_, one) => this.#bench.openLetters(one, 'users').length,
    ).reduce((sum, one) => sum + one, 0)
  }

  /** All that was written to the table, in order. */
  *#states(only?: number): Generator<State> {
    const { topics } = this.#bench.cluster
    for (let partition = 0; partition < topics.partitionsOf('users')!; partition++) {
      if (only !== undefined && partition !== only) continue
      for (const [offset, { key, value }] of topics.all({ topic: 'users', partition }))
        yield { key: String(Buffer.from(key!)), row: rowOf(value), offset }
    }
  }

  /** How many states each key has, in a partition or in all. Of what is parked, nobody can say when it counts. */
  #written(partition?: number): Map<string, number> {
    const counts = new Map<string, number>()
    if (this.#parks && this.#run.global !== true) return counts
    for (const { key, row } of this.#states(partition))
      if (row !== 'broken') counts.set(key, (counts.get(key) ?? 0) + 1)
    return counts
  }

  #applied(task: SealedTask): void {
    this.facts.commits++
    if (this.#run.global === true) return
    const { cluster, topology } = this.#bench
    const { partition } = task
    const frontier = cluster.commits.position(topology, { topic: 'users', partition })?.offset ?? 0
    const store = createKeyValueStore<Row>({ name: 'users' })
    for (const block of cluster.commits.blocks(task.task)) if (block.store === 'users') store.restore(block)
    const expected = new Map<string, Row>()
    const held = new Set<string>()
    const parked = new Set(this.#bench.openLetters(partition, 'users').map(({ entry }) => entry.info.offset))
    for (const { key, row, offset } of this.#states(partition)) {
      if (offset >= frontier) continue
      if (parked.has(offset)) held.add(key)
      // What cannot be read, and is not parked, was discarded.
      if (parked.has(offset) || row === 'broken') continue
      if (held.has(key)) this.wrong.push(`users/${partition}@${offset} overtook a parked row of ${key}`)
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
    return [...this.#states()].flatMap((one) => (one.key !== key || one.row === 'broken' ? [] : [one.row]))
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

function rowOf(value: Uint8Array | null): State['row'] {
  if (value === null) return null
  const text = String(Buffer.from(value))
  return text === '{' ? 'broken' : (JSON.parse(text) as Row)
}
