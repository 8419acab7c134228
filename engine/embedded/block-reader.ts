import { crc32 } from 'node:zlib'
import type { StatementSync } from 'node:sqlite'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { PackedRecords } from '../component/packed-records.ts'
import { fatalError } from '../errors.ts'
import { blockChecksum, blockFormat, columnBytes, decodeBlock } from './block-format.ts'
import type { EmbeddedStore } from './store.ts'

/** How many blocks `after` tells of at once. */
const listLength = 64

/** A block without its records. */
export interface BlockInfo {
  readonly id: number
  readonly base: number
  readonly last: number
  readonly count: number
  readonly bytes: number
  readonly format: number
  readonly crc: number
}

/** Reads the blocks of partitions. Every method is one short read, and blocks until it is done. */
export class BlockReader {
  readonly #store: EmbeddedStore
  readonly #list: StatementSync
  readonly #data: StatementSync
  readonly #bounds: StatementSync
  readonly #since: StatementSync

  constructor(store: EmbeddedStore) {
    this.#store = store
    this.#list = store.prepare(
      `SELECT id, base, last, count, bytes, format, crc FROM millrace_blocks
       WHERE partition_id = ? AND last >= ? ORDER BY last LIMIT ${listLength}`,
    )
    this.#data = store.prepare('SELECT data FROM millrace_blocks WHERE id = ? AND base = ?')
    this.#since = store.prepare(
      `SELECT last FROM millrace_blocks WHERE partition_id = ? AND last >= ? AND max_timestamp >= ? ORDER BY last LIMIT 1`,
    )
    this.#bounds = store.prepare('SELECT first, next FROM millrace_partitions WHERE id = ?')
  }

  /** The first offset that there is, and the next to be written. */
  bounds(partitionId: number): { readonly first: number; readonly end: number } {
    const [first, end] = this.#bounds.get(partitionId) as unknown as [number, number]
    return { first, end }
  }

  /** The next blocks that hold `offset` or something after it, in order. */
  after(partitionId: number, offset: number): BlockInfo[] {
    const rows = this.#list.all(partitionId, offset) as unknown as number[][]
    return rows.map(([id, base, last, count, bytes, format, crc]) => {
      return { id, base, last, count, bytes, format, crc } as BlockInfo
    })
  }

  /** The offset of the first record of a time (milliseconds since 1970) or later; undefined where none is that late. */
  firstSince(partition: TopicPartition, partitionId: number, time: number): number | undefined {
    for (let from = 0; ;) {
      const found = this.#since.get(partitionId, from, time) as unknown as [number] | undefined
      if (found === undefined) return undefined
      const [block] = this.after(partitionId, found[0])
      const records = block && this.read(partition, partitionId, block)
      const row = records?.timestamps.findIndex((timestamp) => timestamp >= time) ?? -1
      if (row >= 0) return records!.offsets[row]
      // Deleted meanwhile.
      from = found[0] + 1
    }
  }

  /**
   * The records of a block, or undefined where retention has deleted it meanwhile. Throws fatal STORE_UNREADABLE for a
   * damaged block or one of a newer format.
   */
  read(
    { topic, partition }: TopicPartition,
    partitionId: number,
    block: BlockInfo,
  ): PackedRecords | undefined {
    const row = this.#data.get(block.id, block.base) as unknown as [Uint8Array] | undefined
    if (row === undefined) return undefined
    const data = row[0]
    const place = { partitionId, base: block.base, count: block.count }
    if (block.format > blockFormat)
      throw this.#unreadable(topic, partition, block, 'were written by a newer Millrace: upgrade')
    const whole = data.length >= block.count * columnBytes && block.last === block.base + block.count - 1
    if (!whole || blockChecksum(place, crc32(data)) !== block.crc) {
      throw this.#unreadable(
        topic,
        partition,
        block,
        'are damaged (checksum): put a copy back, or begin behind them',
      )
    }
    return decodeBlock(topic, partition, place, data)
  }

  #unreadable(topic: string, partition: number, { base, last }: BlockInfo, what: string): Error {
    const where = `Offsets ${base} to ${last} of topic "${topic}", partition ${partition}, in ${this.#store.path}`
    return fatalError('STORE_UNREADABLE', `${where} ${what}.`, { facts: { topic, partition, base, last } })
  }
}
