import type { ValueEncoder } from '../component/codec.ts'
import type { Clock } from '../component/contracts/clock.ts'
import type { StateBlock, StoreRef, TaskRef } from '../component/contracts/commit.ts'
import type { PlainRecord } from '../component/packed-records.ts'
import type { LetterCommand, LetterInfo } from '../runtime/letters.ts'
import type { Environment } from '../runtime/worker-options.ts'

/** A record as a topic holds it. */
export interface HeldRecord extends PlainRecord {
  readonly partition: number
  readonly offset: number
}

/** A letter that is neither processed nor discarded. */
export interface HeldLetter {
  readonly key: Uint8Array | null
  readonly info: LetterInfo
  /** True while a command about it is not carried out. */
  readonly asked: boolean
}

/** A version of a schema, to write values with. */
export interface WritableVersion {
  /** As its file is called: `1.0`, or `1` where versions are counted. */
  readonly version: string
  readonly encoder: ValueEncoder
}

/**
 * Where a case runs: topics, tables and schemas that nobody else uses, on the clock that it was opened with. What runs a
 * case knows nothing else of it, so that the same case can run in the embedded store or in a cluster.
 */
export interface Place {
  /** Asked for anew for each life of the worker. */
  readonly environment: Environment
  /**
   * For so long in real time at most does the case's clock stand still while something is under way, milliseconds; 2000 if not
   * given.
   */
  readonly patienceMs?: number
  /** So long in real time does a poll wait for something to tell, milliseconds; not at all if not given. */
  readonly pollMs?: number
  /** A life of the worker is about to begin: the one before left nothing behind but what is stored. */
  begins?(): Promise<void>
  /** True while something is there for the worker to read that has not come yet. */
  behind?(): Promise<boolean>
  /** All records of a topic, partition by partition; undefined where there is no such topic. */
  records(topic: string): Promise<readonly HeldRecord[] | undefined>
  /** All rows of a table. Throws TABLE_UNKNOWN. */
  rows(table: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** The committed blocks of a store of a task, the oldest first. */
  state(task: TaskRef, store: StoreRef): Promise<readonly StateBlock[]>
  /** The open letters of a group, in the order in which they were parked. */
  letters(group: string, topic: string): Promise<readonly HeldLetter[]>
  /** Asks for the letters of a key to be released or discarded. False where there are none. */
  command(group: string, topic: string, key: string, act: LetterCommand['act']): Promise<boolean>
  /** All versions of a record type, the oldest first, as a topic may hold them; none where nothing is known of it. */
  versions(type: string, topic: string): Promise<readonly WritableVersion[]>
  /** What a stored value says, for people: by its schema, as JSON, as text, or as bytes in hexadecimal digits. */
  decode(value: Uint8Array): Promise<unknown>
  close(): Promise<void>
}

/** Places of one kind, one for each case. */
export interface Places {
  /** Faults that cannot be made here: cases with one of them are passed over. */
  readonly limits: readonly ('revoke' | 'lose' | 'commit: lost')[]
  open(clock: Clock): Promise<Place>
  close(): Promise<void>
}
