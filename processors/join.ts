import { z } from 'zod'
import { defineProcessor, FieldPath, joinTable } from '../engine/component/index.ts'

const Name = z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of a field')
const Source = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'expected the name of a source')
  .meta({
    description: 'The source whose records are the rows: the latest of each key.',
    examples: ['users'],
  })

export const join = defineProcessor({
  name: 'join',
  summary: 'Adds to each record the row of its key, from a topic that is read as a table.',
  notes: `
The table is a source of the same topology, which is read for joins alone: the latest record of a key is its row, a
tombstone deletes it. Both topics need the same keys and the same number of partitions (lint and the worker say where
they have not). Records without key are no rows.

## Which row
The one that the table has when the record comes. Before the first record comes, the table is read to where it ended
when the worker was given the partition: so a record is never joined with less than was written before, and after a
crash never with an older row than in the life before. Rows that are written later count from when they are read. An
older record that comes again may find a newer row.

A tombstone is dropped. A record without key has no row: an inner join drops it. Inner: a record without row goes to the
output \`unmatched\`. Left: its row is null.

## Guarantees
A record of the table settles with its change of state, in one commit, in the order of its partition. A record that is
joined settles with what becomes of it. A row that cannot be read is parked, and the later ones of its key wait behind
it: until it is released, the row before it counts.

## Memory
Each row, as a value in memory, and in a changelog.
`,
  config: z
    .strictObject({
      table: Source,
      as: Name.meta({ description: 'The field that gets the row.', examples: ['user'] }),
      global: z
        .boolean()
        .prefault(false)
        .meta({ description: 'Whether each worker has the rows of all partitions.' }),
      key: FieldPath.optional().meta({
        description:
          'The field that holds the key of the row, of a global table; without it the record’s own key.',
        examples: ['userId'],
      }),
      kind: z.enum(['inner', 'left']).prefault('inner').meta({
        description: '`inner`: records with a row only. `left`: all, with null where there is no row.',
      }),
    })
    .refine(({ global, key }) => global || key === undefined, {
      path: ['key'],
      error:
        'expected no `key` for a table that is not `global`: its rows are those of the record’s own key and partition',
    }),

  examples: [
    {
      title: 'Orders of known users',
      config: { table: 'users', as: 'user' },
      input: [{ item: 'tea' }],
      output: [],
      side: { unmatched: [{ item: 'tea' }] },
    },
    {
      title: 'All orders, with the user where there is one',
      config: { table: 'users', as: 'user', kind: 'left' },
      input: [{ item: 'tea' }],
      output: [{ item: 'tea', user: null }],
    },
  ],

  outputs: ({ kind }) => (kind === 'inner' ? ['unmatched'] : []),
  looksUp: ({ as }) => [as],
  reads: ({ key }) => (key === undefined ? [] : [key]),
  joins: ({ table, global }) => ({ table: { source: table, reading: global ? 'global' : 'partitioned' } }),
  create: ({ table, as, kind, key }) =>
    joinTable({
      table,
      kind,
      key,
      unmatched: 'unmatched',
      joined: (value, row) => ({ ...value, [as]: row }),
    }),
})
