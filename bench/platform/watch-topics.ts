import type { ValueCodec } from '../../engine/component/codec.ts'
import { Reader } from '../../native/reader.ts'
import type { PackedRecords } from '../../native/records.ts'

/** A topic that is watched, and who is told of its values. */
export interface WatchedTopic {
  readonly topic: string
  readonly codec: ValueCodec
  /** `at` is when the value came, in milliseconds since 1970. */
  readonly seen: (value: Readonly<Record<string, unknown>>, at: number) => void
}

/** Reads topics as consumers of committed records do, from their beginning until it is closed. */
export class TopicWatch {
  readonly #reader: Reader
  readonly #topics: ReadonlyMap<string, WatchedTopic>
  readonly #reading: Promise<void>
  #closed = false
  #fault: Error | undefined

  private constructor(reader: Reader, topics: readonly WatchedTopic[]) {
    this.#reader = reader
    this.#topics = new Map(topics.map((one) => [one.topic, one]))
    this.#reading = this.#read().catch((error: unknown) => void (this.#fault = error as Error))
  }

  static async open(bootstrap: string, topics: readonly WatchedTopic[]): Promise<TopicWatch> {
    const reader = await Reader.open({
      settings: {
        'bootstrap.servers': bootstrap,
        'isolation.level': 'read_committed',
        'fetch.wait.max.ms': 10,
      },
    })
    for (const { topic } of topics) {
      const count = await reader.partitionCount(topic)
      await reader.assign(Array.from({ length: count }, (_, partition) => ({ topic, partition, offset: 0 })))
    }
    return new TopicWatch(reader, topics)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#reading
    await this.#reader.close()
    if (this.#fault !== undefined) throw this.#fault
  }

  async #read(): Promise<void> {
    while (!this.#closed) {
      for (const event of await this.#reader.poll({ maxBytes: 4 << 20, waitMs: 50 })) {
        if (event.type === 'failed' && event.partition !== undefined) throw event.error
        if (event.type === 'records') await this.#look(event.records, Date.now())
      }
    }
  }

  async #look(records: PackedRecords, at: number): Promise<void> {
    const { codec, seen } = this.#topics.get(records.topic)!
    await codec.prepare(records)
    for (let row = 0; row < records.count; row++) {
      const value = codec.decode(records.bytes, records.valueStarts[row]!, records.valueEnds[row]!)
      seen(value as Readonly<Record<string, unknown>>, at)
    }
    this.#reader.release(records)
  }
}
