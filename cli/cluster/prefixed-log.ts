import type {
  FailedRow,
  Fetched,
  Log,
  OutgoingBatch,
  OutgoingRecord,
  RecordPosition,
  TopicOptions,
} from '../../engine/component/contracts/log.ts'
import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'
import type { ReadPolicy, SourceReader } from '../../engine/component/contracts/reader.ts'
import type { Prefix } from './prefix.ts'
import { PrefixedReader } from './prefixed-reader.ts'

/** How topics are made under a prefix. */
export type MakeTopic = (name: string, options: TopicOptions) => Promise<void>

/** Topics and groups under a prefix. Readers are told when they are opened, those that several sources share once. */
export class PrefixedLog implements Log {
  readonly #log: Log
  readonly #prefix: Prefix
  readonly #make: MakeTopic
  readonly #opened: (reader: PrefixedReader) => void
  readonly #readers = new Map<SourceReader, PrefixedReader>()

  constructor(log: Log, prefix: Prefix, make: MakeTopic, opened: (reader: PrefixedReader) => void) {
    this.#log = log
    this.#prefix = prefix
    this.#make = make
    this.#opened = opened
  }

  async ensureTopic(topic: string, options: TopicOptions = {}): Promise<number> {
    const name = this.#prefix.to(topic)
    const there = await this.#log.partitionsOf(name)
    if (there !== undefined) return there
    await this.#make(name, options)
    // Waits until the brokers know it.
    return this.#log.ensureTopic(name, options)
  }

  partitionsOf(topic: string): Promise<number | undefined> {
    return this.#log.partitionsOf(this.#prefix.to(topic))
  }

  async read(group: string, topics: readonly string[], policy?: ReadPolicy): Promise<SourceReader> {
    const names = topics.map((topic) => this.#prefix.to(topic))
    const reader = await this.#log.read(this.#prefix.to(group), names, policy)
    const known = this.#readers.get(reader)
    if (known !== undefined) return known
    const prefixed = new PrefixedReader(reader, this.#prefix)
    this.#readers.set(reader, prefixed)
    this.#opened(prefixed)
    return prefixed
  }

  async append(records: readonly OutgoingRecord[]): Promise<readonly RecordPosition[]> {
    const places = await this.#log.append(records.map((record) => this.#prefix.place(record)))
    this.#prefix.writes++
    return places.map((place) => this.#prefix.seen(place))
  }

  async write(batch: OutgoingBatch): Promise<readonly FailedRow[]> {
    const failed = await this.#log.write(this.#prefix.place(batch))
    this.#prefix.writes++
    return failed
  }

  async fetch(partition: TopicPartition, offset: number, limit: number): Promise<Fetched> {
    const { records, next } = await this.#log.fetch(this.#prefix.place(partition), offset, limit)
    return { records: this.#prefix.seen(records), next }
  }

  bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    return this.#log.bounds(this.#prefix.place(partition))
  }

  committed(group: string, partition: TopicPartition): Promise<CommittedPosition | undefined> {
    return this.#log.committed(this.#prefix.to(group), this.#prefix.place(partition))
  }
}
