import type { Owing } from '../contracts/owing.ts'
import type { OperatorScope } from '../operator.ts'
import type { RecordBatch } from '../record-batch.ts'
import { AppliedRows } from './applied-rows.ts'
import type { LetterMarks } from './letter-marks.ts'
import { Collector, eachRow } from './rows.ts'

/** Takes records into the state of a node that commits first: each once, also where another node parks it. */
export class TakingIn implements Pick<Owing, 'parked' | 'letterClosed'> {
  readonly #scope: OperatorScope
  readonly #marks: LetterMarks
  readonly #applied = new AppliedRows()

  constructor(scope: OperatorScope, marks: LetterMarks) {
    this.#scope = scope
    this.#marks = marks
  }

  /**
   * Calls `take` for each record that was not taken in before: it answers true if the record ends in the state, or sends
   * it elsewhere itself. `released`: it is the record of a letter.
   */
  receive(batch: RecordBatch, take: (i: number, released: boolean) => boolean): void {
    const done = new Collector(batch, false)
    const input = this.#scope.inputOf(batch)
    const released = this.#scope.isReleased(batch)
    eachRow(this.#scope, batch, (i) => {
      // One before it in its key was parked, perhaps a moment ago, in this batch: it is taken in after that, with its letter.
      if (this.#scope.follow(batch, i)) return
      const offset = batch.offset(i)
      if (!this.#marks.has(input, offset)) {
        if (!take(i, released)) return
        const { lineage } = batch.origin
        if (released) this.#marks.set(input, offset, lineage, batch.lineageRow(i))
        else this.#applied.add(lineage, batch.lineageRow(i))
      }
      done.keep(i)
    })
    if (done.length === 0) return
    this.#scope.count('applied', done.length)
    this.#scope.absorb(done.batch())
  }

  /** Another node failed: when the letter comes here, the record must not be taken in again. */
  readonly parked: Owing['parked'] = (input, offset, lineage, row) => {
    if (this.#applied.has(lineage, row)) this.#marks.set(input, offset, lineage, row)
  }

  readonly letterClosed: Owing['letterClosed'] = (input, offset, lineage, row) => {
    this.#marks.close(input, offset, lineage, row)
  }
}
