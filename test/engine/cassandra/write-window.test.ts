import { expect, test } from '@jest/globals'
import { WriteWindow } from '../../../engine/cassandra/write-window.ts'

/** Rounds in which as many requests as may be are under way, each answered after so many seconds. */
function rounds(window: WriteWindow, count: number, seconds: number): void {
  for (let round = 0; round < count; round++) {
    let sent = 0
    while (window.isOpen) {
      window.enter()
      sent++
    }
    for (; sent > 0; sent--) {
      window.took(seconds)
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

test('it shrinks while answers are slow, keeps a few, and grows again', () => {
  const window = new WriteWindow(512)
  rounds(window, 30, 0.002)
  rounds(window, 60, 1.5)
  const slow = window.size
  expect(slow).toBeLessThan(100)
  expect(slow).toBeGreaterThanOrEqual(4)
  rounds(window, 300, 0.002)
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
