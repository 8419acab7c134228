import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import { plainRecord, type PlainRecord } from '../../../engine/component/packed-records.ts'
import { KafkaAdmin } from '../../../engine/kafka/admin.ts'
import { Changelogs } from '../../../engine/kafka/changelogs.ts'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import type { KafkaSettings } from '../../../engine/kafka/settings.ts'
import { decodeMetadata } from '../../../engine/runtime/commit-metadata.ts'
import { Intervals } from '../../../engine/runtime/intervals.ts'
import { decodeParked, encodeCommand } from '../../../engine/runtime/letters.ts'
import { changelogFormat } from '../../../engine/state/changelog-format.ts'
import { openLocalState } from '../../../engine/state/local-state.ts'
import { decoder, makeEvents, windowMs, writeEvents, type EventsPlan, type Written } from './events.ts'
import { effectsOf } from './probe-effects.ts'
import type { Committed, Effect, Findings, Letter, Output, Snapshot } from './judge.ts'
import { environmentOf, topologyOf, type ProofOptions } from './setting.ts'
import { oracleOf, type Oracle } from './oracle.ts'
import { judgeCut } from './state.ts'
import { Workers } from './workers.ts'

/** The folder with schemas/ and cql/. */
export const projectRoot = join(import.meta.dirname, '../../..')

/** One run of a topology over one topic, with everything that is needed to judge it. */
export class Proof {
  readonly name: string
  readonly folder: string
  readonly workers: Workers
  readonly partitions: number
  readonly #options: ProofOptions
  readonly log: KafkaLog
  readonly admin: KafkaAdmin
  readonly snapshots: Snapshot[] = []
  #written: Written[] = []
  #oracle: Oracle | undefined
  /** Found wrong on the way. */
  readonly wrong: Findings = []
  #released = false
  #watching = true
  #watch: Promise<void> = Promise.resolve()
  #snapshot: Promise<unknown> = Promise.resolve()

  private constructor(options: ProofOptions, settings: KafkaSettings, admin: KafkaAdmin) {
    this.#options = options
    this.admin = admin
    this.name = options.name
    this.partitions = options.partitions ?? 6
    this.folder = mkdtempSync(join(tmpdir(), 'millrace-proof-'))
    this.log = new KafkaLog({ settings, onTrouble: () => undefined })
    this.workers = new Workers({
      folder: this.folder,
      topology: join(this.folder, 'topology.yaml'),
      environment: join(this.folder, 'environment.yaml'),
      project: projectRoot,
      mutant: options.mutant,
      probeMs: options.probeMs,
    })
  }

  /** Makes the topics, and writes the events. */
  static async open(options: ProofOptions): Promise<Proof> {
    const replication = options.replication ?? 1
    const settings: KafkaSettings = {
      brokers: options.bootstrap.split(','),
      topics: { partitions: options.partitions ?? 6, replication },
      protocol: options.protocol ?? 'auto',
      settings: {},
    }
    const proof = new Proof(options, settings, await KafkaAdmin.open(settings))
    for (const name of ['state-1', 'mended']) mkdirSync(join(proof.folder, name), { recursive: true })
    writeFileSync(join(proof.folder, 'topology.yaml'), topologyOf(options, proof.probe))
    writeFileSync(join(proof.folder, 'environment.yaml'), environmentOf(options))
    await proof.admin.createTopic(proof.name, { partitions: proof.partitions, replication })
    if (options.delivery === 'exactly-once')
      await proof.admin.createTopic(proof.outputTopic, { partitions: proof.partitions, replication })
    await proof.write(options.events)
    return proof
  }

  get probe(): string {
    return join(this.folder, 'probe.tsv')
  }

  /** How long the probe's file is now. */
  get probeBytes(): number {
    return existsSync(this.probe) ? statSync(this.probe).size : 0
  }

  get outputTopic(): string {
    return `${this.name}.out`
  }

  /** The window of the dedup, milliseconds; 0 where there is none. */
  get windowMs(): number {
    return this.#options.topology?.windowMs ?? windowMs
  }

  get written(): readonly Written[] {
    return this.#written
  }

  get oracle(): Oracle {
    this.#oracle ??= oracleOf(this.#written, this.partitions, this.#released ? this.windowMs : undefined)
    return this.#oracle
  }

  /** Writes another part of events behind those that are there, of the same kinds. */
  async write(plan: EventsPlan): Promise<void> {
    const { bad, garbage, duplicates } = this.#options.events
    const shares = {
      ...(bad !== undefined && { bad }),
      ...(garbage !== undefined && { garbage }),
      ...(duplicates !== undefined && { duplicates }),
    }
    this.#written = [
      ...this.#written,
      ...(await writeEvents(this.#options.bootstrap, this.name, makeEvents({ ...shares, ...plan }))),
    ]
    this.#oracle = undefined
  }

  /** Notes from now on, again and again, what is committed. */
  watch(everyMs = 250): void {
    const loop = async (): Promise<void> => {
      while (this.#watching) {
        await this.snapshot().catch(() => undefined)
        await wait(everyMs)
      }
    }
    this.#watch = loop()
  }

  /** What is committed now. One after the other: so they are in the order of what they saw. */
  snapshot(): Promise<Snapshot> {
    const next = this.#snapshot.then(() => this.#takeSnapshot())
    this.#snapshot = next.catch(() => undefined)
    return next
  }

  async #takeSnapshot(): Promise<Snapshot> {
    const committed = await this.committed()
    const snapshot = { committed, bytes: this.probeBytes }
    this.snapshots.push(snapshot)
    return snapshot
  }

  /** What the group has committed of its source, by partition. */
  async committed(): Promise<Committed[]> {
    const partitions = Array.from({ length: this.partitions }, (_, partition) => ({
      topic: this.name,
      partition,
    }))
    const found = await Promise.all(partitions.map((one) => this.log.committed(this.name, one)))
    return found.map((one) =>
      one === undefined
        ? { frontier: 0, ranges: new Intervals() }
        : { frontier: one.offset, ranges: decodeMetadata(one.offset, one.metadata) },
    )
  }

  /**
   * Judges what dead workers have left behind, while none runs: state is of exactly the records that are committed. Waits
   * for what they left open.
   */
  async judgeCut(): Promise<void> {
    const blocks = await Promise.all(Array.from({ length: this.partitions }, (_, n) => this.restored(n)))
    const { committed } = await this.snapshot()
    for (const [n, some] of blocks.entries())
      this.wrong.push(...judgeCut(some, committed[n]!, n, this).slice(0, 5))
  }

  /** Asks for every parked key to be released, as `millrace dlq release` does. */
  async releaseAll(): Promise<void> {
    const keys = new Map((await this.letters()).map(({ key, partition }) => [key, partition]))
    writeFileSync(join(this.folder, 'mended', 'all'), '')
    await this.log.append(
      [...keys].map(([key, partition]) => ({
        ...encodeCommand({ act: 'release', at: Date.now() }, Buffer.from(key)),
        topic: `${this.name}.${this.name}.parked`,
        partition,
      })),
    )
    this.#released = true
    this.#oracle = undefined
  }

  /** Resolves when so large a share of the events is committed; fails where it does not come to that. */
  async untilCommitted(share = 1, limitMs = 120_000): Promise<void> {
    const { ends } = this.oracle
    const wanted = share * ends.reduce((sum, end) => sum + end, 0)
    const deadline = Date.now() + limitMs
    let done = 0
    while (Date.now() < deadline) {
      const snapshot = await this.snapshot().catch(() => undefined)
      done = snapshot?.committed.reduce((sum, { frontier }) => sum + frontier, 0) ?? done
      if (done >= wanted) return
      if (this.workers.all.length > 0 && this.workers.all.every(({ running }) => !running)) break
      await wait(150)
    }
    throw new Error(
      `${this.name}: ${done} of ${wanted} records were committed, and no more came: see ${this.folder}`,
    )
  }

  /** What the probe has seen. */
  effects(): Effect[] {
    return effectsOf(this.probe, this.name)
  }

  /** The letters of the parked topic, or those of the dead-letter topic. */
  async letters(topic = `${this.name}.${this.name}.parked`): Promise<Letter[]> {
    const letters: Letter[] = []
    for await (const record of this.records(topic)) {
      const entry = decodeParked(record)
      if (entry.type !== 'letter') continue
      const { partition, offset, follower } = entry.info
      letters.push({ partition, offset, follower, key: textOf(entry.record.key) })
    }
    return letters
  }

  deadLetters(): Promise<Letter[]> {
    return this.letters(`${this.name}.dlq`)
  }

  /** What readers of committed records see in the output topic. */
  async outputs(): Promise<Output[]> {
    const decode = await decoder()
    const outputs: Output[] = []
    for await (const { key, value } of this.records(this.outputTopic))
      outputs.push({ key: textOf(key), id: (decode(value!) as { eventId: string }).eventId })
    return outputs
  }

  /** The committed records of a topic, partition by partition. */
  async *records(topic: string): AsyncGenerator<PlainRecord> {
    const partitions = (await this.log.partitionsOf(topic)) ?? 0
    for (let partition = 0; partition < partitions; partition++) {
      const place = { topic, partition }
      const [end] = await this.admin.offsets([place], 'latest', 'read_uncommitted')
      for (let at = 0; at < end!;) {
        const { records, next } = await this.log.fetch(place, at, 100_000)
        for (let row = 0; row < records.count; row++) yield plainRecord(records, row)
        // A transaction is not over yet: its records come, or the brokers abort it.
        if (next <= at) await wait(50)
        at = next
      }
    }
  }

  /** True while a transaction is open in the changelog of `unique`: somebody's records are behind what can be read. */
  async hasOpenTransaction(): Promise<boolean> {
    const topic = `${this.name}.unique.changelog`
    const partitions = (await this.log.partitionsOf(topic)) ?? 0
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
    const stable = await this.admin.offsets(places, 'latest', 'read_committed')
    const ends = await this.admin.offsets(places, 'latest', 'read_uncommitted')
    return places.some((_, n) => (stable[n] ?? 0) < (ends[n] ?? 0))
  }

  /** What a worker would restore for `unique` in a partition: of the changelog alone, or with the copy of a slot. */
  async restored(partition: number, slot?: number): Promise<StateBlock[]> {
    const changelogs = new Changelogs({
      log: this.log,
      admin: this.admin,
      format: changelogFormat,
      ...(slot !== undefined && { openLocal: openLocalState }),
      dir: join(this.folder, `state-${slot ?? 0}`),
      trouble: (sentence) => appendFileSync(join(this.folder, 'restored.log'), `${sentence}\n`),
    })
    const blocks: StateBlock[] = []
    const ref = { task: `0/${partition}`, partition, group: this.name }
    try {
      changelogs.opens(ref, [{ topic: this.name, partition }])
      await changelogs.restore(ref, [{ name: 'unique', kind: 'ids' }], (block) =>
        blocks.push({ ...block, bytes: Uint8Array.from(block.bytes) }),
      )
      return blocks
    } finally {
      await changelogs.close()
    }
  }

  /** Ends all that is left of it; keeps the folder where something went wrong. */
  async close({ keep = false } = {}): Promise<void> {
    this.#watching = false
    await this.#watch
    await this.workers.close()
    await Promise.all([this.log.close(), this.admin.close()])
    if (!keep) rmSync(this.folder, { recursive: true, force: true })
  }
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString()
}
