import type { SealedTask } from '../../engine/component/contracts/commit.ts'
import { createKeyValueStore } from '../../engine/state/key-value-store.ts'
import type { Bench, TestInput } from './harness.ts'
import { Random } from './harness-records.ts'
import { expectedOccurrences, type Occurrence, type TimerRules, type TimerRecord } from './schedule-model.ts'
import { StormWeather, type StormRun, type Weather } from './storm-weather.ts'

/** Timers of one kind in one kind of weather. */
export interface ScheduleRun extends StormRun {
  readonly rules: TimerRules
  /** True: by the worker's clock. */
  readonly wall?: boolean
  /** Nobody is there for so long (milliseconds), now and then, while records come. */
  readonly pause?: number
  /** Share of records that the sink refuses until all is mended. */
  readonly refused?: number
  /** Records that fail do so at the other branch. */
  readonly weather: Weather
}

/** How long before its time a timer must be taken away, so that it certainly is not sent: milliseconds. */
const inTimeMs = 400
const afterMs = 1500

/** The name of the nth time (from 0) at which the timer of the record at an offset is due: 17.1 is the second one of 17. */
const occurrence = (offset: number, n: number): number => (offset * 10 + n) / 10

/** Timers beside a slow branch, on the model cluster, in bad weather; finds all that must not be. */
export class ScheduleStorm {
  readonly wrong: string[] = []
  readonly facts = { commits: 0, crashes: 0, sent: 0, repeats: 0, cancelled: 0, left: 0, parked: 0 }
  readonly #bench: Bench
  readonly #run: ScheduleRun
  readonly #random: Random
  readonly #storm: StormWeather
  /** By partition: the position that was committed before, and what had been sent by then. */
  readonly #before = new Map<number, { readonly position: number; readonly sent: number }>()
  #made = 0

  constructor(bench: Bench, run: ScheduleRun, seed: number) {
    this.#bench = bench
    this.#run = run
    this.#random = new Random(seed)
    bench.cluster.topics.ensure('out', bench.cluster.partitions)
    bench.cluster.commits.onApplied = (task) => this.#applied(task)
    this.#storm = new StormWeather(bench, run.weather, this.#random)
  }

  async blow(): Promise<void> {
    const { cluster } = this.#bench
    for (let n = 0; n < 2; n++) cluster.start()
    for (let steps = 0; this.#made < 80 || steps < 150; steps++) {
      if (this.#made < 80 && this.#random.chance(0.15)) this.#produce()
      if (this.#random.chance(0.02)) await this.#pause()
      this.#storm.happen()
      await cluster.step()
    }
  }

  /** Workers die, records come meanwhile, and time goes by. */
  async #pause(): Promise<void> {
    const { cluster } = this.#bench
    if (this.#run.pause === undefined || this.#made >= 80) return
    for (const one of cluster.living) cluster.crash(one)
    for (let n = 0; n < 4; n++) this.#produce()
    await cluster.step(this.#run.pause)
    cluster.forgetDead()
    cluster.start()
  }

  #produce(): void {
    const { weather, refused = 0, wall } = this.#run
    const now = this.#bench.cluster.clock.now()
    const made = Array.from(
      { length: 1 + this.#random.below(5) },
      (): TestInput & { readonly due?: number } => {
        const number = this.#made++
        const time = wall === true ? now : 1000 + number * 8 + this.#random.below(60)
        const one = { id: `e${number}`, key: `k${this.#random.below(5)}`, time }
        const due = wall === true ? now + afterMs : time + this.#random.below(120)
        const set = this.#random.chance(0.6) ? { ...one, due } : one
        if (this.#random.chance(refused)) return { ...set, fails: { out: -1 } }
        return this.#random.chance(weather.bad ?? 0) ? { ...set, fails: { slow: -1 } } : set
      },
    )
    this.#bench.produce(made)
  }

  async calm(): Promise<void> {
    this.#bench.world.mended = true
    this.wrong.push(...(await this.#storm.calm()))
    this.facts.crashes = this.#storm.crashes
    if (this.#run.wall !== true) return
    const { cluster } = this.#bench
    cluster.start()
    const set = (partition: number): number => this.#set(`${this.#bench.topology}/0/${partition}`).length
    await cluster.until(() => this.#partitions().every((partition) => set(partition) === 0))
    await cluster.stop()
  }

  #partitions(): number[] {
    return Array.from({ length: this.#bench.cluster.partitions }, (_, partition) => partition)
  }

  /** The times that are in the committed state, and not noted as sent: see {@link occurrence}. */
  #set(task: string): number[] {
    const store = createKeyValueStore({ name: 'timers' })
    for (const block of this.#bench.cluster.commits.blocks(task)) {
      if (block.store === 'timers') store.restore(block)
    }
    return [...store.entries()].flatMap(([id, timer]) => {
      if (id.startsWith('@')) return []
      const { k = 1, v } = timer as { readonly k?: number; readonly v: { readonly at: number } }
      const sent = (store.get(`@sent|${id}`) ?? 0) as number
      return Array.from({ length: k - sent }, (_, n) => occurrence(v.at, sent + n))
    })
  }

  #expected(records: readonly TimerRecord[]): { readonly sent: number[]; readonly set: number[] } {
    const { sent, set } = expectedOccurrences(this.#run.rules, records)
    const first = new Map(records.map(({ offset, due }) => [offset, due!]))
    const named = ({ offset, due }: Occurrence): number => this.#nth(offset, due - first.get(offset)!)
    return { sent: sent.map(named), set: set.map(named) }
  }

  /** The time that is so long after the first time of the timer. */
  #nth(offset: number, after: number): number {
    return occurrence(offset, after === 0 ? 0 : after / this.#run.rules.repeats!.every)
  }

  #records(partition: number, below = Number.POSITIVE_INFINITY): TimerRecord[] {
    return [...this.#bench.cluster.topics.all({ topic: 'in', partition })]
      .filter(([offset]) => offset < below)
      .map(([offset, { key, value }]) => {
        const { time, due } = JSON.parse(Buffer.from(value!).toString()) as Omit<
          TimerRecord,
          'key' | 'offset'
        >
        return { key: Buffer.from(key!).toString(), offset, time, due }
      })
  }

  /** The times that a sink got of a partition, in order. */
  #sent(partition: number): number[] {
    const named = (timestamp: number, value: unknown): number => {
      const { at, due } = value as { readonly at: number; readonly due: number }
      return this.#nth(at, timestamp - due)
    }
    if (this.#run.exactlyOnce === true) {
      return [...this.#bench.cluster.topics.all({ topic: 'out', partition })].map(
        ([, { timestamp, value }]) => named(timestamp, JSON.parse(Buffer.from(value!).toString())),
      )
    }
    return this.#bench.world.effects
      .filter((effect) => effect.node === 'out' && effect.partition === partition)
      .map(({ timestamp, value }) => named(timestamp, value))
  }

  /** After each commit: timers are those that the records come to, but for what was sent; nothing was sent before. */
  #applied({ task, positions }: SealedTask): void {
    this.facts.commits++
    const { partition, offset: position } = positions.find(({ topic }) => topic === 'in')!
    const sent = this.#sent(partition)
    const before = this.#before.get(partition)
    this.#before.set(partition, { position, sent: sent.length })
    if ((this.#run.weather.bad ?? 0) > 0) return
    if (this.#run.exactlyOnce !== true) {
      for (const at of sent.slice(before?.sent ?? 0))
        if (at >= (before?.position ?? 0)) this.wrong.push(`${at} was sent before it was committed`)
    }
    if (this.#run.wall === true) return
    const expected = this.#expected(this.#records(partition, position))
    const set = new Set(this.#set(task))
    const went = new Set(sent)
    for (const offset of expected.set)
      if (!set.has(offset)) this.wrong.push(`${task} at ${position}: the timer of ${offset} is gone`)
    for (const offset of expected.sent)
      if (!set.has(offset) && !went.has(offset))
        this.wrong.push(`${task} at ${position}: the timer of ${offset} is neither set nor sent`)
    for (const offset of set)
      if (!expected.set.includes(offset) && !expected.sent.includes(offset))
        this.wrong.push(`${task} at ${position}: the timer of ${offset} is set, and should not be`)
  }

  /** What is judged in the end. */
  judge(): void {
    for (const partition of this.#partitions()) {
      const sent = this.#sent(partition)
      const records = this.#records(partition)
      this.facts.sent += sent.length
      this.facts.repeats += sent.length - new Set(sent).size
      this.facts.parked += this.#bench.letters(partition).length
      if (this.#run.wall === true) this.#judgeClock(records, new Set(sent))
      else if ((this.#run.weather.bad ?? 0) > 0) this.#judgeLetters(partition, records, new Set(sent))
      else this.#judgeRecords(records, new Set(sent))
    }
    if (this.#run.exactlyOnce === true && this.facts.repeats > 0) this.wrong.push('something was sent twice')
  }

  #judgeRecords(records: readonly TimerRecord[], sent: ReadonlySet<number>): void {
    const expected = this.#expected(records)
    const { repeats } = this.#run.rules
    this.facts.left += expected.set.length
    this.facts.cancelled +=
      records.filter(({ due }) => due !== undefined).length * (repeats?.times ?? 1) -
      expected.set.length -
      expected.sent.length
    for (const offset of expected.sent)
      if (!sent.has(offset)) this.wrong.push(`the timer of ${offset} was not sent`)
    for (const offset of sent)
      if (!expected.sent.includes(offset))
        this.wrong.push(`the timer of ${offset} was sent, and should not be`)
  }

  /** Followers of a parked record come to the timers when they are released, later than others: none is lost all the same. */
  #judgeLetters(partition: number, records: readonly TimerRecord[], sent: ReadonlySet<number>): void {
    const set = new Set(this.#set(`${this.#bench.topology}/0/${partition}`))
    for (const { key, offset, due } of records) {
      if (due === undefined) {
        if (sent.has(offset)) this.wrong.push(`the record at ${offset} was sent, and sets no timer`)
        continue
      }
      const others = records.filter((one) => one.key === key && one.offset !== offset && one.time < due)
      if (!sent.has(offset) && !set.has(offset) && others.length === 0)
        this.wrong.push(`the timer of ${offset} is neither set nor sent`)
    }
  }

  /** By the clock: what was taken away in good time is not sent, and what was not taken away is. */
  #judgeClock(records: readonly TimerRecord[], sent: ReadonlySet<number>): void {
    for (const { key, offset, due } of records) {
      if (due === undefined) continue
      const later = records.filter((one) => one.key === key && one.offset > offset && one.time < due)
      if (later.length === 0 && !sent.has(offset)) this.wrong.push(`the timer of ${offset} was not sent`)
      if (!later.some(({ time }) => time < due - inTimeMs)) continue
      this.facts.cancelled++
      if (sent.has(offset)) this.wrong.push(`the timer of ${offset} was sent, and had been taken away`)
    }
  }
}
