import type { Lineage } from '../lineage.ts'

/** Which rows of each run were applied, a byte for each; gone with the run. */
export class AppliedRows {
  readonly #runs = new WeakMap<Lineage, Uint8Array>()
  #lineage: Lineage | undefined
  #rows: Uint8Array = new Uint8Array(0)

  add(lineage: Lineage, row: number): void {
    if (lineage !== this.#lineage) {
      this.#lineage = lineage
      this.#rows = this.#runs.get(lineage) ?? new Uint8Array(0)
    }
    if (row >= this.#rows.length) {
      const grown = new Uint8Array(Math.max(row + 1, 2 * this.#rows.length, 64))
      grown.set(this.#rows)
      this.#rows = grown
      this.#runs.set(lineage, grown)
    }
    this.#rows[row] = 1
  }

  has(lineage: Lineage, row: number): boolean {
    return this.#runs.get(lineage)?.[row] === 1
  }
}
