import type { SealedTask } from '../component/contracts/commit.ts'
import { nameOf, type TopicPartition } from '../component/contracts/position.ts'
import type { MillraceError } from '../errors.ts'
import type { ParkingHalt } from './parking-limits.ts'

type LetterRecord = SealedTask['records'][number]

/**
 * What commits were refused for, for the sessions of a worker that come after: a commit that is sealed stays as it is, so
 * that only another session can do without a record that its topic does not take.
 */
export class Refusals {
  readonly #outputs = new Map<string, MillraceError>()
  readonly #halts = new Map<string, ParkingHalt>()

  /** True while nothing is known of any output. */
  get none(): boolean {
    return this.#outputs.size === 0
  }

  /** The topic `to` does not take what is made of the record at this position. */
  output(from: TopicPartition, offset: number, to: string, error: MillraceError): void {
    this.#outputs.set(`${nameOf(from)}@${offset} ${to}`, error)
  }

  /** The error that is to be that of the record, once: when it is tried again, its topic is asked again. */
  takeOutput(from: TopicPartition, offset: number, to: string): MillraceError | undefined {
    const name = `${nameOf(from)}@${offset} ${to}`
    const error = this.#outputs.get(name)
    this.#outputs.delete(name)
    return error
  }

  /** The letter of the record at this position cannot be written: its partition halts. Answers the sentence. */
  letter(from: TopicPartition, offset: number, letter: LetterRecord, error: MillraceError): string {
    const sentence =
      `Partition ${from.partition} of ${from.topic} halts: the record at offset ${offset} is to be parked, and its letter ` +
      `does not fit into ${letter.topic} (${error.code}): raise its max.message.bytes, and start the worker again.`
    this.#halts.set(nameOf(from), { measure: 'letter', most: 0, sentence })
    return sentence
  }

  /** Set where nothing may be taken from the partition in this life. */
  haltOf(partition: TopicPartition): ParkingHalt | undefined {
    return this.#halts.get(nameOf(partition))
  }
}
