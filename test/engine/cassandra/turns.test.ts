import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { aheadInARow, Turns } from '../../../engine/cassandra/turns.ts'

interface Item {
  readonly writer: string
  readonly ahead: boolean
  readonly n: number
}

/** What is done: something of a writer comes, or the next one gets its turn. */
type Step = { readonly add: readonly [writer: number, ahead: boolean, many: number] } | 'take'

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ add: fc.tuple(fc.nat(4), fc.boolean(), fc.integer({ min: 1, max: 40 })) }),
  },
  { weight: 30, arbitrary: fc.constant<Step>('take') },
)

/** Looks at every take, and knows what waits. */
class Judge {
  readonly #turns = new Turns<Item>()
  readonly #waiting = new Map<string, Item[]>()
  /** Of a line: the turns that each other line of its kind had since its own last one, or since something of it waits. */
  readonly #passedOver = new Map<string, Map<string, number>>()
  #aheadInARow = 0
  #othersInARow = 0
  #next = 0

  do(given: Step): void {
    if (given === 'take') return this.#take()
    const [writer, ahead, many] = given.add
    for (let left = many; left > 0; left--) this.#add({ writer: `w${writer}`, ahead, n: this.#next++ })
  }

  #add(item: Item): void {
    const name = nameOf(item)
    const line = this.#waiting.get(name) ?? []
    if (line.length === 0) this.#passedOver.set(name, new Map())
    line.push(item)
    this.#waiting.set(name, line)
    this.#turns.add(item.writer, item.ahead, item)
    const [first, other] = [true, false].map(
      (ahead) => this.#waiting.get(nameOf({ ...item, ahead }))?.length ?? 0,
    )
    expect(this.#turns.waiting(item.writer)).toBe(first! + other!)
  }

  #take(): void {
    const [aheadWait, othersWait] = [this.#some(true), this.#some(false)]
    const item = this.#turns.take()
    expect(item === undefined).toBe(!aheadWait && !othersWait)
    if (item === undefined) return
    const name = nameOf(item)
    expect(this.#waiting.get(name)!.shift()).toBe(item)
    this.#lookAtKinds(item.ahead, aheadWait, othersWait)
    for (const [other, line] of this.#waiting) {
      if (other === name || line.length === 0 || other[0] !== name[0]) continue
      const passed = this.#passedOver.get(other)!
      passed.set(name, (passed.get(name) ?? 0) + 1)
      expect(passed.get(name)).toBe(1)
    }
    this.#passedOver.set(name, new Map())
  }

  #lookAtKinds(ahead: boolean, aheadWait: boolean, othersWait: boolean): void {
    this.#aheadInARow = ahead && othersWait ? this.#aheadInARow + 1 : 0
    this.#othersInARow = !ahead && aheadWait ? this.#othersInARow + 1 : 0
    expect(this.#aheadInARow).toBeLessThanOrEqual(aheadInARow)
    expect(this.#othersInARow).toBeLessThanOrEqual(1)
  }

  #some(ahead: boolean): boolean {
    return [...this.#waiting].some(([name, line]) => name.startsWith(ahead ? 'a' : 'o') && line.length > 0)
  }
}

function nameOf({ writer, ahead }: Pick<Item, 'writer' | 'ahead'>): string {
  return `${ahead ? 'a' : 'o'}${writer}`
}

test('everyone gets a turn, in order, however much the others have and whoever goes ahead', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 250, size: 'max' }), (steps) => {
      const judge = new Judge()
      for (const one of steps) judge.do(one)
    }),
    { numRuns: 50 },
  )
})

test('of eight places in a row the others get one, where both wait', () => {
  const turns = new Turns<string>()
  for (let n = 0; n < 100; n++) {
    turns.add('alarms', true, 'A')
    turns.add('audit', false, 'o')
  }
  const taken = Array.from({ length: 32 }, () => turns.take()).join('')
  expect(taken).toBe('AAAAAAAo'.repeat(4))
})

test('a line that is never empty forgets what is gone', () => {
  const turns = new Turns<{ readonly n: number }>()
  turns.add('w', false, { n: 0 })
  for (let n = 1; n < 5000; n++) {
    turns.add('w', false, { n })
    expect(turns.take()).toEqual({ n: n - 1 })
  }
  expect(turns.waiting('w')).toBe(1)
})
