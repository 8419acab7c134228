import type { Random } from './random.ts'

/** A product, with what can be sold of it. */
export interface Product {
  readonly sku: string
  /** In hundredths. */
  readonly price: number
  available: number
  /** Whether more of it is on its way. */
  ordered: boolean
}

/** Below so many of a product, more is ordered. */
export const reorderBelow = 8

/** The products, the best selling first. */
export function newProducts(random: Random, count: number): Product[] {
  return Array.from({ length: count }, (_, rank) => ({
    sku: `sku-${String(rank + 1).padStart(4, '0')}`,
    price: random.int(2, 60) * 100 + random.pick([0, 50, 90, 95, 99]),
    available: 0,
    ordered: false,
  }))
}

/** An amount of hundredths as a decimal text: 1999 is `19.99`. */
export function decimal(hundredths: number): string {
  const digits = String(Math.abs(hundredths)).padStart(3, '0')
  return `${hundredths < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
