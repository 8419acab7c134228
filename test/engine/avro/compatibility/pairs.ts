// Pairs of schemas for each rule of Avro's schema resolution, by name.

import { array, choice, field, fixed, int, map, one, record, y, type Pairs } from './pair-schemas.ts'
import { logicals, recursive, unions } from './pairs-of-unions.ts'

/** A pair, and the rule that it is about. */
export interface NamedPair {
  readonly name: string
  readonly rule: string
  readonly writer: unknown
  readonly reader: unknown
}

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']

const matrix: Pairs = Object.fromEntries(
  primitives.flatMap((writer) =>
    primitives.map((reader) => [`${writer} as ${reader}`, [writer, reader] as const]),
  ),
)

const kinds: Readonly<Record<string, unknown>> = {
  array: array('int'),
  map: map('int'),
  record: one(int),
  enum: choice(['A']),
  fixed: fixed(4),
}

const complexMatrix: Pairs = Object.fromEntries([
  ...Object.entries(kinds).flatMap(([writer, from]) =>
    Object.entries(kinds)
      .filter(([reader]) => reader !== writer)
      .map(([reader, to]) => [`${writer} as ${reader}`, [from, to]] as const),
  ),
  ...Object.entries(kinds).flatMap(([kind, schema]) => [
    [`${kind} as string`, [schema, 'string']] as const,
    [`bytes as ${kind}`, ['bytes', schema]] as const,
  ]),
])

const containers: Pairs = {
  'items that are the same': [array('string'), array('string')],
  'items that are promoted': [array('int'), array('double')],
  'items that are narrowed': [array('long'), array('int')],
  'items of items': [array(array('int')), array(array('boolean'))],
  'items become optional': [array('int'), array(['null', 'int'])],
  'items stop being optional': [array(['null', 'int']), array('int')],
  'values that are the same': [map('bytes'), map('bytes')],
  'values that are promoted': [map('float'), map('double')],
  'values that are narrowed': [map('double'), map('float')],
  'values of values': [map(map('int')), map(map('string'))],
  'values that are records': [map(one(int)), map(one(int, field('y', 'int')))],
}

const fixedPairs: Pairs = {
  'the same size': [fixed(8), fixed(8)],
  'another size': [fixed(8), fixed(16)],
  'another name': [fixed(8), { ...fixed(8), name: 'a.G' }],
  'another name and size': [fixed(8), { ...fixed(4), name: 'a.G' }],
  'another namespace': [fixed(8), { ...fixed(8), name: 'b.F' }],
  'an alias for the name': [fixed(8), { ...fixed(8, { aliases: ['a.F'] }), name: 'a.G' }],
  'fixed inside of an optional field': [
    one(field('x', ['null', fixed(8)])),
    one(field('x', ['null', fixed(4)])),
  ],
}

const enums: Pairs = {
  'the same symbols': [choice(['A', 'B']), choice(['A', 'B'])],
  'symbols in another order': [choice(['A', 'B']), choice(['B', 'A'])],
  'a symbol more for the reader': [choice(['A']), choice(['A', 'B'])],
  'a symbol less for the reader': [choice(['A', 'B']), choice(['A'])],
  'a symbol less, with a default': [choice(['A', 'B']), choice(['A'], { default: 'A' })],
  'a symbol less, and the default is the writer’s': [choice(['A', 'B'], { default: 'A' }), choice(['A'])],
  'symbols apart': [choice(['A', 'B']), choice(['C', 'D'])],
  'symbols apart, with a default': [choice(['A', 'B']), choice(['C', 'D'], { default: 'C' })],
  'an enum of another name': [choice(['A']), { ...choice(['A']), name: 'a.Other' }],
  'an enum of another name and fewer symbols': [choice(['A', 'B']), { ...choice(['A']), name: 'a.Other' }],
  'an enum of another namespace': [choice(['A']), { ...choice(['A']), name: 'b.E' }],
  'an alias for the enum': [choice(['A']), { ...choice(['A'], { aliases: ['a.E'] }), name: 'a.Other' }],
  'an enum in a field that loses a symbol': [
    one(field('e', choice(['A', 'B']))),
    one(field('e', choice(['A']))),
  ],
  'an enum as text': [one(field('e', choice(['A']))), one(field('e', 'string'))],
  'text as an enum': [one(field('e', 'string')), one(field('e', choice(['A'])))],
}

const names: Pairs = {
  'a record of another name': [record('a.R', [int]), record('a.S', [int])],
  'a record of another namespace': [record('a.R', [int]), record('b.R', [int])],
  'a record that lost its namespace': [record('a.R', [int]), record('R', [int])],
  'a record that got a namespace': [record('R', [int]), record('a.R', [int])],
  'an alias of the record': [record('a.R', [int]), record('a.S', [int], { aliases: ['a.R'] })],
  'a bare alias is in the namespace': [record('a.R', [int]), record('a.S', [int], { aliases: ['R'] })],
  'an alias of another namespace': [record('a.R', [int]), record('b.S', [int], { aliases: ['a.R'] })],
  'an alias that names another record': [record('a.R', [int]), record('a.S', [int], { aliases: ['a.Q'] })],
  'an alias of the writer is no alias of the reader': [
    record('a.R', [int], { aliases: ['a.S'] }),
    record('a.S', [int]),
  ],
  'a record of another name inside': [
    one(field('x', record('a.In', [int]))),
    one(field('x', record('a.Inner', [int]))),
  ],
  'a record of another name with other fields': [record('a.R', [int]), record('a.S', [field('y', 'int')])],
  'an alias of the record inside': [
    one(field('x', record('a.In', [int]))),
    one(field('x', record('a.Inner', [int], { aliases: ['a.In'] }))),
  ],
}

const fields: Pairs = {
  'the same fields': [one(int, y), one(int, y)],
  'fields in another order': [one(int, y), one(y, int)],
  'a field less': [one(int, y), one(int)],
  'all fields less': [one(int), one()],
  'a field more, without default': [one(int), one(int, y)],
  'a field more, with default': [one(int), one(int, field('y', 'string', { default: '' }))],
  'an optional field more, without default': [one(int), one(int, field('y', ['null', 'string']))],
  'an optional field more, with default': [
    one(int),
    one(int, field('y', ['null', 'string'], { default: null })),
  ],
  'a default that is no longer there': [one(field('x', 'int', { default: 1 })), one(int)],
  'another default': [one(field('x', 'int', { default: 1 })), one(field('x', 'int', { default: 2 }))],
  'two fields more, one without default': [one(), one(field('a', 'int', { default: 0 }), field('b', 'int'))],
  'two fields more, both without default': [one(), one(field('a', 'int'), field('b', 'int'))],
  'a field of another type': [one(int), one(field('x', 'string'))],
  'a field of another type, with default': [one(int), one(field('x', 'string', { default: '' }))],
  'a field that is promoted': [one(int), one(field('x', 'double'))],
  'a field renamed, without alias': [one(int), one(field('z', 'int'))],
  'a field renamed, with default': [one(int), one(field('z', 'int', { default: 0 }))],
  'a field renamed, with alias': [one(int), one(field('z', 'int', { aliases: ['x'] }))],
  'a field renamed, with alias and another type': [one(int), one(field('z', 'string', { aliases: ['x'] }))],
  'an alias that is not written': [one(int), one(field('z', 'int', { aliases: ['w'] }))],
  'a field that two of the writer’s may be': [one(int, y), one(field('x', 'int', { aliases: ['y'] }))],
  'two aliases that are both written': [
    one(int, field('w', 'int')),
    one(field('z', 'int', { aliases: ['x', 'w'] })),
  ],
  'the writer’s alias is not the reader’s': [
    one(field('x', 'int', { aliases: ['z'] })),
    one(field('z', 'int')),
  ],
  'an enum field more, with the enum’s default': [
    one(int),
    one(int, field('e', choice(['A'], { default: 'A' }))),
  ],
  'an enum field more, with both defaults': [
    one(int),
    one(int, field('e', choice(['A'], { default: 'A' }), { default: 'A' })),
  ],
  'an array field more, with default': [one(int), one(int, field('l', array('int'), { default: [] }))],
  'a map field more, with default': [one(int), one(int, field('m', map('int'), { default: {} }))],
  'a record field more, with default': [
    one(int),
    one(int, field('r', record('a.In', [int]), { default: { x: 1 } })),
  ],
  'a record field more, whose own fields have defaults': [
    one(int),
    one(int, field('r', record('a.In', [field('x', 'int', { default: 1 })]))),
  ],
  'a field more inside, without default': [
    one(field('r', record('a.In', [int]))),
    one(field('r', record('a.In', [int, y]))),
  ],
  'a field of another type three levels down': [
    one(field('r', record('a.In', [field('l', array(record('a.Line', [int])))]))),
    one(field('r', record('a.In', [field('l', array(record('a.Line', [field('x', 'boolean')])))]))),
  ],
  'one type used twice, wrong in it': [
    one(field('p', record('a.In', [int])), field('q', 'a.In')),
    one(field('p', record('a.In', [field('x', 'string')])), field('q', 'a.In')),
  ],
}

const rules: Readonly<Record<string, Pairs>> = {
  'primitives and promotions': matrix,
  'types of other kinds': complexMatrix,
  'arrays and maps': containers,
  'fixed: size and name': fixedPairs,
  'enums: symbols, default and name': enums,
  'records: name and aliases': names,
  'records: fields, defaults and aliases': fields,
  'unions: branches': unions,
  'records that contain themselves': recursive,
  'logical types': logicals,
}

/** All pairs, by rule. */
export const pairs: readonly NamedPair[] = Object.entries(rules).flatMap(([rule, group]) =>
  Object.entries(group).map(([name, [writer, reader]]) => ({ name, rule, writer, reader })),
)
