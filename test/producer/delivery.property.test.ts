import { expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import type { OutgoingRecord } from '../../engine/component/contracts/log.ts'
import { MillraceError } from '../../engine/errors.ts'
import { Delivery } from '../../producer/delivery.ts'
import { recordSize } from '../../producer/size.ts'
import { Spooling } from '../../producer/spooling.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Disk, FakeSpool } from './fake-spool.ts'
import { FakeTarget } from './fake-target.ts'

// The model: a list of what was offered. Whatever happens on the way, each is in the target, set aside, or told to have
// failed; those in the target are in the order in which they were offered; and only a death makes repetitions.

// A life that was ended by force leaves its timer, which would keep this process.
jest.spyOn(globalThis, 'setInterval').mockImplementation(() => undefined as never)

interface Offered {
  readonly text: string
  readonly wantsPosition: boolean
  outcome: 'pending' | 'refused' | 'failed' | 'spooled' | number
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('offer' as const),
      count: fc.integer({ min: 1, max: 9 }),
      waits: fc.boolean(),
      bad: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('mood' as const),
      mood: fc.constantFrom('well' as const, 'hangs' as const, 'fails' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 50, max: 2000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), written: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('full' as const), full: fc.boolean() }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

class Run {
  readonly offered: Offered[] = []
  readonly disk = new Disk()
  readonly clock = new FakeClock()
  readonly target = new FakeTarget()
  deaths = 0
  #spool: FakeSpool | undefined
  #life!: { target: FakeTarget; delivery: Delivery }
  readonly #hasSpool: boolean
  readonly #limits: { records: number; bytes: number }

  constructor(hasSpool: boolean, records: number) {
    this.#hasSpool = hasSpool
    this.#limits = { records, bytes: 2000 }
    this.begin()
  }

  get delivery(): Delivery {
    return this.#life.delivery
  }

  begin(): void {
    this.#spool = this.#hasSpool ? new FakeSpool(this.disk) : undefined
    const spooling =
      this.#spool &&
      new Spooling(this.#spool, { limit: 100_000, sizeOf: recordSize, trouble: () => undefined })
    const target = this.target
    const life = { alive: true }
    const delivery = new Delivery({
      ...this.#limits,
      target: {
        append: async (records) => {
          if (!life.alive) return new Promise(() => undefined)
          const outcomes = await target.append(records)
          return life.alive ? outcomes : new Promise(() => undefined)
        },
      },
      spooling,
      whenFull: 'wait',
      whenAway: 'wait',
      awayAfterMs: 1000,
      clock: this.clock,
      sizeOf: recordSize,
      trouble: () => undefined,
    })
    this.#life = { target, delivery }
    this.#kill = () => {
      life.alive = false
      this.#spool?.die()
    }
  }

  #kill: () => void = () => undefined

  /** What was not safe is forgotten: nobody was told that it was. */
  die(written: boolean): void {
    this.deaths++
    this.target.die(written)
    this.#kill()
    this.begin()
  }

  offer(wantsPosition: boolean, bad: boolean): void {
    const text = `${bad ? 'bad' : 'good'} ${this.offered.length}`
    const mine: Offered = { text, wantsPosition, outcome: 'pending' }
    this.offered.push(mine)
    const record: OutgoingRecord = {
      topic: 't',
      key: null,
      value: Buffer.from(text),
      headers: [],
      timestamp: 1,
    }
    const life = this.deaths
    const note = (outcome: Offered['outcome']): void => {
      if (this.deaths === life) mine.outcome = outcome
    }
    try {
      const entry = this.delivery.offer(record, wantsPosition)
      const failed = (error: unknown): void => note(error instanceof MillraceError ? 'failed' : 'pending')
      if (wantsPosition) entry.written.then(({ offset }) => note(offset), failed)
      else
        entry.safe.then((safety) => note(safety.in === 'spool' ? 'spooled' : safety.position.offset), failed)
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'PRODUCER_FULL') throw error
      mine.outcome = 'refused'
    }
  }

  async take(what: Step): Promise<void> {
    if (what.do === 'offer') for (let n = 0; n < what.count; n++) this.offer(what.waits, what.bad && n === 0)
    if (what.do === 'turns') await turns(what.count)
    if (what.do === 'mood') this.target.be(what.mood)
    if (what.do === 'time') this.clock.advance(what.ms)
    if (what.do === 'full') this.disk.full = what.full
    if (what.do === 'die') this.die(what.written)
  }

  async end(): Promise<void> {
    this.disk.full = false
    this.target.be('well')
    let over = false
    void this.delivery.flush().then(() => (over = true))
    for (let n = 0; !over; n++) {
      if (n > 5000) throw new Error(`It never comes to rest: ${this.delivery.waiting} wait.`)
      await turns(1)
      this.clock.advance(500)
    }
  }
}

async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}

test.each([
  ['without a spool', false],
  ['with a spool', true],
])('nothing is lost, doubled or overtaken, %s', async (_name, hasSpool) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 2, max: 30 }),
      async (steps, records) => {
        const run = new Run(hasSpool, records)
        for (const what of steps) await run.take(what)
        await run.end()
        check(run)
      },
    ),
    { numRuns: 200 },
  )
})

function check({ offered, target, disk, deaths }: Run): void {
  const found = target.records.map((record) => record.value!.toString())
  const first = [...new Set(found)]
  if (deaths === 0) expect(found).toEqual(first)
  const numbers = first.map((text) => Number(text.split(' ')[1]))
  expect(numbers).toEqual([...numbers].sort((left, right) => left - right))
  const aside = new Set(disk.aside.map(({ record }) => record.value!.toString()))
  for (const { text, outcome } of offered) {
    if (typeof outcome === 'number') expect(found[outcome]).toBe(text)
    if (outcome === 'spooled')
      expect(text.startsWith('bad') ? aside.has(text) : first.includes(text)).toBe(true)
    if (outcome === 'refused') expect(first).not.toContain(text)
    if (deaths === 0) expect(outcome).not.toBe('pending')
    if (outcome === 'failed' && !text.startsWith('bad')) expect(first).not.toContain(text)
  }
}
