import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'
import type { ErrorCode } from '../../engine/errors.ts'
import { decodeMetadata } from '../../engine/runtime/commit-metadata.ts'
import {
  decodeParked,
  encodeCommand,
  type LetterCommand,
  type ParkedEntry,
} from '../../engine/runtime/letters.ts'
import { ModelCluster } from './model-cluster.ts'
import { ModelWorld, type TestValue } from './model-parts.ts'

/** A record as tests write it. */
export interface TestInput extends TestValue {
  readonly key: string | null
  readonly at?: number
}

type Letter = Extract<ParkedEntry, { type: 'letter' }>

/** One letter or command of a parked partition. */
export interface ParkedRecord {
  readonly offset: number
  readonly key: string | null
  readonly entry: ParkedEntry
}

/** A topology on the model cluster: what tests do with it. */
export class Bench {
  readonly cluster: ModelCluster
  readonly world = new ModelWorld()
  readonly topology: string

  constructor(
    seed: number,
    yaml: string,
    options: Partial<ConstructorParameters<typeof ModelCluster>[0]> = {},
  ) {
    this.topology = /^name: (\S+)/m.exec(yaml)![1]!
    this.cluster = new ModelCluster({ seed, yaml, registry: (life) => this.world.registry(life), ...options })
    this.cluster.topics.ensure('in', this.cluster.partitions)
  }

  /** Appends records to the topic `in`. The key decides the partition, unless one is given. */
  produce(records: readonly TestInput[], partition?: number, topic = 'in'): void {
    const { topics, clock } = this.cluster
    topics.append(
      records.map(({ key, at, ...value }) => ({
        topic,
        key: key === null ? null : Buffer.from(key),
        value: Buffer.from(JSON.stringify(value)),
        headers: [],
        timestamp: at ?? clock.now(),
        ...(partition !== undefined && { partition }),
        ...(partition === undefined && key === null && { partition: 0 }),
      })),
    )
  }

  /** Asks for letters to be released or discarded. */
  command(
    partition: number,
    key: string | null,
    act: LetterCommand['act'],
    letters?: readonly number[],
  ): void {
    this.commandOf('in', partition, key, act, letters)
  }

  /** The same of a topic. */
  commandOf(
    topic: string,
    partition: number,
    key: string | null,
    act: LetterCommand['act'],
    letters?: readonly number[],
  ): void {
    const { topics, clock } = this.cluster
    const command = { act, at: clock.now(), ...(letters !== undefined && { letters }) }
    const record = encodeCommand(command, key === null ? null : Buffer.from(key))
    topics.append([{ ...record, topic: `${this.topology}.${topic}.parked`, partition }])
  }

  get parkedTopic(): string {
    return `${this.topology}.in.parked`
  }

  /** What is in a parked partition. */
  parked(partition = 0, of = 'in'): ParkedRecord[] {
    const topic = `${this.topology}.${of}.parked`
    if (this.cluster.topics.partitionsOf(topic) === undefined) return []
    return [...this.cluster.topics.all({ topic, partition })].map(([offset, record]) => ({
      offset,
      key: record.key === null ? null : Buffer.from(record.key).toString(),
      entry: decodeParked(record),
    }))
  }

  /** Letters of a partition that are neither released nor discarded, by what is committed. */
  openLetters(partition: number, of = 'in'): (ParkedRecord & { readonly entry: Letter })[] {
    const topic = `${this.topology}.${of}.parked`
    const position = this.cluster.commits.position(this.topology, { topic, partition })
    const ranges = position && decodeMetadata(position.offset, position.metadata)
    const isClosed = (offset: number): boolean =>
      offset < (position?.offset ?? 0) || ranges?.has(offset) === true
    return this.parked(partition, of).flatMap(({ entry, ...one }) =>
      entry.type === 'letter' && !isClosed(one.offset) ? [{ ...one, entry }] : [],
    )
  }

  /** Offsets of the records whose letters are in a parked partition, in its order. */
  letters(partition = 0): number[] {
    return this.parked(partition).flatMap(({ entry }) => (entry.type === 'letter' ? [entry.info.offset] : []))
  }

  /** Effects at a node, as offsets. */
  offsets(node: string, partition = 0): number[] {
    return this.world.effects
      .filter((one) => one.node === node && one.partition === partition)
      .map(({ offset }) => offset)
  }

  /** Runs one worker to the end of its topics. */
  async toEnd(): Promise<WorkerSummary> {
    const one = this.cluster.start()
    one.worker.stopAtEnd()
    await this.cluster.until(() => one.over)
    if (one.error !== undefined) throw one.error as Error
    return (await one.ended)!
  }

  /** Runs one worker that is expected to fail; answers the code. */
  async toFailure(): Promise<ErrorCode> {
    const one = this.cluster.start()
    await this.cluster.until(() => one.over)
    return (one.error as { code: ErrorCode }).code
  }
}

/** Runs `use` with a bench, and closes it whatever happens. */
export async function withBench<Result>(
  bench: Bench,
  use: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(bench)
  } finally {
    await bench.cluster.close()
  }
}
