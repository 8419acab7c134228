/**
 * What became of a record, told once, when it is settled. `duplicate`: all of it was dropped, since its id was known from
 * another position; `unlisted`: its source passes over records of its type; `dropped`: on purpose for another reason.
 */
export type Verdict = 'stored' | 'duplicate' | 'unlisted' | 'dropped' | 'parked' | 'skipped' | 'discarded'

/**
 * The ledger as an operator sees it: for a run of consecutive records, how many pieces of each are under way.
 * Every piece (a record in a batch, a held record, a derived record) holds one token. When the last token of a record
 * is given back, the record is settled. Giving back more than there are is a defect and throws CONSERVATION_BROKEN.
 */
export interface Lineage {
  /** Adds `tokens` (≥ 1) to a record that is under way. */
  retain(row: number, tokens: number): void
  /** Gives back one token. */
  release(row: number): void
  /** Gives back one token of each row `rows[n] + base`, n below `length`, judging each as `verdict`. */
  releaseAll(rows: Int32Array, length: number, base: number, verdict?: Verdict): void
  /** Says what is to become of the record when its last token comes back. The gravest wins: parked over stored. */
  judge(row: number, verdict: Verdict): void
  /** The verdict of a settled record; undefined while it is under way. */
  verdict(row: number): Verdict | undefined
  /** The record was copied out (`bytes` of it): the buffer of its run need no longer live for its sake. */
  copied(row: number, bytes: number): void
  /** Calls back once when the record is settled (at once if it is); not at all when the task is cancelled. */
  whenSettled(row: number, callback: (verdict: Verdict) => void): void
}
