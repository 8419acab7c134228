import type { Lineage, Verdict } from '../../engine/component/lineage.ts'

/** A lineage without ledger: tests settle its records by hand. Tokens are not counted. */
export class FakeLineage implements Lineage {
  static #count = 0
  /** Tells lineages apart. */
  readonly number = FakeLineage.#count++
  readonly #verdicts = new Map<number, Verdict>()
  readonly #waiting = new Map<number, ((verdict: Verdict) => void)[]>()

  settle(row: number, verdict: Verdict): void {
    this.#verdicts.set(row, verdict)
    for (const callback of this.#waiting.get(row) ?? []) callback(verdict)
    this.#waiting.delete(row)
  }

  verdict(row: number): Verdict | undefined {
    return this.#verdicts.get(row)
  }

  whenSettled(row: number, callback: (verdict: Verdict) => void): void {
    const verdict = this.#verdicts.get(row)
    if (verdict !== undefined) callback(verdict)
    else this.#waiting.set(row, [...(this.#waiting.get(row) ?? []), callback])
  }

  retain(): void {}
  release(): void {}
  releaseAll(): void {}
  judge(): void {}
  copied(): void {}
}
