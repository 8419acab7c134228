import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { listen } from '../../../engine/cassandra/listening.ts'

beforeEach(() => {
  jest.useFakeTimers()
})

afterEach(() => {
  jest.useRealTimers()
})

/** Listens while time goes on, of which this share was waited; answers when it was told of silence. */
function silentAfter(share: number, ms = 1000): number | undefined {
  const began = Date.now()
  let at: number | undefined
  const time = () => {
    const seconds = (Date.now() - began) / 1000
    return { seconds, waited: seconds * share }
  }
  const stop = listen(ms, () => (at = Date.now() - began), time)
  jest.advanceTimersByTime(20_000)
  stop()
  return at
}

test('a node is silent after its time where this process has listened, later where it was busy, and not for ever', () => {
  expect(silentAfter(1)).toBe(1000)
  expect(silentAfter(0.5)).toBe(1000)
  expect(silentAfter(0.25)).toBe(2000)
  expect(silentAfter(0)).toBe(3000)
})

test('an answer ends it', () => {
  const silent = jest.fn()
  const heard = listen(1000, silent)
  jest.advanceTimersByTime(900)
  heard()
  jest.advanceTimersByTime(10_000)
  expect(silent).not.toHaveBeenCalled()
})
