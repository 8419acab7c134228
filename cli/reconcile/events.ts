import { nameOf, type TopicPartition } from '../../engine/component/contracts/position.ts'
import type { PackedRecords } from '../../engine/component/packed-records.ts'
import type { Verdict } from '../../engine/component/lineage.ts'
import type { PassedRecord } from '../trace/told-sinks.ts'
import type { PartitionRange } from './reader.ts'

const read = 1
const settled = 2

/** One byte for each record of a partition: whether it was read, and came through without failing. */
interface Course {
  readonly range: PartitionRange
  states: Uint8Array
  /** Of the first record that came into the graph: its offset and event time. */
  firstOffset: number
  firstTime: number
}

/** What became of the records that were read. A byte of memory for each. */
export class RecordCourses {
  /** Records that were read. */
  count = 0
  /** Those of them that the group has not committed. */
  uncommitted = 0
  readonly #committed: ReadonlyMap<string, number>
  readonly #courses = new Map<string, Course>()

  /** `committed` says by `topic/partition` up to where everything is. */
  constructor(ranges: readonly PartitionRange[], committed: ReadonlyMap<string, number>) {
    this.#committed = committed
    for (const range of ranges) {
      const states = new Uint8Array(Math.max(0, range.end - range.first))
      this.#courses.set(nameOf(range), { range, states, firstOffset: Infinity, firstTime: Infinity })
    }
  }

  /** `passedOver` says of a row that its source passes over records of its type: it does not come into the graph. */
  take(records: PackedRecords, passedOver: (row: number) => boolean = () => false): void {
    const course = this.#courses.get(nameOf(records))!
    this.count += records.count
    const last = records.offsets[records.count - 1]!
    if (last - course.range.first >= course.states.length) {
      const longer = new Uint8Array(2 * (last - course.range.first + 1))
      longer.set(course.states)
      course.states = longer
    }
    const committed = this.#committed.get(nameOf(records)) ?? 0
    for (let row = 0; row < records.count; row++) {
      const offset = records.offsets[row]!
      course.states[offset - course.range.first] = passedOver(row) ? settled : read
      if (offset >= committed) this.uncommitted++
    }
  }

  settle(at: PassedRecord, verdict: Verdict): void {
    const course = this.#courses.get(nameOf(at))!
    if (at.offset < course.firstOffset) {
      course.firstOffset = at.offset
      course.firstTime = at.eventTime
    }
    if (verdict === 'stored' || verdict === 'dropped' || verdict === 'duplicate')
      course.states[at.offset - course.range.first] = settled
  }

  /** The records that failed. */
  *failed(): Generator<TopicPartition & { readonly offset: number }> {
    for (const { range, states } of this.#courses.values()) {
      for (let index = 0; index < states.length; index++) {
        if (states[index] !== read) continue
        yield { topic: range.topic, partition: range.partition, offset: range.first + index }
      }
    }
  }

  /**
   * The event time (ms) before which records may have been deleted from the topics: what a table has from before it may
   * come from them. -Infinity where everything is there that ever was.
   */
  horizon(): number {
    let horizon = -Infinity
    for (const { range, firstTime } of this.#courses.values())
      if (range.first > 0) horizon = Math.max(horizon, firstTime)
    return horizon
  }
}
