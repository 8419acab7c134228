import { describe, expect, jest, test } from '@jest/globals'
import type { Clock } from '../../../engine/component/contracts/clock.ts'

/** A clock under test, and how to let time go by. */
export interface ClockHarness {
  readonly clock: Clock
  /** Resolves after at least so many milliseconds of the clock, when all that was due by then has run. */
  readonly pass: (ms: number) => Promise<void>
}

/**
 * What every `Clock` promises. Nothing here measures time: only what runs at all, how often, and after what. `defects` are
 * titles of promises that the clock is known to break: such a test fails as soon as it keeps them.
 */
export function clockContract(name: string, make: () => ClockHarness, defects: readonly string[] = []): void {
  const promise = (title: string, run: (harness: ClockHarness) => Promise<void>): void => {
    const register = defects.includes(title) ? test.failing : test
    register(title, () => run(make()))
  }

  describe(`${name} keeps the clock contract`, () => {
    jest.setTimeout(20_000)

    promise('tells milliseconds since 1970, a number that can be a date', async ({ clock, pass }) => {
      const before = clock.now()
      expect(new Date(before).getUTCFullYear()).toBeGreaterThan(2000)
      await pass(3)
      expect(clock.now()).toBeGreaterThanOrEqual(before)
    })

    promise('never runs an action synchronously, however short the delay', async ({ clock, pass }) => {
      const ran: number[] = []
      for (const delayMs of [0, 0.5, 1]) {
        clock.after(delayMs, () => ran.push(delayMs))
        expect(ran).toEqual([])
      }
      await pass(5)
      expect(ran.toSorted()).toEqual([0, 0.5, 1])
    })

    promise('runs an action once', async ({ clock, pass }) => {
      let times = 0
      clock.after(1, () => times++)
      await pass(5)
      await pass(5)
      expect(times).toBe(1)
    })

    promise(
      'runs an earlier one first, and those of one delay in the order in which they were set',
      async (given) => {
        const ran: string[] = []
        given.clock.after(40, () => ran.push('late'))
        for (let n = 0; n < 20; n++) given.clock.after(2, () => ran.push(`early ${n}`))
        await given.pass(60)
        expect(ran).toEqual([...Array.from({ length: 20 }, (_, n) => `early ${n}`), 'late'])
      },
    )

    promise(
      'runs nothing that was cancelled; cancelling twice, or too late, does nothing',
      async ({ clock, pass }) => {
        const ran: string[] = []
        const cancel = clock.after(2, () => ran.push('cancelled'))
        const tooLate = clock.after(2, () => ran.push('kept'))
        cancel()
        cancel()
        await pass(6)
        tooLate()
        clock.after(1, () => ran.push('later'))
        cancel()
        tooLate()
        await pass(6)
        expect(ran).toEqual(['kept', 'later'])
      },
    )

    promise(
      'an action may cancel one that is due at the same moment, and itself',
      async ({ clock, pass }) => {
        const ran: string[] = []
        const self = clock.after(2, () => {
          ran.push('first')
          self()
          other()
        })
        const other = clock.after(2, () => ran.push('second'))
        clock.after(2, () => ran.push('third'))
        await pass(6)
        expect(ran).toEqual(['first', 'third'])
      },
    )

    promise('an action that sets another one ends before that runs', async ({ clock, pass }) => {
      const ran: string[] = []
      clock.after(1, () => {
        clock.after(0, () => ran.push('inner'))
        ran.push('outer')
      })
      // On a busy machine a timer that was set later, for a shorter time, may still come after one that is overdue.
      for (let turn = 0; turn < 100 && ran.length < 2; turn++) await pass(6)
      expect(ran).toEqual(['outer', 'inner'])
    })

    promise('waits as long as it is told, also for months', async ({ clock, pass }) => {
      let ran = false
      const cancel = clock.after(60 * 86_400_000, () => {
        ran = true
      })
      await pass(20)
      expect(ran).toBe(false)
      cancel()
    })
  })
}
