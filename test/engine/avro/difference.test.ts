import { describe, expect, test } from '@jest/globals'
import { schemaDifferences } from '../../../engine/avro/difference.ts'
import { canRead } from '../../../engine/avro/resolution.ts'
import { parseNode } from '../../../engine/avro/parse.ts'

const record = (...fields: object[]) => ({ type: 'record', name: 'A', namespace: 'a', fields })
const field = (name: string, type: unknown, more: object = {}) => ({ name, type, ...more })
const node = (json: unknown) => parseNode(json, 'test')

/** `path what!`, with the mark where it breaks. */
const told = (writer: unknown, reader: unknown): string[] =>
  schemaDifferences(node(writer), node(reader)).map(
    ({ path, what, breaks }) => `${path} ${what}${breaks ? '!' : ''}`,
  )

const id = field('id', 'string')
const color = (symbols: string[], more: object = {}) =>
  field('color', { type: 'enum', name: 'Color', symbols, ...more })

const cases: readonly [string, object, object, readonly string[]][] = [
  ['nothing, for the same schema', record(id), record(id), []],
  [
    'a field without default that is not written',
    record(id),
    record(id, field('n', 'int')),
    ['n is not written, and has no default!'],
  ],
  [
    'one with a default',
    record(id),
    record(id, field('n', 'int', { default: 7 })),
    ['n is not written: it is 7'],
  ],
  ['what is not read', record(id, field('n', 'int')), record(id), ['n is written, and not read']],
  [
    'another type',
    record(field('id', 'string')),
    record(field('id', 'int')),
    ['id is written as string and read as int!'],
  ],
  [
    'a promotion',
    record(field('n', 'int')),
    record(field('n', 'long')),
    ['n is written as int and read as long'],
  ],
  [
    'a new name',
    record(field('old', 'int')),
    record(field('n', 'int', { aliases: ['old'] })),
    ['n is written as old'],
  ],
  [
    'symbols that are not known',
    record(color(['RED', 'BLUE'])),
    record(color(['RED'])),
    ['color may be written as BLUE, which the reader does not know!'],
  ],
  [
    'symbols with a default',
    record(color(['RED', 'BLUE'])),
    record(color(['RED'], { default: 'RED' })),
    ['color may be written as BLUE, which the reader does not know: it is RED then'],
  ],
  [
    'null where it is not allowed',
    record(field('n', ['null', 'int'])),
    record(field('n', 'int')),
    ['n is written as null or int and read as int!'],
  ],
  [
    'a branch that is not known',
    record(field('n', ['null', 'int', 'string'])),
    record(field('n', ['null', 'int'])),
    ['n may be written as string, which the reader does not know!'],
  ],
  [
    'what is inside',
    record(field('at', { type: 'array', items: { type: 'record', name: 'B', fields: [field('x', 'int')] } })),
    record(
      field('at', { type: 'array', items: { type: 'record', name: 'B', fields: [field('x', 'string')] } }),
    ),
    ['at.[].x is written as int and read as string!'],
  ],
]

describe('differences', () => {
  test.each(cases)('tell %s', (_what, writer, reader, expected) =>
    expect(told(writer, reader)).toEqual(expected),
  )

  test.each(cases)('break where the writer cannot be read: %s', (_what, writer, reader) => {
    const differences = schemaDifferences(node(writer), node(reader))
    expect(differences.some(({ breaks }) => breaks)).toBe(!canRead(node(writer), node(reader)))
  })

  test('come to an end where a schema contains itself', () => {
    const list = (type: string) => ({
      ...{ type: 'record', name: 'List' },
      fields: [field('head', type), field('tail', ['null', 'List'])],
    })
    expect(told(list('int'), list('string'))).toEqual(['head is written as int and read as string!'])
  })
})
