import { crc32 } from 'node:zlib'
import type { StatementSync } from 'node:sqlite'
import type { OutgoingRecord, RecordPosition } from '../component/contracts/log.ts'
import { permanentError } from '../errors.ts'
import { blockChecksum, blockFormat, encodeBlock, packHeaders, recordBytes } from './block-format.ts'
import { partitionOfKey } from './partitioner.ts'
import type { EmbeddedStore } from './store.ts'
import type { Topic, TopicDirectory } from './topics.ts'

/** A block holds no more than this, unless one record alone is larger. */
const largestBlock = 1024 * 1024
const mostRecords = 4096

/** A record may be this large, all told. */
export const largestRecord = 64 * 1024 * 1024

/** Records without key go to one partition until it got this many bytes, then to the next. */
const stickyBytes = 64 * 1024

/** Records that will be one row of the log. */
interface PlannedBlock {
  readonly topic: Topic
  readonly partition: number
  readonly rows: number[]
  bytes: number
}

/** Blocks ready to be written: all that can be done before the transaction. */
export interface AppendPlan {
  readonly records: readonly OutgoingRecord[]
  readonly blocks: readonly (PlannedBlock & {
    readonly data: Uint8Array
    readonly checksum: number
    readonly maxTimestamp: number
  })[]
}

/** Writes records into the log: `plan` outside of the transaction, `write` inside. */
export class Appender {
  readonly #topics: TopicDirectory
  readonly #findNext: StatementSync
  readonly #setNext: StatementSync
  readonly #insert: StatementSync
  readonly #sticky = new Map<number, { partition: number; left: number }>()

  constructor(store: EmbeddedStore, topics: TopicDirectory) {
    this.#topics = topics
    this.#findNext = store.prepare('SELECT next FROM millrace_partitions WHERE id = ?')
    this.#setNext = store.prepare('UPDATE millrace_partitions SET next = ? WHERE id = ?')
    this.#insert = store.prepare(
      `INSERT INTO millrace_blocks (partition_id, base, last, count, bytes, max_timestamp, format, crc, data)
       VALUES (?, ?, ?, ?, ?, ?, ${blockFormat}, ?, ?)`,
    )
  }

  /** Throws for records that can never be appended: fatal TOPIC_UNKNOWN, permanent RECORD_INVALID. */
  check(records: readonly OutgoingRecord[]): void {
    for (const record of records) {
      const topic = this.#topics.need(record.topic)
      if (record.partition !== undefined)
        this.#topics.needPartition({ topic: record.topic, partition: record.partition })
      if (!Number.isFinite(record.timestamp))
        throw invalid(topic, 'its timestamp is not a number of milliseconds')
      if ((record.key?.length ?? 0) + (record.value?.length ?? 0) > largestRecord) {
        throw invalid(topic, `it is larger than ${largestRecord / 1024 / 1024} MiB`)
      }
    }
  }

  /** Chooses partitions and packs blocks. The records were checked. */
  plan(records: readonly OutgoingRecord[]): AppendPlan {
    const headers = records.map(packHeaders)
    const open = new Map<number, PlannedBlock>()
    const blocks: PlannedBlock[] = []
    for (let row = 0; row < records.length; row++) {
      const record = records[row]!
      const bytes = recordBytes(record, headers[row])
      const topic = this.#topics.need(record.topic)
      const partition = record.partition ?? this.#partitionFor(topic, record.key, bytes)
      const id = topic.partitionIds[partition]!
      let block = open.get(id)
      if (block === undefined || block.bytes + bytes > largestBlock || block.rows.length === mostRecords) {
        block = { topic, partition, rows: [], bytes: 0 }
        open.set(id, block)
        blocks.push(block)
      }
      block.rows.push(row)
      block.bytes += bytes
    }
    return { records, blocks: blocks.map((block) => packBlock(block, records, headers)) }
  }

  /** Writes the plan inside the open transaction of the caller; answers one position for each record. */
  write(plan: AppendPlan): RecordPosition[] {
    const positions = new Array<RecordPosition>(plan.records.length)
    for (const { topic, partition, rows, bytes, data, checksum, maxTimestamp } of plan.blocks) {
      const partitionId = topic.partitionIds[partition]!
      const [base] = this.#findNext.get(partitionId) as unknown as [number]
      const count = rows.length
      const crc = blockChecksum({ partitionId, base, count }, checksum)
      this.#insert.run(partitionId, base, base + count - 1, count, bytes, maxTimestamp, crc, data)
      this.#setNext.run(base + count, partitionId)
      for (let index = 0; index < count; index++) {
        positions[rows[index]!] = { topic: topic.name, partition, offset: base + index }
      }
    }
    return positions
  }

  #partitionFor(topic: Topic, key: Uint8Array | null, bytes: number): number {
    const partitions = topic.partitionIds.length
    if (partitions === 1) return 0
    if (key !== null) return partitionOfKey(key, partitions)
    let sticky = this.#sticky.get(topic.id)
    if (sticky === undefined) {
      sticky = { partition: this.#emptiest(topic), left: stickyBytes }
      this.#sticky.set(topic.id, sticky)
    }
    if (sticky.left <= 0) {
      sticky.partition = (sticky.partition + 1) % partitions
      sticky.left = stickyBytes
    }
    sticky.left -= bytes
    return sticky.partition
  }

  /** Where a process begins with records without key, so that many short ones do not all fill partition 0. */
  #emptiest(topic: Topic): number {
    const ends = topic.partitionIds.map((id) => (this.#findNext.get(id) as unknown as [number])[0])
    return ends.indexOf(Math.min(...ends))
  }
}

function packBlock(
  block: PlannedBlock,
  records: readonly OutgoingRecord[],
  headers: readonly (Uint8Array | undefined)[],
): AppendPlan['blocks'][number] {
  const data = encodeBlock(records, headers, block.rows, block.bytes)
  const maxTimestamp = block.rows.reduce(
    (latest, row) => Math.max(latest, records[row]!.timestamp),
    -Infinity,
  )
  return { ...block, data, checksum: crc32(data), maxTimestamp }
}

function invalid(topic: Topic, problem: string): Error {
  return permanentError('RECORD_INVALID', `A record cannot be appended to topic "${topic.name}": ${problem}.`)
}
