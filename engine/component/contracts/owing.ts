import type { RecordTypes } from '../codec.ts'
import type { Header } from '../headers.ts'
import type { Lineage, Verdict } from '../lineage.ts'

/** What a node that commits first sends on when its state is durable. */
export interface Emission {
  /** The key of the record, as `keyText` answers it: a character for each byte. */
  readonly key: string
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly value: unknown
  readonly headers?: readonly Header[]
  /** Full name of the record that the value was read as; undefined for one that the node made up. */
  readonly type?: string | undefined
}

/** One thing that a node owes: a record, or (without one) a change of its state that needs a slot of its own. */
export interface Due {
  readonly emission: Emission | undefined
  /**
   * What became of it, told once and within the seal of the cut that holds its slot: changes of state that follow from it
   * carry `lineage` and `row`. For a record that failed, nothing is to change: it stays owed. Without a record it is told
   * at once.
   */
  settle(verdict: Verdict, lineage: Lineage, row: number): void
}

/**
 * A node whose records settle with its state change (*commit, then emit*). What it owes follows from its committed state
 * alone, so that nothing is sent on that a crash could take back.
 */
export interface Owing {
  /** The next things that are owed by what is committed, each once until it is settled; at most `most`. */
  due(most: number): readonly Due[]
  /** True while something may be due that was not asked for yet. */
  readonly owes: boolean
  /** True while it holds as much as it may: no more is read meanwhile. */
  readonly saturated?: boolean
  /** The record types that what it sends may have. */
  readonly types?: RecordTypes | undefined
  /**
   * All that came in is settled, and since so long there is nothing more (negative: there may be): what is due to time
   * alone. `calm`: all of it is committed, too, and nothing is owed.
   */
  tick(quietMs: number, calm: boolean): Due | undefined
  /** The record is in the cut that is being sealed, and parked: another node failed. Its letter may come here again. */
  parked(input: number, offset: number, lineage: Lineage, row: number): void
  /** The letter of the record is processed or discarded: it does not come any more. */
  letterClosed(input: number, offset: number, lineage: Lineage, row: number): void
}
