import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { branch } from '../../processors/branch.ts'
import { dedupe } from '../../processors/dedupe.ts'
import { filter } from '../../processors/filter.ts'
import { map } from '../../processors/map.ts'
import { validate } from '../../processors/validate.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { start } from '../support/fake-scope.ts'

const values = (...all: unknown[]) => all.map((value) => ({ value }))

describe('filter', () => {
  const kept = (config: object, ...all: unknown[]): unknown[] =>
    start(filter, { field: 'a', ...config }, values(...all.map((a) => ({ a })))).output.map(
      (one) => (one as { a: unknown }).a,
    )

  test('combines tests', () => {
    expect(kept({ atLeast: 2, below: 5, not: 3 }, 1, 2, 3, 4, 5, '4', null)).toEqual([2, 4])
    expect(kept({ oneOf: ['x', null] }, 'x', 'y', null)).toEqual(['x', null])
    expect(kept({ noneOf: ['x'] }, 'x', 'y')).toEqual(['y'])
    expect(kept({ exists: false }, 'x', null)).toEqual([null])
    expect(kept({ exists: true }, 'x', null, 0, '')).toEqual(['x', 0, ''])
  })

  test('refuses a config without a test, and counts what it leaves out', () => {
    expect(() => filter.config.parse({ field: 'a' })).toThrow(/at least one/)
    expect(start(filter, { field: 'a', equals: 1 }, values({ a: 2 }, null)).dropped).toEqual([
      'filtered',
      'filtered',
    ])
  })
})

describe('map', () => {
  test('reads the value as it came in, so that fields can be exchanged', () => {
    expect(start(map, { rename: { a: 'b', b: 'a' } }, values({ a: 1, b: 2, c: 3 })).output).toEqual([
      { a: 2, b: 1, c: 3 },
    ])
  })

  test('goes to and from any depth, and makes nothing of what is absent', () => {
    const config = { rename: { 'to.deep.x': 'x' }, copy: { y: 'from.y', z: 'from.z' }, drop: ['from.y'] }
    expect(start(map, config, values({ x: 1, from: { y: 2, w: 3 } })).output).toEqual([
      { to: { deep: { x: 1 } }, y: 2, from: { w: 3 } },
    ])
  })

  test('sets, defaults, writes JSON, keeps and drops in that order', () => {
    const config = {
      set: { kind: 'k', nested: { n: 1 } },
      default: { a: 'none', b: 0 },
      json: ['nested', 'absent'],
      keep: ['kind', 'nested', 'a', 'b', 'c'],
      drop: ['c'],
    }
    expect(start(map, config, values({ a: null, b: 5, c: 1, d: 2 })).output).toEqual([
      { kind: 'k', nested: '{"n":1}', a: 'none', b: 5 },
    ])
  })

  test('keeps tombstones and refuses what has no fields', () => {
    const { output, failed } = start(map, { set: { a: 1 } }, values(null, [1], 'text', {}))
    expect(output).toEqual([null, { a: 1 }])
    expect(failed).toEqual([
      expect.objectContaining({ code: 'RECORD_INVALID', kind: 'permanent' }),
      expect.objectContaining({ code: 'RECORD_INVALID' }),
    ])
  })

  test('never changes the value that it was given', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
      .map((names) => names.join('.'))
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node')),
      ),
    })).node
    const object = fc.dictionary(fc.constantFrom('a', 'b', 'c'), tree)
    fc.assert(
      fc.property(object, fc.dictionary(path, path), fc.array(path), path, (value, rename, drop, set) => {
        const before = JSON.stringify(value)
        // The first step makes the value derived, so that the second one gets the object itself.
        const first = start(map, { copy: { a: 'a' } }, values(value)).output
        start(map, { rename, drop, set: { [set]: 1 } }, values(...first))
        expect(JSON.stringify(value)).toBe(before)
        expect(JSON.stringify(first[0])).toBe(JSON.stringify(value))
      }),
      { numRuns: 200 },
    )
  })
})

describe('validate', () => {
  const clock = new FakeClock(1_000_000)
  const broken = (rule: object, a: unknown): string | undefined => {
    const { failed } = start(validate, { fields: { a: rule } }, values(a === undefined ? {} : { a }), {
      clock,
    })
    return (failed[0] as { facts?: { rule: string } } | undefined)?.facts?.rule
  }

  test.each([
    [{}, undefined, 'required'],
    [{}, null, 'required'],
    [{ optional: true, type: 'string' }, null, undefined],
    [{ type: 'integer' }, 1.5, 'type'],
    [{ type: 'integer' }, 3, undefined],
    [{ type: 'object' }, [], 'type'],
    [{ oneOf: ['x', 1] }, 1, undefined],
    [{ oneOf: ['x', 1] }, '1', 'oneOf'],
    [{ min: 1, max: 3 }, 0, 'min'],
    [{ min: 1, max: 3 }, 4, 'max'],
    [{ min: 1, max: 3 }, '2', 'min'],
    [{ minLength: 1 }, '', 'minLength'],
    [{ maxLength: 2 }, [1, 2, 3], 'maxLength'],
    [{ maxLength: 2 }, 1, 'maxLength'],
    [{ pattern: '^[a-z]+$' }, 'abc', undefined],
    [{ pattern: '^[a-z]+$' }, 'ab1', 'pattern'],
    [{ notAfter: '5m' }, 1_300_000, undefined],
    [{ notAfter: '5m' }, 1_300_001, 'notAfter'],
    [{ notAfter: '5m' }, '1970-01-01T00:20:00Z', undefined],
    [{ notAfter: '5m' }, '2100-01-01T00:00:00Z', 'notAfter'],
    [{ notAfter: '5m' }, 'no time', 'notAfter'],
  ])('%j of %j: %s', (rule, value, expected) => {
    expect(broken(rule, value)).toBe(expected)
  })

  test('fails for good, and names field and rule', () => {
    const { failed, output } = start(
      validate,
      { fields: { 'a.b': { min: 3 } } },
      values({ a: { b: 1 } }, { a: { b: 3 } }),
    )
    expect(output).toEqual([{ a: { b: 3 } }])
    expect(failed).toEqual([
      expect.objectContaining({
        kind: 'permanent',
        code: 'RECORD_INVALID',
        message: 'The field a.b is not valid: it breaks the rule min: 3.',
        facts: { field: 'a.b', rule: 'min' },
      }),
    ])
  })

  test('refuses a pattern that is none', () => {
    expect(() => validate.config.parse({ fields: { a: { pattern: '(' } } })).toThrow(/regular expression/)
  })
})

describe('branch', () => {
  test('names its outputs', () => {
    expect(branch.outputs?.(branch.config.parse({ field: 'a', to: { x: 1, y: [2] }, default: 'x' }))).toEqual(
      ['x', 'y'],
    )
  })

  test('passes records on still encoded', () => {
    const { batches } = start(branch, { field: 'a', to: { x: 1 } }, values({ a: 2 }))
    expect(batches[0]!.values).toBeUndefined()
  })
})

describe('dedupe', () => {
  test('fails a record without id, and counts what it drops', () => {
    const config = { by: 'id', window: '1h' }
    const { failed, dropped, output, counts, side } = start(
      dedupe,
      config,
      values({ id: 'a' }, { id: 'a' }, {}, { id: 'a', x: 1 }),
    )
    expect(output).toEqual([{ id: 'a' }])
    expect(dropped).toEqual(['duplicate'])
    expect(failed).toEqual([expect.objectContaining({ code: 'RECORD_INVALID' })])
    expect(side).toEqual({ conflicts: [{ id: 'a', x: 1 }] })
    expect(counts.get('conflicts')).toBe(1)
  })
})
