import { newPerson, type Person } from './people.ts'
import { Random, Zipf } from './random.ts'
import { shopEvent, type EventFacts, type ShopEvent } from './shop-event.ts'
import { newProducts, type Product } from './stock.ts'
import { TimeQueue } from './time-queue.ts'

/** How often an event comes late, and how often it is sent again; shares from 0 to 1. */
export interface Trouble {
  readonly late: number
  readonly again: number
}

const minute = 60_000

/** What an event is made of, but for what the world gives it. */
export type Happening = Omit<EventFacts, 'id' | 'time'>

/** The shop at a moment: what there is, what will happen, and what is on its way into the topics. */
export class World {
  readonly random: Random
  readonly products: readonly Product[]
  readonly popularity: Zipf
  /** Customers with an account, the most faithful first. */
  readonly people: Person[] = []
  /** When the shop opens. */
  readonly begin: number
  now: number
  readonly #actions = new TimeQueue<() => void>()
  readonly #writes = new TimeQueue<ShopEvent>()
  readonly #trouble: Trouble
  #made = 0

  constructor(seed: number, begin: number, products: number, trouble: Trouble) {
    this.random = new Random(seed)
    this.products = newProducts(this.random, products)
    this.popularity = new Zipf(products)
    this.begin = begin
    this.now = begin
    this.#trouble = trouble
  }

  /** Somebody whom the shop does not know yet. */
  stranger(): Person {
    return newPerson(this.random, ++this.#made)
  }

  /** Lets something happen after a wait with this mean. */
  later(mean: number, action: () => void): void {
    this.#actions.push(this.now + this.random.wait(mean), action)
  }

  /**
   * An event that happens now. It is on its way into its topic: at once, or, where it is late, so much later that others of
   * its key overtake it; some are sent a second time. Answers its id.
   */
  emit(happening: Happening): string {
    const { random, now } = this
    const id = random.uuid()
    const made = shopEvent({ ...happening, id, time: now })
    const isLate = random.chance(this.#trouble.late)
    const arrival = isLate ? now + 1000 + random.wait(2 * minute) : now
    this.#writes.push(arrival, isLate ? { ...made, trouble: 'late' } : made)
    if (random.chance(this.#trouble.again))
      this.#writes.push(arrival + random.wait(minute), { ...made, trouble: 'again' })
    return id
  }

  /** The next record that is written. Undefined when nothing will happen any more. */
  nextWrite(): ShopEvent | undefined {
    while (this.#actions.nextTime <= this.#writes.nextTime && this.#actions.nextTime < Infinity) {
      this.now = this.#actions.nextTime
      this.#actions.pop()!()
    }
    return this.#writes.pop()
  }

  /** What has happened already and is still on its way. */
  *onTheirWay(): Generator<ShopEvent> {
    for (let next = this.#writes.pop(); next !== undefined; next = this.#writes.pop()) yield next
  }
}
