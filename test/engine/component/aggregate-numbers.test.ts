import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { foldOf, type FoldSpec } from '../../../engine/component/operators/aggregate/folds.ts'
import { stored, unstored } from '../../../engine/component/operators/aggregate/stored-values.ts'

function fold(spec: FoldSpec, values: readonly unknown[]): unknown {
  const one = foldOf(spec)
  // Parts live in JSON between any two records.
  const part = values.reduce(
    (sum, value) => JSON.parse(JSON.stringify(one.add(sum, value))) as unknown,
    one.start,
  )
  return one.result(part)
}
const sum = (...values: unknown[]): unknown => fold({ fold: 'sum', of: 'f' }, values)

test('sums of integers are exact, however large', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n })), (values) => {
      const total = values.reduce((all, value) => all + value, 0n)
      if (values.length > 0) expect(BigInt(sum(...values) as number | bigint)).toBe(total)
    }),
  )
  expect(sum(Number.MAX_SAFE_INTEGER, 1, 1)).toBe(2n ** 53n + 1n)
  expect(sum(2n ** 60n, -(2n ** 60n), 7)).toBe(7)
})

test('decimals add up exactly, and stay text', () => {
  expect(sum('0.1', '0.2')).toBe('0.3')
  expect(sum('-10.05', '0.005', 3)).toBe('-7.045')
  expect(sum('12', '3')).toBe('15')
  expect(sum('-0.5', '0.25')).toBe('-0.25')
})

test('floating point is what it is, and what is beyond it is refused', () => {
  expect(sum(0.5, 0.25, 1)).toBe(1.75)
  expect(sum('0.5', 0.25)).toBe(0.75)
  expect(sum(1e300, 1)).toBe(1e300)
  expect(() => sum(1.7e308, 1.7e308)).toThrow('beyond')
})

test('what is no number is refused by name, and not shown', () => {
  expect(() => sum(1, 'secret')).toThrow('The field f should be a number, and is other text.')
  expect(() => sum(true)).toThrow('should be a number, and is boolean')
  expect(() => sum({ a: 1 })).toThrow('should be a number')
})

test('min and max: numbers, longs, decimals, texts and times', () => {
  const least = (...values: unknown[]): unknown => fold({ fold: 'min', of: 'f' }, values)
  const most = (...values: unknown[]): unknown => fold({ fold: 'max', of: 'f' }, values)
  expect([least(3, 1, 2), most(3, 1, 2)]).toEqual([1, 3])
  expect([least(2n ** 60n, 5), most(2n ** 60n, 5)]).toEqual([5, 2n ** 60n])
  expect([least('10', '9.5'), most('10', '9.5')]).toEqual(['9.5', '10'])
  expect([least('pear', 'apple'), most('pear', 'apple')]).toEqual(['apple', 'pear'])
  expect(most(new Date(5), new Date(9))).toEqual(new Date(9))
  expect(() => least('pear', 3)).toThrow('should be a number')
})

test('count, mean, and lists with their bound', () => {
  const list = ['a', 'b', 'a', 'c']
  expect(fold({ fold: 'count', of: undefined }, list)).toBe(4)
  expect(fold({ fold: 'avg', of: 'f' }, [1, 2, 4n])).toBeCloseTo(7 / 3)
  expect(fold({ fold: 'avg', of: 'f' }, [])).toBeNull()
  expect(fold({ fold: 'sum', of: 'f' }, [])).toBeNull()
  expect(fold({ fold: 'collect', of: 'f', most: 3, keep: 'first' }, list)).toEqual(['a', 'b', 'a'])
  expect(fold({ fold: 'collect', of: 'f', most: 3, keep: 'last' }, list)).toEqual(['b', 'a', 'c'])
  expect(fold({ fold: 'distinct', of: 'f', most: 2, keep: 'first' }, list)).toEqual(['a', 'b'])
  expect(fold({ fold: 'distinct', of: 'f', most: 9, keep: 'first' }, [1n, { x: 1n }, { x: 1n }])).toEqual([
    1n,
    { x: 1n },
  ])
})

test('two runs of records put together are one run', () => {
  const spec = fc.constantFrom<FoldSpec>(
    { fold: 'sum', of: 'f' },
    { fold: 'avg', of: 'f' },
    { fold: 'min', of: 'f' },
    { fold: 'max', of: 'f' },
    { fold: 'count', of: undefined },
    { fold: 'collect', of: 'f', most: 5, keep: 'first' },
    { fold: 'collect', of: 'f', most: 5, keep: 'last' },
    { fold: 'distinct', of: 'f', most: 50, keep: 'first' },
  )
  const values = fc.array(fc.integer())
  fc.assert(
    fc.property(spec, values, values, (given, left, right) => {
      const one = foldOf(given)
      const of = (some: readonly number[]): unknown =>
        some.reduce<unknown>((part, value) => one.add(part, value), one.start)
      expect(one.result(one.merge(of(left), of(right)))).toEqual(one.result(of([...left, ...right])))
    }),
  )
})

test('values come back from JSON as they were', () => {
  const values = [1n, new Date(5), { $odd: 1 }, { a: [2n, null, { b: 'c' }] }, Buffer.from('x'), 'text', 1.5]
  expect(unstored(JSON.parse(JSON.stringify(stored(values))))).toEqual(values)
})
