import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createDecoder, createEncoder } from '../../engine/avro/codec.ts'
import { schemaFrom } from '../../engine/avro/schema.ts'
import { secretOf } from '../../engine/component/contracts/secret.ts'
import { redact } from '../../processors/redact.ts'
import { mask } from '../../processors/redact/cover.ts'
import { redactor, type Treatment } from '../../processors/redact/walk.ts'
import { start } from '../support/fake-scope.ts'

const key = 'sixteen bytes or more'
const resources = { secret: () => secretOf(key) }

/** What comes out for values that go in. */
function redacted(config: object, ...values: readonly unknown[]): unknown[] {
  const { output, failed } = start(
    redact,
    config,
    values.map((value) => ({ value })),
    { resources },
  )
  expect(failed).toEqual([])
  return output
}

const hmac = (text: string) => createHmac('sha256', key).update(text).digest('base64url')

describe('where a path leads', () => {
  const person = { name: 'Ada', mail: { home: 'a@b', work: null } }

  test('by names, and no further than it says', () => {
    expect(redacted({ mask: ['mail.home'] }, person, { mail: 'a@b' }, { name: 'Ada' }, null)).toEqual([
      { name: 'Ada', mail: { home: '***', work: null } },
      { mail: 'a@b' },
      { name: 'Ada' },
      null,
    ])
  })

  test('through lists, however deep', () => {
    expect(
      redacted({ mask: ['of.name'] }, { of: [[{ name: 'Ada' }], { name: 'Bob', n: 1 }, 'x', null] }),
    ).toEqual([{ of: [[{ name: '***' }], { name: '***', n: 1 }, 'x', null] }])
  })

  test('with * for any field or entry', () => {
    expect(redacted({ mask: ['tags.*'] }, { tags: ['a', 'b'], n: 1 })).toEqual([
      { tags: ['***', '***'], n: 1 },
    ])
    expect(redacted({ mask: ['*.mail'] }, { a: { mail: 'x', n: 1 }, b: [{ mail: 'y' }] })).toEqual([
      { a: { mail: '***', n: 1 }, b: [{ mail: '***' }] },
    ])
    expect(redacted({ remove: ['tags.*', 'by.*'] }, { tags: ['a'], by: { a: 1 } })).toEqual([
      { tags: [], by: {} },
    ])
  })

  test('with ** at any depth, none included', () => {
    const value = { name: 'a', in: { name: 'b', all: [{ name: 'c', n: 1 }] } }
    expect(redacted({ mask: ['**.name'] }, value)).toEqual([
      { name: '***', in: { name: '***', all: [{ name: '***', n: 1 }] } },
    ])
    expect(redacted({ remove: ['**.name'] }, value)).toEqual([{ in: { all: [{ n: 1 }] } }])
    expect(redacted({ mask: ['**.*'] }, value, ['a', { b: 'c' }])).toEqual([
      { name: '***', in: { name: '***', all: [{ name: '***', n: 0 }] } },
      ['***', { b: '***' }],
    ])
  })

  test('through the branch of a union', () => {
    expect(redacted({ last: { 'by.number': 2 } }, { by: { 'shop.Card': { number: '1234' } } })).toEqual([
      { by: { 'shop.Card': { number: '**34' } } },
    ])
  })

  test('into all that lies under it', () => {
    expect(redacted({ mask: ['p'] }, { p: { a: 'x', b: [1, true, null, { c: 'y' }] } })).toEqual([
      { p: { a: '***', b: [0, false, null, { c: '***' }] } },
    ])
  })
})

describe('what stands there then', () => {
  test('hash: a keyed pseudonym, the same for the same value wherever it is, treated once', () => {
    const config = { hash: ['**.mail'], key: 'env:K' }
    expect(redacted(config, { mail: 'a@b', in: { mail: ['a@b', 5] } }, { mail: { mail: 'a@b' } })).toEqual([
      { mail: hmac('a@b'), in: { mail: [hmac('a@b'), hmac('5')] } },
      { mail: { mail: hmac('a@b') } },
    ])
  })

  test('last: characters as people see them, and nothing of what is too short', () => {
    expect(
      redacted({ last: { t: 3 } }, { t: 'abcdef' }, { t: 'abc' }, { t: '1234😀' }, { t: 12345 }, { t: '' }),
    ).toEqual([{ t: '***def' }, { t: '***' }, { t: '**34😀' }, { t: '**345' }, { t: '' }])
  })

  test('the kind of a value stays, so that its schema holds', () => {
    const values = ['text', 5, 5n, true, Buffer.from('ab'), new Date(5)]
    expect(values.map(mask)).toEqual(['***', 0, 0n, false, Buffer.alloc(2), new Date(0)])
  })

  test('of several paths: remove, then the nearest, then mask before hash before last', () => {
    const config = {
      mask: ['p', 'q.a'],
      hash: ['p.mail', '*.a'],
      key: 'env:K',
      last: { 'p.*': 1 },
      remove: ['**.secret'],
    }
    expect(redacted(config, { p: { mail: 'a@b', name: 'Ada', secret: 's' }, q: { a: 'x' } })).toEqual([
      { p: { mail: hmac('a@b'), name: '**a' }, q: { a: '***' } },
    ])
  })

  test('a key that is too short is refused', () => {
    const short = { resources: { secret: () => secretOf('short') } }
    expect(() => start(redact, { hash: ['a'], key: 'env:K' }, [], short)).toThrow(
      'The key of a redact has fewer than 16 bytes: take a longer one.',
    )
  })
})

test.each([
  [{}, 'expected at least one of mask, remove, hash, last'],
  [{ hash: ['a'] }, 'expected a key beside hash'],
  [{ mask: ['a'], key: 'env:K' }, 'expected only beside hash'],
  [{ mask: ['a'], remove: ['a'] }, 'a has two'],
  [{ mask: ['a.**.b'] }, 'expected a path such as'],
  [{ hash: ['a'], key: 'the key itself' }, 'such as env:REDACT_KEY'],
])('%j is refused', (config, sentence) => {
  const { error } = redact.config.safeParse(config) as { error?: Error }
  expect(error?.message).toContain(sentence)
})

describe('with Avro', () => {
  const field = (name: string, type: unknown, extra: object = {}) => ({ name, type, ...extra })
  const card = { type: 'record', name: 'shop.Card', fields: [field('number', 'string')] }
  const bank = { type: 'record', name: 'shop.Bank', fields: [field('iban', 'string')] }
  const schema = schemaFrom(
    {
      type: 'record',
      name: 'shop.Customer',
      fields: [
        field('name', 'string'),
        field('born', { type: 'int', logicalType: 'date' }),
        field('since', { type: 'long', logicalType: 'timestamp-millis' }),
        field('photo', 'bytes'),
        field('member', 'boolean'),
        field('note', ['null', 'string'], { default: null }),
        field('pays', [card, bank]),
        field('tags', { type: 'map', values: 'string' }),
        field('tier', { type: 'enum', name: 'Tier', symbols: ['A'] }),
      ],
    },
    'Customer',
  )
  const encode = createEncoder({ id: 1, schema })
  const decode = createDecoder(schema)
  const customer = {
    name: 'Ada',
    born: 5,
    since: 2n ** 60n,
    photo: Buffer.from('ab'),
    member: true,
    note: 'shy',
    pays: { 'shop.Card': { number: '1234567' } },
    tags: { a: 'b' },
    tier: 'A',
  }
  const through = (paths: readonly (readonly [string, Treatment])[]) => {
    const bytes = encode(customer)
    const again = encode(redactor(paths)(decode(bytes, 5, bytes.length)))
    return decode(again, 5, again.length)
  }

  test('what is masked, and what goes from a field with a default, fits the schema', () => {
    const masked = ['name', 'born', 'since', 'photo', 'member', 'pays.number', 'tags'].map(
      (path): [string, Treatment] => [path, mask],
    )
    expect(through([...masked, ['note', 'remove']])).toEqual({
      name: '***',
      born: 0,
      since: 0,
      photo: Buffer.alloc(2),
      member: false,
      note: null,
      pays: { 'shop.Card': { number: '***' } },
      tags: { a: '***' },
      tier: 'A',
    })
  })

  test('what does not fit is refused, and not written', () => {
    expect(() => through([['tier', mask]])).toThrow(/does not fit shop\.Customer.*tier/)
    expect(() => through([['name', 'remove']])).toThrow(/does not fit shop\.Customer.*name/)
  })
})

describe('any value', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const value = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('secret', 'secret'),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(name, tie('node'), { maxKeys: 3 }),
    ),
  })).node
  const path = fc
    .tuple(fc.boolean(), fc.array(fc.constantFrom('a', 'b', 'c', '*'), { minLength: 1, maxLength: 3 }))
    .map(([deep, names]) => [...(deep ? ['**'] : []), ...names].join('.'))

  /** All texts, with the names that lead to them; entries of lists have `[]`. */
  function texts(at: unknown, names: readonly string[] = []): [string, readonly string[]][] {
    if (typeof at === 'string') return [[at, names]]
    if (Array.isArray(at)) return at.flatMap((one) => texts(one, [...names, '[]']))
    if (typeof at !== 'object' || at === null) return []
    return Object.entries(at).flatMap(([field, one]) => texts(one, [...names, field]))
  }

  /** Whether a path leads to these names or above them, by trying every way. */
  function leads(path: readonly string[], names: readonly string[]): boolean {
    const [first, ...rest] = path
    if (first === undefined) return true
    const [name, ...further] = names
    if (name === undefined) return false
    if (first === '**') return leads(rest, names) || leads(path, further)
    if (name === '[]') return leads(path, further) || (first === '*' && leads(rest, further))
    return (first === '*' || first === name) && leads(rest, further)
  }

  test('is covered exactly where a path leads, in the form that it had, and is itself not changed', () => {
    fc.assert(
      fc.property(value, fc.array(path, { minLength: 1, maxLength: 3 }), (given, paths) => {
        const before = JSON.stringify(given)
        const made = redactor(paths.map((one) => [one, mask] as const))(given)
        expect(JSON.stringify(given)).toBe(before)
        const expected = texts(given).map(([text, names]) => [
          paths.some((one) => leads(one.split('.'), names)) ? '***' : text,
          names,
        ])
        expect(texts(made)).toEqual(expected)
      }),
    )
  })

  test('has nothing left where a path that removes leads', () => {
    fc.assert(
      fc.property(value, path, (given, one) => {
        const made = redactor([[one, 'remove']])(given)
        const kept = texts(given).filter(([, names]) => !leads(one.split('.'), names))
        expect(texts(made).map(([, names]) => names)).toEqual(kept.map(([, names]) => names))
      }),
    )
  })
})
