import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { calmSize, WriteWindow } from '../../../engine/cassandra/write-window.ts'

/** Rounds in which as many requests as may be are under way, each answered after so many seconds. */
function rounds(window: WriteWindow, count: number, seconds: number, waited = seconds): void {
  for (let round = 0; round < count; round++) {
    let sent = 0
    while (window.isOpen) {
      window.enter()
      sent++
    }
    for (; sent > 0; sent--) {
      window.took(seconds, waited)
      window.leave()
    }
  }
}

test('it grows to its most while answers are quick, and no further', () => {
  const window = new WriteWindow(300)
  rounds(window, 50, 0.002)
  expect([window.size, window.used]).toEqual([300, 0])
})

test('it does not grow where nobody uses it', () => {
  const window = new WriteWindow()
  const before = window.size
  for (let n = 0; n < 5000; n++) {
    window.enter()
    window.took(0.001)
    window.leave()
  }
  expect(window.size).toBe(before)
})

test('slow answers take back what it has grown, and no more', () => {
  const window = new WriteWindow(512)
  rounds(window, 30, 0.002)
  expect(window.size).toBe(512)
  rounds(window, 60, 1.5)
  expect(window.size).toBe(calmSize)
  rounds(window, 300, 0.002)
  expect(window.size).toBe(512)
})

test('answers are not slow that lie there while the process is busy', () => {
  const window = new WriteWindow(512)
  rounds(window, 30, 0.002)
  rounds(window, 60, 1.5, 0.01)
  expect(window.size).toBe(512)
})

test('an overloaded node halves it, once for all that was under way', () => {
  const window = new WriteWindow(512)
  rounds(window, 30, 0.002)
  for (let n = 0; n < 100; n++) window.overloaded(1000)
  expect(window.size).toBe(256)
  window.overloaded(2000)
  expect(window.size).toBe(128)
})

test('a small bound is kept from the beginning', () => {
  const window = new WriteWindow(2)
  expect(window.size).toBe(2)
  rounds(window, 10, 9)
  expect(window.size).toBeLessThanOrEqual(2)
  expect(window.isOpen).toBe(true)
})

const anyTimes = fc.array(
  fc.tuple(fc.double({ min: 0, max: 60, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
  {
    maxLength: 60,
  },
)

test('whatever times answers take, it is as wide as a node works on at once, and after any trouble soon again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      anyTimes,
      fc.nat(20),
      anyTimes,
      (most, before, troubles, after) => {
        const window = new WriteWindow(most)
        const least = Math.min(most, calmSize)
        for (const [seconds, share] of before) {
          rounds(window, 1, seconds, seconds * share)
          expect(window.size).toBeGreaterThanOrEqual(least)
        }
        for (let n = 0; n < troubles; n++) window.overloaded(n * 1000)
        expect(window.isOpen).toBe(true)
        for (const [round, [seconds, share]] of after.entries()) {
          rounds(window, 1, seconds, seconds * share)
          if (round >= 5) expect(window.size).toBeGreaterThanOrEqual(least)
          expect(window.size).toBeLessThanOrEqual(most)
        }
      },
    ),
  )
})
