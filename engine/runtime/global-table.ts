import type { ValueCodec } from '../component/codec.ts'
import type { Log } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { TableView } from '../component/operator.ts'
import { keyText, type PackedRecords } from '../component/packed-records.ts'
import { kindOf, sentenceOf } from '../errors.ts'

/** What a global table is made of. */
export interface GlobalTableOptions {
  /** Name of the source. */
  readonly node: string
  readonly topic: string
  readonly codec: ValueCodec
  readonly log: Pick<Log, 'bounds' | 'fetch' | 'partitionsOf'>
  readonly trouble: (sentence: string) => void
}

/** Records that are asked for at once. */
const fetchRecords = 10_000

/**
 * The rows of all partitions of a topic, in a worker that owns none of them: nothing is committed of it, and each life of a
 * worker reads it anew. A record that cannot be decoded is told of, and changes nothing.
 */
export class GlobalTable implements TableView {
  readonly #options: GlobalTableOptions
  readonly #rows = new Map<string, unknown>()
  /** Where each partition goes on. */
  readonly #next = new Map<number, number>()
  #reading: Promise<void> | undefined

  /** Reads the topic up to where it ends now. Rejects with a downstream error while it is away. */
  static async open(options: GlobalTableOptions): Promise<GlobalTable> {
    const table = new GlobalTable(options)
    await table.readOn()
    return table
  }

  private constructor(options: GlobalTableOptions) {
    this.#options = options
  }

  get node(): string {
    return this.#options.node
  }

  get(key: string): unknown {
    return this.#rows.get(key)
  }

  /** Reads what has been written since; one call is under way at a time. */
  readOn(): Promise<void> {
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readOn(): Promise<void> {
    const { topic, log } = this.#options
    const partitions = (await log.partitionsOf(topic)) ?? 0
    const all = Array.from({ length: partitions }, (_, partition) =>
      this.#readPartition({ topic, partition }),
    )
    await Promise.all(all)
  }

  async #readPartition(place: TopicPartition): Promise<void> {
    const { log, codec } = this.#options
    const { first, end } = await log.bounds(place)
    let at = Math.max(this.#next.get(place.partition) ?? 0, first)
    while (at < end) {
      const { records, next } = await log.fetch(place, at, fetchRecords)
      await codec.prepare(records)
      this.#apply(records)
      if (next <= at) return
      at = next
      this.#next.set(place.partition, at)
    }
  }

  #apply(records: PackedRecords): void {
    for (let row = 0; row < records.count; row++) {
      const key = keyText(records, row)
      if (key === undefined) continue
      if (records.valueStarts[row]! < 0) this.#rows.delete(key)
      else this.#set(key, records, row)
    }
  }

  #set(key: string, records: PackedRecords, row: number): void {
    const { codec, node, trouble } = this.#options
    const { bytes, valueStarts, valueEnds, topic, partition, offsets } = records
    try {
      if (codec.takes?.(bytes, valueStarts[row]!, valueEnds[row]!) === false) return
      this.#rows.set(key, codec.decode(bytes, valueStarts[row]!, valueEnds[row]!))
    } catch (error) {
      if (kindOf(error) === 'fatal') throw error
      const where = `${topic}/${partition}@${offsets[row]}`
      trouble(`Table ${node}: ${where} is passed over, and the row before it counts (${sentenceOf(error)})`)
    }
  }
}
