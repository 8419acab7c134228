// Pairs of unions, of records that contain themselves, and of logical types.

import {
  array,
  choice,
  decimal,
  field,
  fixed,
  int,
  logical,
  map,
  one,
  record,
  y,
  type Field,
  type Pairs,
} from './pair-schemas.ts'

export const unions: Pairs = {
  'a union that is the same': [
    ['null', 'int'],
    ['null', 'int'],
  ],
  'branches in another order': [
    ['null', 'int'],
    ['int', 'null'],
  ],
  'a branch more for the reader': [
    ['null', 'int'],
    ['null', 'int', 'string'],
  ],
  'a branch less for the reader': [
    ['null', 'int', 'string'],
    ['null', 'int'],
  ],
  'a branch that is promoted': [
    ['null', 'int'],
    ['null', 'double'],
  ],
  'a branch that is narrowed': [
    ['null', 'long'],
    ['null', 'int'],
  ],
  'branches apart': [
    ['int', 'string'],
    ['boolean', 'null'],
  ],
  'no union as a union that has it': ['int', ['null', 'int']],
  'no union as a union that has a promotion': ['int', ['null', 'long']],
  'no union as a union that lacks it': ['string', ['null', 'int']],
  'null as a union': ['null', ['null', 'int']],
  'bytes as a union with text': ['bytes', ['null', 'string']],
  'a union as one of its branches': [['null', 'int'], 'int'],
  'a union of one as its branch': [['int'], 'int'],
  'a union as what reads all branches': [['int', 'long'], 'double'],
  'a union as what reads some branches': [['int', 'string'], 'long'],
  'an empty record in a union': [
    ['null', one()],
    ['null', one(int)],
  ],
  'a record in a union that got a field': [
    ['null', one(int)],
    ['null', one(int, field('y', 'int', { default: 0 }))],
  ],
  'a record in a union that got a field without default': [
    ['null', one(int)],
    ['null', one(int, y)],
  ],
  'a record in a union of another name': [
    ['null', record('a.R', [int])],
    ['null', record('a.S', [int])],
  ],
  'a record in a union of another namespace': [
    ['null', record('a.R', [int])],
    ['null', record('b.R', [int])],
  ],
  'a record type more for the reader': [[record('a.R', [int])], [record('a.R', [int]), record('a.S', [int])]],
  'a record type less for the reader': [[record('a.R', [int]), record('a.S', [int])], [record('a.R', [int])]],
  'an enum in a union that lost a symbol': [
    ['null', choice(['A', 'B'])],
    ['null', choice(['A'])],
  ],
  'an array in a union': [
    ['null', array('int')],
    ['null', array('string')],
  ],
  'a field that becomes optional': [one(int), one(field('x', ['null', 'int'], { default: null }))],
  'a field that stops being optional': [one(field('x', ['null', 'int'], { default: null })), one(int)],
  'a field that stops being optional, with default': [
    one(field('x', ['null', 'int'], { default: null })),
    one(field('x', 'int', { default: 0 })),
  ],
  'a field whose union gets a branch': [
    one(field('x', ['int', 'string'])),
    one(field('x', ['int', 'string', 'boolean'])),
  ],
  'a field whose union loses a branch': [
    one(field('x', ['int', 'string', 'boolean'])),
    one(field('x', ['int', 'string'])),
  ],
}

const node = (...more: readonly Field[]) => record('a.Node', [field('next', ['null', 'a.Node']), ...more])
export const recursive: Pairs = {
  'a list that is the same': [node(int), node(int)],
  'a list whose element is promoted': [node(int), node(field('x', 'long'))],
  'a list whose element is another': [node(int), node(field('x', 'boolean'))],
  'a list that got a field': [node(), node(field('x', 'int', { default: 0 }))],
  'a list that got a field without default': [node(), node(int)],
  'a tree through an array': [
    record('a.T', [field('kids', array('a.T')), int]),
    record('a.T', [field('kids', array('a.T')), field('x', 'string')]),
  ],
  'a tree through a map': [
    record('a.T', [field('kids', map('a.T')), int]),
    record('a.T', [field('kids', map('a.T')), field('x', 'double')]),
  ],
  'two records of each other': [
    record('a.P', [field('q', ['null', record('a.Q', [field('p', ['null', 'a.P']), int])])]),
    record('a.P', [field('q', ['null', record('a.Q', [field('p', ['null', 'a.P']), field('x', 'string')])])]),
  ],
}

const fixedDecimal = (name: string, scale: number) => ({
  ...fixed(8, { logicalType: 'decimal', precision: 10, scale }),
  name,
})
export const logicals: Pairs = {
  'a decimal that is the same': [decimal(10, 2), decimal(10, 2)],
  'a decimal of another precision': [decimal(10, 2), decimal(12, 2)],
  'a decimal of another scale': [decimal(10, 2), decimal(10, 4)],
  'bytes as a decimal': ['bytes', decimal(10, 2)],
  'text as a decimal': ['string', decimal(10, 2)],
  'a decimal as bytes': [decimal(10, 2), 'bytes'],
  'a decimal as text': [decimal(10, 2), 'string'],
  'a fixed decimal of another scale': [fixedDecimal('a.F', 2), fixedDecimal('a.F', 4)],
  'a fixed decimal of another name': [fixedDecimal('a.F', 2), fixedDecimal('a.G', 2)],
  'a fixed as a decimal of bytes': [fixedDecimal('a.F', 2), decimal(10, 2)],
  'milliseconds as microseconds': [logical('long', 'timestamp-millis'), logical('long', 'timestamp-micros')],
  'a bare long as an instant': ['long', logical('long', 'timestamp-millis')],
  'an instant as a bare long': [logical('long', 'timestamp-millis'), 'long'],
  'a date as an instant': [logical('int', 'date'), logical('long', 'timestamp-millis')],
  'text as a UUID': ['string', logical('string', 'uuid')],
  'optional milliseconds as microseconds': [
    one(field('at', ['null', logical('long', 'timestamp-millis')])),
    one(field('at', ['null', logical('long', 'timestamp-micros')])),
  ],
  'an unknown logical type': [logical('string', 'colour'), 'string'],
}
