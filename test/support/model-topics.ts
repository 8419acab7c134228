import type { OutgoingRecord, RecordPosition } from '../../engine/component/contracts/log.ts'
import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import { packRecords, type PackedRecords, type PlainRecord } from '../../engine/component/packed-records.ts'

/** A record in a topic: seen by readers once its transaction has ended well, a gap for ever if it did not. */
interface Entry {
  readonly record: PlainRecord
  state: 'open' | 'visible' | 'aborted'
}

/** What a transaction has written. */
export interface Written {
  readonly entries: readonly Entry[]
}

/** Topics as a broker keeps them: offsets with gaps, and a last stable offset that readers do not pass. */
export class ModelTopics {
  readonly #topics = new Map<string, Entry[][]>()

  ensure(topic: string, partitions: number): number {
    const known = this.#topics.get(topic)
    if (known !== undefined) return known.length
    this.#topics.set(
      topic,
      Array.from({ length: partitions }, () => []),
    )
    return partitions
  }

  partitionsOf(topic: string): number | undefined {
    return this.#topics.get(topic)?.length
  }

  append(records: readonly OutgoingRecord[]): RecordPosition[] {
    return records.map((record) => this.#put(record, 'visible').position)
  }

  /** Writes records that nobody sees before `end`. */
  begin(records: readonly OutgoingRecord[]): Written {
    const missing = records.find(({ topic }) => !this.#topics.has(topic))
    if (missing !== undefined) throw new Error(`The model has no topic ${missing.topic}.`)
    return { entries: records.map((record) => this.#put(record, 'open').entry) }
  }

  /** Ends what a transaction has written. */
  end(written: Written, committed: boolean): void {
    for (const entry of written.entries) entry.state = committed ? 'visible' : 'aborted'
  }

  /** A hole in the offsets, as a control record or compaction leaves it. */
  gap(partition: TopicPartition): void {
    this.#entries(partition).push({ record: nothing, state: 'aborted' })
  }

  /** The offset of the first record that is still open, or the end. */
  lastStable(partition: TopicPartition): number {
    const entries = this.#entries(partition)
    const open = entries.findIndex(({ state }) => state === 'open')
    return open < 0 ? entries.length : open
  }

  /** The visible records from `offset` on, at most `limit` and about `bytes` of values, but one where there is one. */
  read(partition: TopicPartition, offset: number, limit: number, bytes = Infinity): PackedRecords {
    const entries = this.#entries(partition)
    const offsets: number[] = []
    const end = this.lastStable(partition)
    for (let at = offset, left = bytes; at < end && offsets.length < limit && left > 0; at++) {
      if (entries[at]!.state !== 'visible') continue
      offsets.push(at)
      left -= entries[at]!.record.value?.length ?? 0
    }
    const records = offsets.map((at) => entries[at]!.record)
    return packRecords(partition.topic, partition.partition, records, offset, offsets)
  }

  /** Every visible record, by offset. */
  *all(partition: TopicPartition): Generator<readonly [offset: number, record: PlainRecord]> {
    for (const [offset, { record, state }] of this.#entries(partition).entries()) {
      if (state === 'visible') yield [offset, record]
    }
  }

  #entries({ topic, partition }: TopicPartition): Entry[] {
    const entries = this.#topics.get(topic)?.[partition]
    if (entries === undefined) throw new Error(`The model has no partition ${topic}/${partition}.`)
    return entries
  }

  #put(
    outgoing: OutgoingRecord,
    state: Entry['state'],
  ): { readonly entry: Entry; readonly position: RecordPosition } {
    const { topic, key, value, headers, timestamp } = outgoing
    const partition = outgoing.partition ?? partitionOf(key, this.#topics.get(topic)?.length ?? 0)
    const entries = this.#entries({ topic, partition })
    // What is written lies in buffers that go; what a broker keeps does not.
    const kept = { key: key && Buffer.from(key), value: value && Buffer.from(value), headers, timestamp }
    const entry: Entry = { record: kept, state }
    return { entry, position: { topic, partition, offset: entries.push(entry) - 1 } }
  }
}

const nothing: PlainRecord = { key: null, value: null, headers: [], timestamp: 0 }

function partitionOf(key: Uint8Array | null, partitions: number): number {
  return [...(key ?? [])].reduce((sum, byte) => sum + byte, 0) % partitions
}
