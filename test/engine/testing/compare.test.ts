import { describe, expect, test } from '@jest/globals'
import { compareAnyOrder, compareInOrder, differsFrom } from '../../../engine/testing/compare.ts'

describe('differsFrom', () => {
  test('looks at the fields that are expected, at every depth', () => {
    expect(differsFrom({ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 })).toBeUndefined()
    expect(differsFrom({ a: { b: 1 } }, { a: { b: 2 } })).toEqual([{ path: 'a.b', expected: 1, actual: 2 }])
  })

  test('takes an absent field for null, and nothing else for it', () => {
    expect(differsFrom({ a: null }, {})).toBeUndefined()
    expect(differsFrom({ a: null }, { a: 0 })).toEqual([{ path: 'a', expected: null, actual: 0 }])
    expect(differsFrom({ a: '' }, {})).toEqual([{ path: 'a', expected: '', actual: null }])
  })

  test('compares lists as a whole', () => {
    expect(differsFrom([1, 2], [1, 2])).toBeUndefined()
    expect(differsFrom([1, 2], [1])).toEqual([{ path: '', expected: [1, 2], actual: [1] }])
    expect(differsFrom({ a: [1, 2] }, { a: [1, 3] })).toEqual([{ path: 'a[1]', expected: 2, actual: 3 }])
  })

  test('knows whole numbers, bytes and times in their other forms', () => {
    expect(differsFrom(5, 5n)).toBeUndefined()
    expect(differsFrom('9007199254740993', 9007199254740993n)).toBeUndefined()
    expect(differsFrom('0x00ff', Buffer.from([0, 255]))).toBeUndefined()
    expect(differsFrom('2026-01-01T00:00:00Z', 1767225600000)).toBeUndefined()
    expect(differsFrom('2026-01-01T00:00:01Z', 1767225600000)).toBeDefined()
    expect(differsFrom('5', 5)).toBeDefined()
  })
})

describe('compareInOrder', () => {
  test('tells of one that is missing, and of none that moved because of it', () => {
    expect(compareInOrder([1, 2, 3], [1, 3])).toEqual([{ type: 'missing', n: 1 }])
    expect(compareInOrder([1, 3], [1, 2, 3])).toEqual([{ type: 'unexpected', at: 1 }])
  })

  test('tells of what is in another order', () => {
    expect(compareInOrder([1, 2], [2, 1])).toEqual([
      { type: 'missing', n: 0 },
      { type: 'unexpected', at: 1 },
    ])
  })

  test('pairs what is alike', () => {
    const found = compareInOrder([{ id: 1, n: 1 }], [{ id: 1, n: 2 }])
    expect(found).toEqual([
      { type: 'different', n: 0, at: 0, fields: [{ path: 'n', expected: 1, actual: 2 }] },
    ])
  })
})

describe('compareAnyOrder', () => {
  test('takes any order, and each item once', () => {
    expect(compareAnyOrder([1, 2], [2, 1])).toEqual([])
    expect(compareAnyOrder([1, 1], [1])).toEqual([{ type: 'missing', n: 1 }])
    expect(compareAnyOrder([1], [1, 1])).toEqual([{ type: 'unexpected', at: 1 }])
  })

  test('pairs the most alike', () => {
    const rows = [
      { id: 2, a: 1, b: 1 },
      { id: 1, a: 1, b: 9 },
    ]
    expect(compareAnyOrder([{ id: 1, a: 1, b: 1 }, rows[0]], rows)).toEqual([
      { type: 'different', n: 0, at: 1, fields: [{ path: 'b', expected: 1, actual: 9 }] },
    ])
  })
})
