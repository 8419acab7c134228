import type { ReaderEvent } from '../../native/reader-events.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import type { SourceEvent } from '../component/contracts/reader.ts'
import type { Holding } from './holdings.ts'
import { rowsIn, sliceRows } from './rows.ts'

/** The reader of a partition goes on at `offset`, since what was to come next is gone. */
export interface Passed {
  readonly type: 'passed'
  readonly partition: TopicPartition
  readonly offset: number
  readonly tag: number
}

/** What is told of a partition in its order. */
export type DataEvent = Extract<ReaderEvent, { type: 'records' | 'end' }> | Passed

/** The records and ends of one partition that wait to be told, in order. */
export class PartitionQueue {
  readonly partition: TopicPartition
  #events: DataEvent[]
  #bytes: number

  constructor(first: DataEvent) {
    const { topic, partition } = first.type === 'records' ? first.records : first.partition
    this.partition = { topic, partition }
    this.#events = [first]
    this.#bytes = bytesOf(first)
  }

  get bytes(): number {
    return this.#bytes
  }

  get empty(): boolean {
    return this.#events.length === 0
  }

  push(event: DataEvent): void {
    this.#events.push(event)
    this.#bytes += bytesOf(event)
  }

  /** Forgets what does not belong to this start of the partition; all of it where that is undefined. */
  keepOnly(tag: number | undefined): void {
    if (this.#events.every((event) => event.tag === tag)) return
    this.#events = this.#events.filter((event) => event.tag === tag)
    this.#bytes = this.#events.reduce((sum, event) => sum + bytesOf(event), 0)
  }

  /** Tells about `maxBytes`, but at least one record, and answers how many bytes these were. */
  take(maxBytes: number, holding: Holding, told: SourceEvent[]): number {
    let taken = 0
    for (let event = this.#events[0]; event !== undefined; event = this.#events[0]) {
      if (event.type === 'end') {
        this.#tellEnd(event.offset, holding, told)
        this.#events.shift()
        continue
      }
      if (event.type === 'passed') {
        told.push({ type: 'passed', partition: this.partition, offset: event.offset })
        this.#events.shift()
        continue
      }
      if (taken > 0 && taken >= maxBytes) break
      this.#events.shift()
      const { records, tag } = event
      const count = rowsIn(records, maxBytes - taken)
      if (count < records.count)
        this.#events.unshift({ type: 'records', records: sliceRows(records, count, records.count), tag })
      const part = count < records.count ? sliceRows(records, 0, count) : records
      told.push({ type: 'records', records: part })
      taken += part.bytes.length
      holding.toldEnd = undefined
    }
    this.#bytes -= taken
    return taken
  }

  /** An end is told once, and again after records, or where it has moved. */
  #tellEnd(offset: number, holding: Holding, told: SourceEvent[]): void {
    if (holding.toldEnd === offset) return
    holding.toldEnd = offset
    told.push({ type: 'end', partition: this.partition, offset })
  }
}

function bytesOf(event: DataEvent): number {
  return event.type === 'records' ? event.records.bytes.length : 0
}
