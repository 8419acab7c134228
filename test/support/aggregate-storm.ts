import type { SealedTask } from '../../engine/component/contracts/commit.ts'
import { fromOfEntry, keyOfEntry, type Entry } from '../../engine/component/operators/aggregate/entry.ts'
import { closesAt, type WindowSpec } from '../../engine/component/operators/aggregate/windows.ts'
import { decodeMetadata } from '../../engine/runtime/commit-metadata.ts'
import { createKeyValueStore } from '../../engine/state/key-value-store.ts'
import { expectedOf, windowName, type Expected, type Point } from './aggregate-model.ts'
import { type Bench, type TestInput } from './harness.ts'
import { Random } from './harness-records.ts'
import type { TestValue } from './model-parts.ts'
import { StormWeather, type StormRun, type Weather } from './storm-weather.ts'

/** One kind of aggregate in one kind of weather. */
export interface AggregateRun extends StormRun {
  readonly spec: WindowSpec
  /** As the topology has it: ` window: …, emit: …,`. */
  readonly setting: string
  /** Records that fail do so at the other branch: for aggregates without windows. */
  readonly weather: Weather
}

interface SentValue {
  readonly key: string
  readonly from?: number
  readonly to?: number
  readonly version: number
  readonly amounts: readonly number[]
}

/** An aggregate beside a slow branch, on the model cluster, in bad weather; finds all that must not be. */
export class AggregateStorm {
  readonly wrong: string[] = []
  readonly facts = { commits: 0, crashes: 0, sent: 0, repeats: 0, late: 0, parked: 0, retractions: 0 }
  readonly #bench: Bench
  readonly #run: AggregateRun
  readonly #random: Random
  /** By partition: how many records were ever committed of each window before, and how much had been sent by then. */
  readonly #before = new Map<number, { readonly known: Map<string, number>; readonly sent: number }>()
  readonly #storm: StormWeather
  #made = 0

  constructor(bench: Bench, run: AggregateRun, seed: number) {
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
    for (let steps = 0; this.#made < 70 || steps < 150; steps++) {
      if (this.#made < 70 && this.#random.chance(0.15)) this.#produce()
      this.#storm.happen()
      await cluster.step()
    }
  }

  #produce(): void {
    const { bad = 0 } = this.#run.weather
    const made = Array.from({ length: 1 + this.#random.below(6) }, (): TestInput => {
      const time = 1000 + this.#made * 8 + this.#random.below(60)
      const one = { id: `e${this.#made}`, key: `k${this.#random.below(4)}`, time }
      this.#made++
      return this.#random.chance(bad)
        ? { ...one, fails: { slow: this.#random.chance(0.5) ? -1 : 1000 } }
        : one
    })
    this.#bench.produce(made)
    const { topics, partitions } = this.#bench.cluster
    if (this.#random.chance(0.2)) topics.gap({ topic: 'in', partition: this.#random.below(partitions) })
  }

  /** The end of all trouble. */
  async calm(): Promise<void> {
    this.wrong.push(...(await this.#storm.calm()))
    this.facts.crashes = this.#storm.crashes
  }

  /** The records of a partition below an offset. */
  #points(partition: number, below = Number.POSITIVE_INFINITY): Point[] {
    return [...this.#bench.cluster.topics.all({ topic: 'in', partition })]
      .filter(([offset]) => offset < below)
      .map(([offset, { key, value }]) => {
        const { time } = JSON.parse(Buffer.from(value!).toString()) as TestValue
        return { key: Buffer.from(key!).toString(), time: time!, amount: offset }
      })
  }

  #state(task: string): Map<string, readonly number[]> {
    const store = createKeyValueStore({ name: 'sums' })
    for (const block of this.#bench.cluster.commits.blocks(task)) {
      if (block.store === 'sums') store.restore(block)
    }
    const entries = [...store.entries()].filter(([id]) => !id.startsWith('@'))
    return new Map(
      entries.map(([id, value]) => {
        const entry = value as Entry
        const name = windowName(this.#run.spec, fromOfEntry(id, entry), entry.u, keyOfEntry(id))
        return [name, (entry.a[0] as string[]).map((text) => Number(text))]
      }),
    )
  }

  /** After each commit: the state is that of a beginning of the partition. */
  #applied(task: SealedTask): void {
    this.facts.commits++
    if ((this.#run.weather.bad ?? 0) > 0) return
    const position = task.positions.find(({ topic }) => topic === 'in')!
    const beyond = decodeMetadata(position.offset, position.metadata)
    for (const [offset] of this.#bench.cluster.topics.all(position)) {
      if (beyond.has(offset))
        this.wrong.push(`${task.task}: something beyond ${position.offset} is committed`)
    }
    const expected = expectedOf(this.#run.spec, this.#points(position.partition, position.offset))
    const state = this.#state(task.task)
    const sent = this.#sentOf(position.partition)
    this.#judgeEarly(position.partition, sent, expected)
    for (const [id, amounts] of state)
      this.#compare(`${task.task} at ${position.offset}, ${id}`, expected, id, amounts)
    for (const [id, { to }] of expected.windows) {
      if (state.has(id)) continue
      const isOver = expected.streamTime >= closesAt(this.#run.spec, to)
      if (!isOver || !sent.some((one) => idOf(this.#run.spec, one) === id)) {
        this.wrong.push(`${task.task} at ${position.offset}: ${id} is gone, and was not sent`)
      }
    }
  }

  /** What was sent since the last commit was in its state: a crash could not have taken it back. */
  #judgeEarly(partition: number, sent: readonly SentValue[], expected: Expected): void {
    const { known, sent: earlier } = this.#before.get(partition) ?? {
      known: new Map<string, number>(),
      sent: 0,
    }
    this.#before.set(partition, { known, sent: sent.length })
    for (const one of this.#run.exactlyOnce === true ? [] : sent.slice(earlier)) {
      if (one.amounts.length > (known.get(idOf(this.#run.spec, one)) ?? 0))
        this.wrong.push(`${idOf(this.#run.spec, one)} was sent before it was committed`)
    }
    for (const [id, { amounts }] of expected.windows) known.set(id, amounts.length)
  }

  #compare(where: string, expected: Expected, id: string, amounts: readonly number[]): void {
    const wanted = expected.windows.get(id)?.amounts
    if (String(wanted) !== String(amounts))
      this.wrong.push(`${where} is ${String(amounts)}, not ${String(wanted)}`)
  }

  /** What was sent from a partition, in order, but for tombstones. */
  #sentOf(partition: number): SentValue[] {
    return this.#outputs(partition).flatMap(({ value }) => value ?? [])
  }

  #outputs(partition: number): { readonly key: string; readonly value: SentValue | null }[] {
    if (this.#run.exactlyOnce !== true) {
      return this.#bench.world.effects
        .filter((effect) => effect.node === 'out' && effect.partition === partition)
        .map(({ key, value }) => ({ key: key!, value: value as SentValue | null }))
    }
    // A session's key is another one than that of its records, and may be in another partition.
    const keys = new Set(this.#points(partition).map(({ key }) => key))
    const { topics, partitions } = this.#bench.cluster
    return Array.from({ length: partitions }, (_, to) => [...topics.all({ topic: 'out', partition: to })])
      .flat()
      .map(([, { key, value }]) => ({
        key: Buffer.from(key!).toString(),
        value: value && (JSON.parse(Buffer.from(value).toString()) as SentValue),
      }))
      .filter(({ key }) => keys.has(key.split('/')[0]!))
  }

  /** Windows that were sent and taken back: their last record is a tombstone. */
  #takenBack(partition: number): Set<string> {
    const names = new Map<string, string>()
    const gone = new Set<string>()
    for (const { key, value } of this.#outputs(partition)) {
      if (value === null) {
        this.facts.retractions++
        gone.add(names.get(key) ?? `${key}, which nobody sent`)
      } else {
        names.set(key, idOf(this.#run.spec, value))
        gone.delete(idOf(this.#run.spec, value))
      }
    }
    return gone
  }

  /** What is judged in the end. */
  judge(): void {
    for (let partition = 0; partition < this.#bench.cluster.partitions; partition++) {
      const points = this.#points(partition)
      const expected = expectedOf(this.#run.spec, points)
      const sent = this.#sentOf(partition)
      const letters = (this.#run.weather.bad ?? 0) > 0
      this.facts.parked += this.#bench.letters(partition).length
      this.facts.late += expected.late.size
      this.#judgeSent(partition, sent)
      const last = new Map(sent.map((one) => [idOf(this.#run.spec, one), one]))
      for (const one of sent) {
        if (one.version > last.get(idOf(this.#run.spec, one))!.version)
          last.set(idOf(this.#run.spec, one), one)
      }
      for (const id of this.#takenBack(partition)) last.delete(id)
      for (const [id, { to, amounts }] of expected.windows) {
        const waits =
          /emit: close/.test(this.#run.setting) && expected.streamTime < closesAt(this.#run.spec, to)
        if (waits) {
          if (last.has(id)) this.wrong.push(`${id} was sent before its end`)
          continue
        }
        const got = [...(last.get(id)?.amounts ?? [])]
        const wanted = [...amounts]
        if (letters) {
          got.sort((a, b) => a - b)
          wanted.sort((a, b) => a - b)
        }
        if (String(got) !== String(wanted))
          this.wrong.push(`${id}: sent ${String(got)}, not ${String(wanted)}`)
      }
      for (const id of last.keys())
        if (!expected.windows.has(id)) this.wrong.push(`${id} was sent, and never was`)
    }
  }

  #judgeSent(partition: number, sent: readonly SentValue[]): void {
    const contents = new Map<string, string>()
    for (const one of sent) {
      const name = `${idOf(this.#run.spec, one)} version ${one.version}`
      const known = contents.get(name)
      if (known !== undefined) this.facts.repeats++
      if (known !== undefined && this.#run.exactlyOnce === true) this.wrong.push(`${name} was sent twice`)
      if (known !== undefined && known !== String(one.amounts))
        this.wrong.push(`${name} was sent with two contents`)
      contents.set(name, String(one.amounts))
    }
    this.facts.sent += sent.length
    this.#judgeOrder(partition)
  }

  /** Versions never go back, as far as one worker (or the topic) can say. */
  #judgeOrder(partition: number): void {
    const lanes: (readonly [string, SentValue])[] =
      this.#run.exactlyOnce === true
        ? this.#sentOf(partition).map((one) => ['', one] as const)
        : this.#bench.world.effects
            .filter(
              ({ node, partition: from, value }) => node === 'out' && from === partition && value !== null,
            )
            .map(({ worker, value }) => [worker, value as SentValue] as const)
    const before = new Map<string, number>()
    for (const [worker, one] of lanes) {
      const name = `${worker} ${idOf(this.#run.spec, one)}`
      if (one.version < (before.get(name) ?? 0))
        this.wrong.push(`${name}: ${one.version} came after ${before.get(name)}`)
      before.set(name, one.version)
    }
  }
}

function idOf(spec: WindowSpec, { key, from, to }: SentValue): string {
  return windowName(spec, from, to, key)
}
