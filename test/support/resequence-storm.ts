import type { SealedTask } from '../../engine/component/contracts/commit.ts'
import { createKeyValueStore } from '../../engine/state/key-value-store.ts'
import type { Bench, TestInput } from './harness.ts'
import { Random } from './harness-records.ts'
import { StormWeather, type StormRun, type Weather } from './storm-weather.ts'

/** One kind of sequence in one kind of weather. */
export interface ResequenceRun extends StormRun {
  /** As the topology has it. */
  readonly setting: string
  /** True: every number comes, and is waited for. */
  readonly complete?: boolean
  /** True: something may wait in the end. */
  readonly held?: boolean
  /** Share of records that the main sink refuses until all is mended. */
  readonly refused?: number
  /** Records that fail do so at the other branch. */
  readonly weather: Weather
}

/** What came out: a number, or (`to` above `from`, or without `at`) a gap. */
interface Out {
  readonly worker: string
  readonly key: string
  readonly from: number
  readonly to: number
  /** Offset of the record; undefined for a gap. */
  readonly at: number | undefined
}

interface Sequenced {
  readonly n: number
  readonly at: number
}

const names = ['k0', 'k1', 'k2', 'k3']

/** A sequence beside a slow branch, on the model cluster, in bad weather; finds all that must not be. */
export class ResequenceStorm {
  readonly wrong: string[] = []
  readonly facts = { commits: 0, crashes: 0, sent: 0, repeats: 0, late: 0, gaps: 0, parked: 0, paused: 0 }
  readonly #bench: Bench
  readonly #run: ResequenceRun
  readonly #random: Random
  readonly #storm: StormWeather
  /** By key the numbers that come next, in the order in which they come. */
  readonly #coming = new Map<string, number[]>()
  readonly #reached = new Map<string, number>()
  /** By partition: the position that was committed before, and what had been sent by then. */
  readonly #before = new Map<number, { readonly position: number; readonly sent: number }>()
  #made = 0

  constructor(bench: Bench, run: ResequenceRun, seed: number) {
    this.#bench = bench
    this.#run = run
    this.#random = new Random(seed)
    for (const topic of ['out', 'tardy', 'holes'])
      bench.cluster.topics.ensure(topic, bench.cluster.partitions)
    bench.cluster.commits.onApplied = (task) => this.#applied(task)
    this.#storm = new StormWeather(bench, run.weather, this.#random)
  }

  async blow(): Promise<void> {
    const { cluster } = this.#bench
    for (let n = 0; n < 2; n++) cluster.start()
    for (let steps = 0; this.#made < 80 || steps < 150; steps++) {
      if (this.#made < 80 && this.#random.chance(0.15)) this.#produce()
      this.#storm.happen()
      for (const { worker } of cluster.living)
        if ([...worker.tasks].some(({ saturated }) => saturated)) this.facts.paused++
      await cluster.step()
    }
  }

  #produce(keys = Array.from({ length: 1 + this.#random.below(6) }, () => this.#random.pick(names))): void {
    const { weather, refused = 0 } = this.#run
    const made = keys.map((key): TestInput & { readonly n: number } => {
      const one = { id: `e${this.#made}`, key, n: this.#number(key), time: 1000 + this.#made++ }
      if (this.#random.chance(refused)) return { ...one, fails: { out: -1 } }
      return this.#random.chance(weather.bad ?? 0) ? { ...one, fails: { slow: -1 } } : one
    })
    this.#bench.produce(made)
  }

  /** Numbers of a key come in disorder, five by five; some of them not at all, or twice, unless all are to come. */
  #number(key: string): number {
    const coming = this.#coming.get(key) ?? []
    this.#coming.set(key, coming)
    if (coming.length === 0) {
      const reached = this.#reached.get(key) ?? 0
      this.#reached.set(key, reached + 5)
      for (let n = reached + 1; n <= reached + 5; n++)
        coming.splice(this.#random.below(coming.length + 1), 0, n)
      if (this.#run.complete !== true && this.#random.chance(0.5)) coming[this.#random.below(5)] = reached + 2
    }
    return coming.shift()!
  }

  async calm(): Promise<void> {
    // What was begun of each key is brought to its end.
    for (const [key, { length }] of this.#coming)
      if (this.#run.complete === true) this.#produce(Array.from({ length }, () => key))
    this.#bench.world.mended = true
    this.wrong.push(...(await this.#storm.calm()))
    this.facts.crashes = this.#storm.crashes
    if (this.#run.held === true) return
    const { cluster } = this.#bench
    cluster.start()
    await cluster.until(() =>
      this.#partitions().every(
        (partition) => this.#state(`${this.#bench.topology}/0/${partition}`).held.size === 0,
      ),
    )
    await cluster.stop()
  }

  #partitions(): number[] {
    return Array.from({ length: this.#bench.cluster.partitions }, (_, partition) => partition)
  }

  #entries(task: string): [string, unknown][] {
    const store = createKeyValueStore({ name: 'turns' })
    for (const block of this.#bench.cluster.commits.blocks(task)) {
      if (block.store === 'turns') store.restore(block)
    }
    return [...store.entries()]
  }

  /** By `key number` what waits in the committed state, and the next number of each key. */
  #state(task: string): { readonly held: ReadonlySet<string>; readonly next: ReadonlyMap<string, number> } {
    const held = new Set<string>()
    const next = new Map<string, number>()
    for (const [id, value] of this.#entries(task)) {
      const [, kind, number, key = ''] = /^(?:(r)\|(-?\d+)\||n\|)(.*)$/s.exec(id) ?? []
      if (kind === 'r') held.add(`${key} ${number}`)
      else if (id.startsWith('n|')) next.set(key, (value as readonly number[])[0]!)
    }
    return { held, next }
  }

  /** After each commit: what came before its position waits, was sent, or was late; nothing was sent before it was committed. */
  #applied({ task, positions }: SealedTask): void {
    this.facts.commits++
    const { partition, offset: position } = positions.find(({ topic }) => topic === 'in')!
    const { held, next } = this.#state(task)
    const letters = new Set(this.#bench.letters(partition))
    const records = [...this.#records(partition)]
    // A record may be late because of its twin, whose letter is committed after it.
    const parked = new Set(
      records.flatMap(([offset, { key, n }]) => (letters.has(offset) ? [`${key} ${n}`] : [])),
    )
    // What gave a gap up is committed when the sinks have what followed it; what was late for it may be settled before.
    const late = new Set(this.#sent('tardy', partition).map(({ key, from }) => `${key} ${from}`))
    for (const [offset, { key, n }] of records) {
      const name = `${key} ${n}`
      if (offset >= position || held.has(name) || n < (next.get(key) ?? 1)) continue
      if (parked.has(name) || late.has(name)) continue
      this.wrong.push(`${task} at ${position}: ${name} is neither held nor sent`)
    }
    const sent = this.#sent('out', partition)
    const before = this.#before.get(partition)
    this.#before.set(partition, { position, sent: sent.length })
    if (this.#run.exactlyOnce === true || (this.#run.weather.bad ?? 0) > 0) return
    for (const { key, from, at } of sent.slice(before?.sent ?? 0)) {
      if (at! >= (before?.position ?? 0)) this.wrong.push(`${key} ${from} was sent before it was committed`)
    }
  }

  *#records(partition: number): IterableIterator<[number, { readonly key: string; readonly n: number }]> {
    for (const [offset, { key, value }] of this.#bench.cluster.topics.all({ topic: 'in', partition })) {
      const { n } = JSON.parse(Buffer.from(value!).toString()) as Sequenced
      yield [offset, { key: Buffer.from(key!).toString(), n }]
    }
  }

  /** What a sink got of a partition, in order. */
  #sent(node: 'out' | 'tardy' | 'holes', partition: number): Out[] {
    const out = (worker: string, key: string, value: Partial<Sequenced> & Partial<Out>): Out => ({
      worker,
      key,
      from: value.n ?? value.from!,
      to: value.n ?? value.to!,
      at: value.at,
    })
    if (this.#run.exactlyOnce === true) {
      return [...this.#bench.cluster.topics.all({ topic: node, partition })].map(([, { key, value }]) =>
        out('', Buffer.from(key!).toString(), JSON.parse(Buffer.from(value!).toString()) as Sequenced),
      )
    }
    return this.#bench.world.effects
      .filter((effect) => effect.node === node && effect.partition === partition)
      .map(({ worker, key, value }) => out(worker, key!, value as Sequenced))
  }

  /** What is judged in the end. */
  judge(): void {
    for (const partition of this.#partitions()) {
      const [sent, late, gaps] = [
        this.#sent('out', partition),
        this.#sent('tardy', partition),
        this.#sent('holes', partition),
      ]
      this.facts.sent += sent.length
      this.facts.late += late.length
      this.facts.gaps += gaps.length
      this.facts.parked += this.#bench.letters(partition).length
      this.#judgeOrder(sent)
      this.#judgeWhole(partition, sent, late)
      for (const key of new Set(sent.map((one) => one.key))) {
        const of = (all: readonly Out[]): Out[] => all.filter((one) => one.key === key)
        this.#judgeTiles(key, of(sent), of(gaps))
      }
      if (this.#run.complete === true && late.length + gaps.length > 0)
        this.wrong.push(`${late.length} are late and ${gaps.length} gaps are told, where all came in time`)
    }
  }

  /** Numbers of a key ascend: in the topic, or in one worker's life unless partitions leave it and come back. */
  #judgeOrder(sent: readonly Out[]): void {
    const { move, take, expire, fence } = this.#run.weather
    const isStill = this.#run.exactlyOnce === true || (move ?? take ?? expire ?? fence) === undefined
    const last = new Map<string, number>()
    const seen = new Set<number>()
    for (const { worker, key, from, at } of sent) {
      if (isStill && from <= (last.get(`${worker} ${key}`) ?? 0))
        this.wrong.push(`${worker} sent ${key} ${from} after ${last.get(`${worker} ${key}`)}`)
      last.set(`${worker} ${key}`, from)
      if (seen.has(at!)) this.facts.repeats++
      seen.add(at!)
    }
    if (this.#run.exactlyOnce === true && this.facts.repeats > 0) this.wrong.push('something was sent twice')
  }

  /** Each record was sent or was late; in an exactly-once topology not both. */
  #judgeWhole(partition: number, sent: readonly Out[], late: readonly Out[]): void {
    const went = new Set(sent.map(({ at }) => at))
    const aside = new Set(late.map(({ at }) => at))
    const { held } = this.#state(`${this.#bench.topology}/0/${partition}`)
    for (const [offset, { key, n }] of this.#records(partition)) {
      const places = Number(went.has(offset)) + Number(aside.has(offset))
      if (places === 0 && !held.has(`${key} ${n}`))
        this.wrong.push(`${key} ${n} of offset ${offset} is nowhere`)
      if (places === 2 && this.#run.exactlyOnce === true)
        this.wrong.push(`${key} ${n} of offset ${offset} was sent, and was late`)
    }
  }

  /** Numbers and gaps together leave nothing out; in an exactly-once topology they do not overlap either. */
  #judgeTiles(key: string, sent: readonly Out[], gaps: readonly Out[]): void {
    const all = [...sent, ...gaps].sort((a, b) => a.from - b.from)
    let next = 1
    for (const { from, to } of all) {
      if (from > next) this.wrong.push(`of ${key}, ${next} to ${from - 1} are neither sent nor told`)
      if (from < next && this.#run.exactlyOnce === true) this.wrong.push(`of ${key}, ${from} is there twice`)
      next = Math.max(next, to + 1)
    }
  }
}
