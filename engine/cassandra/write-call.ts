import type { WriteOptions } from '../component/contracts/log.ts'
import type { TableOutcome } from '../component/contracts/tables.ts'
import type { ByteSink } from '../cql/bytes.ts'
import type { MillraceError } from '../errors.ts'
import type { GroupedRow } from './batches.ts'

const stored: TableOutcome = { outcome: 'stored' }
const untried: TableOutcome = { outcome: 'untried' }

/** One call of `write`: its rows, encoded, and what became of them. */
export class WriteCall {
  readonly sink: ByteSink
  /** It overtakes calls of which this is not said. */
  readonly ahead: boolean
  /** Whose turn it takes. */
  readonly writer: string
  /** By index; undefined for rows that are not sent. */
  readonly rows: readonly (GroupedRow | undefined)[]
  readonly #outcomes: (TableOutcome | undefined)[]
  readonly #refusedKeys: Set<string>
  readonly #resolve: (outcomes: readonly TableOutcome[]) => void
  readonly #reject: (error: MillraceError) => void
  #left: number
  #failure: MillraceError | undefined
  readonly #madeAt = performance.now()

  constructor(encoded: EncodedCall, groups: number, options: WriteOptions, settle: Settle) {
    this.sink = encoded.sink
    this.ahead = options.ahead ?? false
    this.writer = options.writer ?? ''
    this.rows = encoded.rows
    this.#outcomes = encoded.outcomes
    this.#refusedKeys = encoded.refusedKeys
    this.#left = groups
    this.#resolve = settle.resolve
    this.#reject = settle.reject
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Those of the rows that may still be tried: a refused one leaves later ones of its key untried. */
  triable(indices: readonly number[]): readonly number[] {
    if (this.#refusedKeys.size === 0) return indices
    return indices.filter((index) => {
      const { orderKey } = this.rows[index]!
      const mayTry = orderKey === undefined || !this.#refusedKeys.has(orderKey)
      if (!mayTry) this.#outcomes[index] = untried
      return mayTry
    })
  }

  /**
   * To be called for a row before it is sent: its time to live was told when the row was made, and counts from when the nodes
   * have it. What it has waited here since is taken off, so that it ends when its record says. A row that should have ended
   * meanwhile lives for a second: 0 would be for ever.
   */
  age(index: number): void {
    const seconds = Math.floor((performance.now() - this.#madeAt) / 1000)
    if (seconds === 0) return
    const { buffer } = this.sink
    const { ttlAt } = this.rows[index]!
    const ttl = buffer.readUInt32BE(ttlAt)
    if (ttl > 0) buffer.writeUInt32BE(Math.max(1, ttl - seconds), ttlAt)
  }

  refuse(index: number, error: MillraceError): void {
    this.#outcomes[index] = { outcome: 'refused', error }
    const { orderKey } = this.rows[index]!
    if (orderKey !== undefined) this.#refusedKeys.add(orderKey)
  }

  /** The call fails as a whole; what is under way is still waited for. */
  fail(error: MillraceError): void {
    this.#failure ??= error
  }

  /** A group is done, or given up. The last one settles the call. */
  groupDone(): void {
    if (--this.#left > 0) return
    if (this.#failure !== undefined) this.#reject(this.#failure)
    else this.#resolve(this.outcomes)
  }

  /** What is known; a row that nobody said anything of is stored. */
  get outcomes(): readonly TableOutcome[] {
    return this.#outcomes.map((outcome) => outcome ?? stored)
  }
}

export interface Settle {
  readonly resolve: (outcomes: readonly TableOutcome[]) => void
  readonly reject: (error: MillraceError) => void
}

/** Rows as they were before anything was sent. */
export interface EncodedCall {
  readonly sink: ByteSink
  readonly rows: readonly (GroupedRow | undefined)[]
  /** Of rows that are not sent; undefined = not known yet, and stored unless told otherwise. */
  readonly outcomes: (TableOutcome | undefined)[]
  readonly refusedKeys: Set<string>
}
