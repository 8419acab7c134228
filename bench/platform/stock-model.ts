import type { Due } from './effects.ts'

/** What the stock of one product should be. */
interface Product {
  /** Of each change, in the order of writing: what can be sold after it, and when it was due. */
  readonly states: { readonly available: number; readonly due: Due }[]
  /** Alerts that came, by the number of the change. */
  readonly alerts: Set<number>
  /** The first change that no alert covers yet. */
  open: number
}

/** Below so many an alert is due: as topologies/inventory-service-consumer-group.yaml says. */
export const lowBelow = 10

/** What can be sold of each product, as the events say that were written, and which alerts that calls for. */
export class StockModel {
  readonly #products = new Map<string, Product>()
  #repeated = 0

  /** A change was written. Answers its number: 1 for the product's first. */
  changed(sku: string, change: number, due: Due): number {
    let product = this.#products.get(sku)
    if (product === undefined) this.#products.set(sku, (product = { states: [], alerts: new Set(), open: 1 }))
    const { states } = product
    return states.push({ available: (states.at(-1)?.available ?? 0) + change, due })
  }

  /**
   * An alert came that tells the state after change `version`. Answers the changes that it tells of: that one and those right
   * before it, since the last alert, that left too little. A worker that has several changes of a product in one commit tells
   * the last state alone; that a product was low and is not any more by then is told by nobody.
   */
  alerted(sku: string, version: number): Due[] {
    const product = this.#products.get(sku)
    if (product === undefined) return []
    if (product.alerts.has(version)) this.#repeated++
    product.alerts.add(version)
    const since = product.states.slice(product.open - 1, version)
    product.open = Math.max(product.open, version + 1)
    const enough = since.findLastIndex(({ available }) => available >= lowBelow)
    return since.slice(enough + 1).map(({ due }) => due)
  }

  /** What each product's row should be in the end. */
  *rows(): Generator<{ readonly sku: string; readonly available: number; readonly changes: number }> {
    for (const [sku, { states }] of this.#products)
      yield { sku, available: states.at(-1)!.available, changes: states.length }
  }

  /** What is wrong with the alerts, when nothing is under way any more. */
  faults(): string[] {
    const faults: string[] = []
    if (this.#repeated > 0) faults.push(`${this.#repeated} alerts came twice`)
    let missing = 0
    let wrong = 0
    for (const { states, alerts } of this.#products.values()) {
      if (states.at(-1)!.available < lowBelow && !alerts.has(states.length)) missing++
      for (const version of alerts) if (!((states[version - 1]?.available ?? lowBelow) < lowBelow)) wrong++
    }
    if (missing > 0) faults.push(`${missing} products are low, and the last alert does not say so`)
    if (wrong > 0) faults.push(`${wrong} alerts tell of a state that never was`)
    return faults
  }
}
