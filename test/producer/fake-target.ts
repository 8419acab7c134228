import type { AppendOutcome, OutgoingRecord } from '../../engine/component/contracts/log.ts'
import { downstreamError, permanentError } from '../../engine/errors.ts'
import type { Target } from '../../producer/delivery.ts'

/** A partition that takes records, hangs, fails, or refuses some, as it is told. */
export class FakeTarget implements Target {
  readonly records: OutgoingRecord[] = []
  readonly batches: number[] = []
  mood: 'well' | 'hangs' | 'fails' = 'well'
  #held: (() => void)[] = []
  #life = {}
  #underWay: readonly OutgoingRecord[] = []

  async append(records: readonly OutgoingRecord[]): Promise<readonly AppendOutcome[]> {
    const life = this.#life
    this.#underWay = records
    await new Promise((resolve) => setImmediate(resolve))
    while (this.mood === 'hangs') await new Promise<void>((resolve) => this.#held.push(resolve))
    if (this.#life !== life) return new Promise(() => undefined)
    this.#underWay = []
    if (this.mood === 'fails') throw downstreamError('KAFKA_AWAY', 'No broker answers.')
    this.batches.push(records.length)
    return records.map((record) => this.#take(record))
  }

  be(mood: FakeTarget['mood']): void {
    this.mood = mood
    const held = this.#held
    this.#held = []
    for (const go of held) go()
  }

  /** The process dies: what is under way is written now, or never. */
  die(written: boolean): void {
    if (written && this.mood !== 'fails') for (const record of this.#underWay) this.#take(record)
    this.#underWay = []
    this.#life = {}
  }

  #take(record: OutgoingRecord): AppendOutcome {
    if (record.value?.toString().startsWith('bad') === true)
      return permanentError('RECORD_TOO_LARGE', 'The record is too large.')
    this.records.push(record)
    return { topic: record.topic, partition: 0, offset: this.records.length - 1 }
  }
}
