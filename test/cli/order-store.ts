import { expect } from '@jest/globals'
import type { Folder } from './full-command-line.ts'

/** A topology `store` that parks orders in a state that it does not know, and what is done with it on the command line. */
export class OrderStore {
  readonly #folder: Folder

  constructor(folder: Folder) {
    this.#folder = folder
    const names = ['id', 'customer', 'state']
    const fields = names.map((name) => ({ name, type: 'string' }))
    const schema = { type: 'record', name: 'Order', namespace: 'shop', fields }
    folder.write('schemas/orders/Order.v1.avsc', JSON.stringify(schema))
    this.knows('OPEN')
  }

  /** Of c1 the first order is refused, and two wait behind it; c2 is well. */
  async begin(): Promise<void> {
    const { order } = OrderStore
    await this.produce(order('o1', 'c1', 'LOST'), order('o2', 'c1'), order('o3', 'c2'), order('o4', 'c1'))
    expect(await this.run()).toEqual(['o3'])
  }

  /** Says which states there are: names with commas between them. */
  knows(states: string): void {
    this.#folder.write(
      'topologies/store.yaml',
      `name: store
sources: { orders: { type: topic, topic: orders, schema: shop.Order } }
processors:
  unique: { type: dedupe, from: orders, by: id, window: 7d }
  good: { type: validate, from: unique, fields: { state: { oneOf: [${states}] } } }
sinks: { out: { type: console, from: good } }\n`,
    )
  }

  /** A line for `produce`. */
  static order(this: void, id: string, customer: string, state = 'OPEN'): string {
    return JSON.stringify({ id, customer, state })
  }

  async produce(...lines: string[]): Promise<void> {
    this.#folder.write('orders.jsonl', `${lines.join('\n')}\n`)
    const words = 'produce orders --schema shop.Order --key customer --file orders.jsonl --project .'
    expect(await this.#folder.run(words)).toMatchObject({ code: 0 })
  }

  /** Runs to the end; the ids that the sink got, in order. */
  async run(): Promise<string[]> {
    const ran = await this.#folder.run('run topologies/store.yaml --until-end --http off --project .')
    expect(ran.code).toBe(0)
    return ran.out.map((line) => (JSON.parse(line) as { id: string }).id)
  }
}
