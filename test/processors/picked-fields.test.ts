import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { pickedFields, stepsOf, type Fields, type MapSteps } from '../../processors/map/steps.ts'

const name = fc.constantFrom('a', 'b', 'c', 'd')
const path = fc.oneof(
  name,
  fc.tuple(name, name).map((names) => names.join('.')),
)
const steps: fc.Arbitrary<MapSteps> = fc.record(
  {
    copy: fc.dictionary(name, path, { maxKeys: 3 }),
    set: fc.dictionary(name, fc.integer(), { maxKeys: 2 }),
    keep: fc.array(name, { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: ['keep'] },
)

/** Every path that may be asked for is there: only then are fields picked. */
const leaf = fc.oneof(fc.integer(), fc.string(), fc.constant(null))
const inner = fc.record({ a: leaf, b: leaf, c: leaf, d: leaf })
const value = fc.record({ a: inner, b: inner, c: leaf, d: leaf })

const at = (root: unknown, dotted: string): unknown =>
  dotted.split('.').reduce<unknown>((one, field) => (one as Fields | undefined)?.[field], root)

test('fields that are picked make the value that the steps make', () => {
  fc.assert(
    fc.property(steps, value, (given, came) => {
      const picked = pickedFields(given)!
      const reads = picked.flatMap((field) => ('path' in field ? [field.path] : []))
      fc.pre(reads.every((one) => at(came, one) !== undefined))
      const made = picked.map((field) => [
        field.name,
        'path' in field ? at(came, field.path) : field.constant,
      ])
      const expected = stepsOf(given).reduce<Fields>((fields, step) => step(fields, came), { ...came })
      expect(Object.entries(Object.fromEntries(made))).toEqual(Object.entries(expected))
    }),
  )
})

test.each<MapSteps>([
  { copy: { a: 'b' } },
  { keep: ['a.b'] },
  { keep: ['a'], drop: ['b'] },
  { keep: ['a'], rename: { a: 'b' } },
  { keep: ['a'], default: { a: 1 } },
  { keep: ['a'], json: ['a'] },
  { keep: ['a'], copy: { 'a.b': 'c' } },
])('steps that do more are not picked fields: %j', (given) => {
  expect(pickedFields(given)).toBeUndefined()
})
