import { kinds } from './shop-event.ts'
import { reorderBelow, type Product } from './stock.ts'
import type { World } from './world.ts'

const hour = 3_600_000
const suppliers = ['north', 'south', 'overseas']

/** What stock is set aside for, or given back by. */
export interface StockCause {
  readonly orderId: string
  readonly correlationId: string
  readonly causationId: string
}

/** Goods arrive: the more, the better the product sells. */
export function receive(world: World, product: Product): void {
  const { random, products } = world
  const rank = products.indexOf(product)
  const change = random.int(10, 25) + Math.round(100 / (rank + 1))
  product.available += change
  product.ordered = false
  const data = { sku: product.sku, change, warehouse: 'main', supplier: random.pick(suppliers) }
  world.emit({ kind: kinds.stockReceived, key: product.sku, data, correlationId: random.uuid() })
}

/** Sets goods aside; false where there are not enough, and then nothing has happened. */
export function reserve(world: World, product: Product, quantity: number, cause: StockCause): boolean {
  if (product.available < quantity) return false
  product.available -= quantity
  const { orderId, correlationId, causationId } = cause
  const data = { sku: product.sku, change: -quantity, orderId, warehouse: 'main' }
  world.emit({ kind: kinds.stockReserved, key: product.sku, data, correlationId, causationId })
  if (product.available < reorderBelow && !product.ordered) {
    product.ordered = true
    world.later(hour, () => receive(world, product))
  }
  return true
}

/** Gives goods back that were set aside. */
export function release(world: World, product: Product, quantity: number, cause: StockCause): void {
  product.available += quantity
  const { orderId, correlationId, causationId } = cause
  const data = { sku: product.sku, change: quantity, orderId, warehouse: 'main' }
  world.emit({ kind: kinds.stockReleased, key: product.sku, data, correlationId, causationId })
}

/** Somebody counts a product now and then, and finds one less than there should be. */
export function count(world: World): void {
  const product = world.random.pick(world.products)
  if (product.available > 0) {
    product.available--
    const reason = world.random.pick(['count', 'damage', 'theft'])
    const data = { sku: product.sku, change: -1, reason, warehouse: 'main' }
    world.emit({
      kind: kinds.stockAdjusted,
      key: product.sku,
      data,
      correlationId: world.random.uuid(),
    })
  }
  world.later(hour / 4, () => count(world))
}
