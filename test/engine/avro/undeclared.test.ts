import { expect, test } from '@jest/globals'
import { createEncoder } from '../../../engine/avro/codec.ts'
import { schemaFrom } from '../../../engine/avro/schema.ts'
import { avscOf } from './oracle.ts'

// What an encoder refuses is what avsc's strict look refuses, whether or not it looks.

const json = {
  type: 'record',
  name: 'Everything',
  fields: [
    { name: 'yes', type: 'boolean' },
    { name: 'int', type: 'int' },
    { name: 'long', type: 'long' },
    { name: 'float', type: 'float' },
    { name: 'double', type: 'double' },
    { name: 'text', type: 'string' },
    { name: 'bytes', type: 'bytes' },
    { name: 'fixed', type: { type: 'fixed', name: 'Two', size: 2 } },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
    { name: 'money', type: { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 } },
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'maybe', type: ['null', 'string'], default: null },
    { name: 'many', type: ['null', 'int', 'string', { type: 'array', items: 'int' }] },
    {
      name: 'list',
      type: { type: 'array', items: { type: 'record', name: 'Item', fields: [{ name: 'n', type: 'int' }] } },
    },
    { name: 'map', type: { type: 'map', values: 'Item' } },
    { name: 'inner', type: ['null', 'Item'] },
    { name: 'either', type: ['Item', { type: 'map', values: 'int' }] },
    { name: 'next', type: ['null', 'Everything'], default: null },
  ],
}

const good = (): Record<string, unknown> => ({
  ...{
    yes: true,
    int: 1,
    long: 2,
    float: 0.5,
    double: 0.25,
    text: 'x',
    bytes: Buffer.from('b'),
    fixed: Buffer.from('ab'),
  },
  ...{
    kind: 'A',
    money: '1.50',
    time: 1,
    maybe: null,
    many: 3,
    list: [{ n: 1 }],
    map: { a: { n: 2 } },
    inner: { n: 3 },
  },
  ...{ either: { Item: { n: 4 } }, next: null },
})

const strange: readonly unknown[] = [
  ...[
    undefined,
    null,
    true,
    0,
    -1,
    1.5,
    NaN,
    Infinity,
    2 ** 31,
    2 ** 40,
    2 ** 53,
    1e20,
    5n,
    2n ** 62n,
    2n ** 70n,
  ],
  ...[
    '',
    'A',
    'C',
    '1.5',
    '1.50',
    '12345.67',
    [],
    [1],
    ['x'],
    {},
    { n: 1 },
    { n: 1, more: 2 },
    { n: 'x' },
    { a: { n: 1 } },
  ],
  ...[
    { a: { n: 1, more: 1 } },
    { Item: { n: 1 } },
    { Item: { n: 1, more: 1 } },
    [{ n: 1 }],
    [{ n: 1, more: 1 }],
    { map: { a: 1 } },
  ],
  ...[Buffer.from('ab'), Buffer.from('abc'), new Date(0), Symbol.iterator, () => 1],
]

test('every field with every strange value', () => {
  const schema = schemaFrom(json, 'test')
  const encode = createEncoder({ id: 1, schema })
  const throwsOr = (look: () => boolean): boolean => {
    try {
      return look()
    } catch {
      return true
    }
  }
  const refuses = (value: unknown): boolean => throwsOr(() => encode(value).length === 0)
  const wrong: string[] = []
  let refused = 0
  const compare = (what: string, value: unknown): void => {
    const strict = throwsOr(() => !avscOf(schema).isValid(value, { noUndeclaredFields: true }))
    if (strict) refused++
    if (refuses(value) !== strict) wrong.push(`${what}: ${strict ? 'let through' : 'refused'}`)
  }
  compare('nothing strange', good())
  for (const [n, value] of strange.entries()) {
    compare(`the whole as ${n}`, value)
    for (const name of [...Object.keys(good()), 'undeclared']) {
      compare(`${name} as ${n}`, { ...good(), [name]: value })
      compare(`next.${name} as ${n}`, { ...good(), next: { ...good(), [name]: value } })
    }
  }
  expect(refused).toBeGreaterThan(500)
  expect(wrong).toEqual([])
})
