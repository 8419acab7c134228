import type { SealedTask, StateBlock } from '../../engine/component/contracts/commit.ts'
import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import { decodeMetadata } from '../../engine/runtime/commit-metadata.ts'
import { createIdStore } from '../../engine/state/id-store.ts'
import { fingerprint } from '../../engine/state/fingerprint.ts'
import { codecOf } from '../../sources/codecs.ts'
import { FakeLineage } from './fake-lineage.ts'
import type { Bench } from './harness.ts'
import type { Effect, TestValue } from './model-parts.ts'

/** A record that was produced. */
export interface Produced extends TestValue {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly bytes: Buffer
}

/** Watches a run on the model cluster, and finds everything that must not be. */
export class Judge {
  readonly wrong: string[] = []
  /** Records that are given up (discarded or skipped), and so need no effect: `partition@offset`. */
  readonly discarded = new Set<string>()
  readonly #bench: Bench
  readonly #last = new Map<string, (offset: number) => boolean>()
  readonly #frontiers = new Map<string, number>()
  readonly #store: string
  /** What there was to judge. */
  readonly facts = { commits: 0, effects: 0, repeats: 0, letters: 0, duplicates: 0 }

  /** `store`: the node that remembers ids. */
  constructor(bench: Bench, store: string) {
    this.#bench = bench
    this.#store = store
    bench.cluster.commits.onApplied = (task) => this.#applied(task)
    bench.world.onWriting = (...at) => this.#writing(...at)
  }

  /** What is committed only grows. */
  #applied(task: SealedTask): void {
    for (const { topic, partition, offset } of task.positions) {
      const name = `${topic}/${partition}`
      const before = this.#frontiers.get(name) ?? 0
      if (offset < before)
        this.wrong.push(`the committed offset of ${name} went from ${before} back to ${offset}`)
      this.#frontiers.set(name, offset)
      const covered = this.covered({ topic, partition })
      const known = this.#last.get(name)
      const end = this.#bench.cluster.topics.lastStable({ topic, partition })
      for (let at = 0; at < end; at++) {
        if (known?.(at) === true && !covered(at)) this.wrong.push(`${name}@${at} is no longer committed`)
      }
      this.#last.set(name, covered)
    }
    this.facts.commits++
    this.#ids(task.positions[0]!.partition)
  }

  /** Everything that is judged at the end. */
  all(sinks: readonly string[]): void {
    this.effects()
    this.letters()
    this.complete(sinks)
  }

  /** Tells which offsets of a partition are committed now. */
  covered(partition: TopicPartition): (offset: number) => boolean {
    const position = this.#bench.cluster.commits.position(this.#bench.topology, partition)
    if (position === undefined) return () => false
    const ranges = decodeMetadata(position.offset, position.metadata)
    return (offset) => offset < position.offset || ranges.has(offset)
  }

  /** Nothing that is committed is written again by the owner of its partition, unless its letter is still open. */
  #writing(worker: string, topic: string, partition: number, offset: number): void {
    if (!this.covered({ topic, partition })(offset) || this.#isStale(worker, topic, partition)) return
    const open = this.covered({ topic: this.#bench.parkedTopic, partition })
    const letters = this.#bench
      .parked(partition)
      .filter(({ offset: at, entry }) => entry.type === 'letter' && !open(at))
    if (letters.some(({ entry }) => entry.type === 'letter' && entry.info.offset === offset)) return
    this.wrong.push(`${worker} writes ${topic}/${partition}@${offset}, which is committed`)
  }

  #isStale(name: string, topic: string, partition: number): boolean {
    const { cluster, topology } = this.#bench
    const one = cluster.workers.find(({ life }) => life.name === name)!
    const task = [...one.worker.tasks].find(({ inputs }) =>
      inputs.some((input) => input.partition.topic === topic && input.partition.partition === partition),
    )
    return (
      task === undefined || cluster.group(topology).holds(name, { topic, partition }, task.epoch) !== true
    )
  }

  /** Every record of the topic `in`. */
  produced(): Produced[] {
    const { topics, partitions } = this.#bench.cluster
    return Array.from({ length: partitions }, (_, partition) => partition).flatMap((partition) =>
      [...topics.all({ topic: 'in', partition })].map(([offset, record]) => ({
        ...(JSON.parse(Buffer.from(record.value!).toString()) as TestValue),
        partition,
        offset,
        key: record.key === null ? null : Buffer.from(record.key).toString(),
        bytes: Buffer.from(record.value!),
      })),
    )
  }

  /** Effects: one position for each id, in order per key and path where they first appear. */
  effects(): void {
    const records = new Map(this.produced().map((one) => [`${one.partition}@${one.offset}`, one]))
    const positions = new Map<string, string>()
    const last = new Map<string, number>()
    const seen = new Set<string>()
    for (const effect of this.#bench.world.effects) {
      const position = `${effect.partition}@${effect.offset}`
      const known = positions.get(effect.id)
      // What was given up may have had some of its effects before, and its twin is free to have all of them.
      const given = known !== undefined && this.discarded.has(known)
      if (known !== undefined && known !== position && !given) {
        this.wrong.push(`${effect.id} has effects of ${known} and ${position}`)
      }
      positions.set(effect.id, position)
      const { time } = records.get(position)!
      if (time !== undefined && time !== effect.timestamp)
        this.wrong.push(`${position} has the time ${effect.timestamp}`)
      this.#order(effect, position, last, seen)
    }
    this.facts.effects = this.#bench.world.effects.length
    this.facts.repeats = this.facts.effects - seen.size
  }

  #order(effect: Effect, position: string, last: Map<string, number>, seen: Set<string>): void {
    const { node, path, key, offset } = effect
    const lane = `${node} ${path.replace(/#\d+/, '')} ${key}`
    const before = last.get(lane) ?? -1
    if (seen.has(`${node} ${path} ${position}`)) return
    seen.add(`${node} ${path} ${position}`)
    if (key === null) return
    if (offset < before) this.wrong.push(`${lane}: ${position} came after offset ${before}`)
    last.set(lane, Math.max(before, offset))
  }

  /** Letters: in the order of offsets for each key, none twice; those without key none twice. */
  letters(): void {
    for (let partition = 0; partition < this.#bench.cluster.partitions; partition++) {
      const last = new Map<string, number>()
      const seen = new Set<number>()
      for (const { key, entry } of this.#bench.parked(partition)) {
        if (entry.type !== 'letter') continue
        const { offset } = entry.info
        if (seen.has(offset)) this.wrong.push(`there are two letters for ${partition}@${offset}`)
        seen.add(offset)
        this.facts.letters++
        if (key === null) continue
        if (offset < (last.get(key) ?? -1))
          this.wrong.push(`${key}: letter ${offset} stands behind ${last.get(key)}`)
        last.set(key, offset)
      }
    }
  }

  /** Everything is committed, and each record has its effects at these sinks, is a duplicate, or is a letter. */
  complete(sinks: readonly string[]): void {
    const { cluster, world } = this.#bench
    const done = new Set(world.effects.map(({ node, partition, offset }) => `${node} ${partition}@${offset}`))
    const ids = new Set(world.effects.map(({ id }) => id))
    for (let partition = 0; partition < cluster.partitions; partition++) {
      const covered = this.covered({ topic: 'in', partition })
      const open = this.#openLetters(partition)
      for (const { offset, id } of this.produced().filter((one) => one.partition === partition)) {
        const at = `${partition}@${offset}`
        if (!covered(offset)) this.wrong.push(`${at} is not committed`)
        if (open.has(offset) || this.discarded.has(at)) continue
        const missing = sinks.filter((sink) => !done.has(`${sink} ${at}`))
        const duplicate = missing.length === sinks.length && (ids.has(id) || this.#isLetter(partition, id))
        if (duplicate) this.facts.duplicates++
        if (missing.length > 0 && !duplicate)
          this.wrong.push(`${at} (${id}) has no effect at ${missing.join(', ')}`)
      }
    }
  }

  #openLetters(partition: number): Set<number> {
    const closed = this.covered({ topic: this.#bench.parkedTopic, partition })
    const open = this.#bench
      .parked(partition)
      .filter(({ offset, entry }) => entry.type === 'letter' && !closed(offset))
    return new Set(open.map(({ entry }) => (entry.type === 'letter' ? entry.info.offset : -1)))
  }

  #isLetter(partition: number, id: string): boolean {
    const letters = new Set(this.#bench.letters(partition))
    return this.produced().some(
      (one) => one.partition === partition && one.id === id && letters.has(one.offset),
    )
  }

  /** Offsets whose ids the committed state of a partition knows. */
  known(partition: number): Set<number> {
    const { cluster, topology } = this.#bench
    const records = this.produced().filter((one) => one.partition === partition)
    return knownIds(cluster.commits.blocks(`${topology}/0/${partition}`), this.#store, records)
  }

  /** The committed ids are those of committed records, and none is missing that was stored. */
  #ids(partition: number): void {
    const covered = this.covered({ topic: 'in', partition })
    const letters = new Set(this.#bench.letters(partition))
    const records = this.produced().filter((one) => one.partition === partition)
    const known = this.known(partition)
    const firsts = new Set<string>()
    for (const { id, offset } of records) {
      const first = !firsts.has(id)
      firsts.add(id)
      if (known.has(offset) && !covered(offset))
        this.wrong.push(`the id of ${partition}@${offset} is durable too early`)
      if (!first || !covered(offset) || letters.has(offset) || this.discarded.has(`${partition}@${offset}`))
        continue
      if (!known.has(offset)) this.wrong.push(`the id of ${partition}@${offset} is committed but not known`)
    }
  }
}

const locate = codecOf('json').reader(['id'])

/** Offsets of the records whose id the committed state knows under their own position. */
function knownIds(blocks: readonly StateBlock[], name: string, records: readonly Produced[]): Set<number> {
  const store = createIdStore({ name, windowMs: 7 * 86_400_000 })
  for (const block of blocks) store.restore(block)
  store.advance(1)
  const known = new Set<number>()
  const place = new Int32Array(2)
  const lineage = new FakeLineage()
  for (const { offset, bytes } of records) {
    locate.locate(bytes, 0, bytes.length, place)
    fingerprint(bytes, place[0]!, place[1]!, store.probe)
    if (store.see(0, offset, lineage, offset) === 1) known.add(offset)
    else lineage.settle(offset, 'skipped')
  }
  return known
}
