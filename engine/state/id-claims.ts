import type { Lineage, Verdict } from '../component/lineage.ts'

/** True for the verdicts that free an id again. */
export function frees(verdict: Verdict | undefined): boolean {
  return verdict === 'skipped' || verdict === 'discarded'
}

/** The open layer: the ids that records have claimed and no seal has packed, in columns. */
export class IdClaims {
  count = 0
  lineages: (Lineage | undefined)[] = []
  rows = new Int32Array(64)
  inputs = new Int32Array(64)
  /** The entry of the active table that carries the id. */
  entries = new Int32Array(64)

  get bytes(): number {
    return 12 * this.rows.length + 8 * this.lineages.length
  }

  /** Adds a claim and returns its index. */
  add(entry: number, input: number, lineage: Lineage, row: number): number {
    const claim = this.count++
    if (claim === this.rows.length) this.#grow()
    this.entries[claim] = entry
    this.bind(claim, input, lineage, row)
    return claim
  }

  /** Hands a claim to another record. */
  bind(claim: number, input: number, lineage: Lineage, row: number): void {
    this.inputs[claim] = input
    this.lineages[claim] = lineage
    this.rows[claim] = row
  }

  verdict(claim: number): Verdict | undefined {
    return this.lineages[claim]!.verdict(this.rows[claim]!)
  }

  /** Copies claim `from` to the index `to`, which is not above it. */
  move(from: number, to: number): void {
    this.entries[to] = this.entries[from]!
    this.bind(to, this.inputs[from]!, this.lineages[from]!, this.rows[from]!)
  }

  /** Keeps the first `count` claims, lets the lineages of the others go, and gives memory back after a burst. */
  truncate(count: number): void {
    const before = this.count
    this.lineages.fill(undefined, count, before)
    this.count = count
    const { length } = this.rows
    if (length > 4096 && before < length / 8) this.#resize(length / 2)
  }

  #grow(): void {
    this.#resize(2 * this.rows.length)
  }

  #resize(length: number): void {
    const copy = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(length)
      grown.set(old.subarray(0, Math.min(length, old.length)))
      return grown
    }
    this.lineages.length = Math.min(this.lineages.length, length)
    this.rows = copy(this.rows)
    this.inputs = copy(this.inputs)
    this.entries = copy(this.entries)
  }
}
