// Changes that no reader stumbles over, and that people want to see all the same.
import { expect, test } from '@jest/globals'
import { quietChanges } from '../../../../engine/avro/compatibility/quiet-changes.ts'
import { parseSchema } from '../../../../engine/avro/schema.ts'

const kind = (symbols: readonly string[], other?: string) => ({
  ...{ type: 'enum', name: 'Kind', symbols },
  ...(other !== undefined && { default: other }),
})
const decimal = (scale: number) => ({ type: 'bytes', logicalType: 'decimal', precision: 9, scale })

const changes = (before: unknown, after: unknown): string[] => {
  const root = (type: unknown) => {
    const field = (type as { readonly field?: object }).field ?? { type }
    const json = { type: 'record', name: 'Order', fields: [{ name: 'f', ...field }] }
    return parseSchema(JSON.stringify(json), 'a file').root
  }
  return quietChanges(root(before), root(after))
}

test.each<[string, unknown, unknown, string[]]>([
  ['nothing', 'string', 'string', []],
  ['a logical type', 'string', { type: 'string', logicalType: 'uuid' }, ['"f" is string (uuid), was string']],
  [
    'another unit',
    { type: 'long', logicalType: 'timestamp-millis' },
    { type: 'long', logicalType: 'timestamp-micros' },
    ['"f" is long (timestamp-micros), was long (timestamp-millis)'],
  ],
  ['a decimal', decimal(2), 'bytes', ['"f" is bytes, was decimal(9, 2)']],
  [
    'a default',
    { field: { type: 'int', default: 0 } },
    { field: { type: 'int', default: 1 } },
    ['"f" has the default 1, had the default 0'],
  ],
  [
    'a default that goes',
    { field: { type: 'int', default: 0 } },
    'int',
    ['"f" has no default, had the default 0'],
  ],
  [
    'a symbol',
    kind(['A'], 'A'),
    kind(['A', 'B'], 'A'),
    ['"f" may also be B, which readers before it take for A'],
  ],
  ['the order of symbols', kind(['A', 'B']), kind(['B', 'A']), ['"f" lists its symbols in another order']],
  [
    'what is taken for unknown symbols',
    kind(['A', 'B'], 'A'),
    kind(['A', 'B'], 'B'),
    ['"f" is B for symbols that are not known'],
  ],
  [
    'in lists, maps and unions',
    { type: 'array', items: { type: 'map', values: ['null', 'string'] } },
    { type: 'array', items: { type: 'map', values: ['null', { type: 'string', logicalType: 'uuid' }] } },
    ['"f[]{}" is string (uuid), was string'],
  ],
])('%s', (_what, before, after, told) => {
  expect(changes(before, after)).toEqual(told)
})

test('a record that contains itself ends', () => {
  const link = { field: { type: ['null', 'Order'], default: null } }
  expect(changes(link, link)).toEqual([])
})
