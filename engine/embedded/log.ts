import type {
  FailedRow,
  Fetched,
  Log,
  OutgoingBatch,
  OutgoingRecord,
  RecordPosition,
  TopicOptions,
} from '../component/contracts/log.ts'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { ReadPolicy } from '../component/contracts/reader.ts'
import { unpackBatch } from '../component/outgoing.ts'
import { type PackedRecords, packRecords } from '../component/packed-records.ts'
import { downstreamError } from '../errors.ts'
import type { Appender } from './appender.ts'
import { mergeRecords, sliceRecords } from './block-format.ts'
import type { BlockReader } from './block-reader.ts'
import type { Groups } from './groups.ts'
import { EmbeddedReader } from './reader.ts'
import type { EmbeddedStore } from './store.ts'
import type { Retention } from './retention.ts'
import type { TopicDirectory } from './topics.ts'

/** One transaction of an append holds about this much, so that other processes get their turn. */
const transactionBytes = 8 * 1024 * 1024
const transactionRecords = 16_384

/** `fetch` answers no more than this, whatever its limit (but always a block, where there is one). */
const fetchBytes = 16 * 1024 * 1024

/** An `append` that is under way. */
interface Waiting {
  readonly records: readonly OutgoingRecord[]
  readonly positions: RecordPosition[]
  readonly resolve: (positions: readonly RecordPosition[]) => void
  readonly reject: (error: unknown) => void
}

/** The rooms' parts that a log is made of. */
export interface LogParts {
  readonly store: EmbeddedStore
  readonly topics: TopicDirectory
  readonly appender: Appender
  readonly blocks: BlockReader
  readonly groups: Groups
  readonly retention: Retention
  /** Problems that pass, a sentence each. */
  readonly trouble: (sentence: string) => void
}

/**
 * Topics in the store. Appends that were called in one turn of the event loop share a transaction, and their records
 * share blocks. Rejects with downstream STORE_FAILED while another process keeps the store for long, and with the
 * fatal errors of the store.
 */
export class EmbeddedLog implements Log {
  readonly #parts: LogParts
  #waiting: Waiting[] = []
  #flushing: Promise<void> | undefined

  constructor(parts: LogParts) {
    this.#parts = parts
  }

  async ensureTopic(topic: string, options: TopicOptions = {}): Promise<number> {
    return this.#explained(() => this.#parts.topics.ensure(topic, options).partitionIds.length)
  }

  async partitionsOf(topic: string): Promise<number | undefined> {
    return this.#explained(() => this.#parts.topics.find(topic)?.partitionIds.length)
  }

  /** The offset of the first record of a time (milliseconds since 1970) or later; undefined where none is that late. */
  async firstSince(partition: TopicPartition, time: number): Promise<number | undefined> {
    return this.#explained(() => {
      const id = this.#parts.topics.needPartition(partition)
      return this.#parts.blocks.firstSince(partition, id, time)
    })
  }

  /** The names of all topics. */
  async topicNames(): Promise<string[]> {
    return this.#explained(() => this.#parts.topics.list().map(({ name }) => name))
  }

  async read(group: string, topics: readonly string[], policy: ReadPolicy = {}): Promise<EmbeddedReader> {
    return this.#explained(() => {
      const found = topics.map((name) => this.#parts.topics.need(name))
      const { store, blocks, groups, trouble } = this.#parts
      const reading = {
        name: group,
        commit: (partition: TopicPartition, offset: number) =>
          groups.setPositions(group, [{ ...partition, offset }]),
        nextEpoch: () => groups.join(group, topics),
        trouble,
      }
      return new EmbeddedReader(store, blocks, found, reading, policy)
    })
  }

  append(records: readonly OutgoingRecord[]): Promise<readonly RecordPosition[]> {
    return new Promise((resolve, reject) => {
      this.#explained(() => this.#parts.appender.check(records))
      this.#waiting.push({ records, positions: [], resolve, reject })
      this.#flushing ??= this.#flush()
    })
  }

  async write(batch: OutgoingBatch): Promise<readonly FailedRow[]> {
    await this.append(unpackBatch(batch))
    return []
  }

  async fetch(partition: TopicPartition, offset: number, limit: number): Promise<Fetched> {
    const records = this.#explained(() => this.#fetch(partition, offset, limit))
    return { records, next: records.count === 0 ? offset : records.offsets[records.count - 1]! + 1 }
  }

  async bounds(partition: TopicPartition): Promise<{ readonly first: number; readonly end: number }> {
    return this.#explained(() => this.#parts.blocks.bounds(this.#parts.topics.needPartition(partition)))
  }

  async committed(group: string, partition: TopicPartition): Promise<CommittedPosition | undefined> {
    return this.#explained(() => this.#parts.groups.committed(group, partition))
  }

  async trim(before: TopicPartition & { readonly offset: number }): Promise<void> {
    this.#explained(() => this.#parts.retention.trim(this.#parts.topics.needPartition(before), before.offset))
  }

  /** Waits for the appends that are under way. */
  async close(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing
  }

  #fetch(partition: TopicPartition, offset: number, limit: number): PackedRecords {
    const id = this.#parts.topics.needPartition(partition)
    const runs: PackedRecords[] = []
    let left = limit
    let bytes = 0
    for (let next = offset, more = true; more && left > 0;) {
      more = false
      for (const block of this.#parts.blocks.after(id, next)) {
        if (left <= 0 || (bytes > 0 && bytes + block.bytes > fetchBytes)) break
        const records = this.#parts.blocks.read(partition, id, block)
        if (records === undefined) continue
        const from = Math.max(0, next - block.base)
        const to = Math.min(block.count, from + left)
        runs.push(sliceRecords(records, from, to))
        left -= to - from
        bytes += block.bytes
        next = block.last + 1
        more = true
      }
      more &&= bytes < fetchBytes
    }
    if (runs.length === 0) return packRecords(partition.topic, partition.partition, [], offset)
    return mergeRecords(runs)
  }

  async #flush(): Promise<void> {
    // Lets the other appends of this turn come in, and the process breathe between transactions.
    await new Promise((resolve) => setImmediate(resolve))
    const calls = this.#waiting
    this.#waiting = []
    let failure: { readonly error: unknown } | undefined
    for (const slice of slicesOf(calls)) {
      failure ??= await this.#writeSlice(slice)
    }
    for (const call of calls) {
      if (call.positions.length === call.records.length) call.resolve(call.positions)
      else call.reject(failure?.error)
    }
    this.#flushing = this.#waiting.length > 0 ? this.#flush() : undefined
  }

  async #writeSlice(slice: Slice): Promise<{ readonly error: unknown } | undefined> {
    const { store, appender } = this.#parts
    try {
      if (!store.isOpen)
        throw downstreamError('STORE_FAILED', `${store.path} was closed before the records were written.`)
      const plan = appender.plan(slice.records)
      const positions = await store.writeLater(() => appender.write(plan))
      let at = 0
      for (const { call, count } of slice.parts) {
        for (let index = 0; index < count; index++) call.positions.push(positions[at++]!)
      }
      store.announce()
      return undefined
    } catch (error) {
      return { error: store.explain(error) }
    }
  }

  #explained<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#parts.store.explain(error)
    }
  }
}

/** Records of one transaction, and how many of them belong to which call. */
interface Slice {
  readonly records: OutgoingRecord[]
  readonly parts: { readonly call: Waiting; count: number }[]
}

function* slicesOf(calls: readonly Waiting[]): Generator<Slice> {
  let slice: Slice = { records: [], parts: [] }
  let bytes = 0
  for (const call of calls) {
    slice.parts.push({ call, count: 0 })
    for (const record of call.records) {
      if (bytes >= transactionBytes || slice.records.length === transactionRecords) {
        yield slice
        slice = { records: [], parts: [{ call, count: 0 }] }
        bytes = 0
      }
      slice.records.push(record)
      slice.parts.at(-1)!.count++
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0)
    }
  }
  if (slice.records.length > 0) yield slice
}
