import { z } from 'zod'
import { defineSink, Duration, FieldPath, TableName, type SinkWriter } from '../engine/component/index.ts'
import { fieldOfColumn } from './table/columns.ts'

const Retention = z.union([z.literal('unlimited'), Duration])

const Bucket = z.strictObject({
  column: TableName.meta({ description: 'The column that gets the bucket, a text.' }),
  by: z.enum(['year', 'month', 'day', 'hour']).meta({ description: 'How long a bucket is (UTC).' }),
})

const Hash = z.strictObject({
  column: TableName.prefault('hash').meta({
    description: 'The clustering column that gets the hash, a text or blob.',
  }),
  of: z
    .array(FieldPath)
    .min(1)
    .meta({
      description:
        'The fields that the hash is made of, in this order. To change the list is to write new rows.',
      examples: [['eventId', 'userId', 'timestamp']],
    }),
})

const Variant = z.strictObject({
  table: TableName.meta({ description: 'The table for these records.' }),
  retention: Retention.prefault('unlimited').meta({
    description: 'How long its rows are kept after the event.',
  }),
})

const Variants = z.strictObject({
  by: FieldPath.meta({ description: 'The field that decides.', examples: ['retentionClass'] }),
  when: z.record(z.string(), Variant).meta({
    description: 'Value of the field: the table to use. Other values, and none, use the main table.',
    examples: [{ short: { table: 'audit_by_user_short', retention: '30d' } }],
  }),
})

const config = z
  .strictObject({
    table: TableName.meta({ description: 'The table that rows go to.', examples: ['audit_by_user'] }),
    mode: z.enum(['insert', 'latest']).prefault('insert').meta({
      description:
        '`insert`: one row for each immutable event. `latest`: one row for each key, the last state of it.',
    }),
    columns: z
      .record(TableName, z.union([FieldPath, z.null()]))
      .prefault({})
      .meta({
        description:
          'Column: its field, where that is not the column’s name in camelCase; null leaves a column alone.',
        examples: [{ event_time: 'timestamp' }],
      }),
    bucket: Bucket.optional().meta({
      description: 'The time bucket in the partition key, from the event time.',
    }),
    hash: Hash.optional().meta({ description: 'A hash of the event in the clustering key (mode `insert`).' }),
    retention: Retention.prefault('unlimited').meta({
      description: 'How long rows are kept, counted from the event time (mode `insert`).',
      examples: ['365d'],
    }),
    variants: Variants.optional().meta({
      description: 'Other tables for some records: one for each retention.',
    }),
    sequence: FieldPath.optional().meta({
      description: 'The field that numbers the changes of a key (mode `latest`); the highest wins.',
      examples: ['version'],
    }),
    base: z
      .int()
      .prefault(0)
      .meta({ description: 'What is added to the sequence to make the cell timestamp.' }),
  })
  .refine((given) => (given.mode === 'latest') === (given.sequence !== undefined), {
    path: ['sequence'],
    error: 'expected `sequence` with mode latest, and only there',
  })
  .refine(
    ({ mode, hash, bucket, retention }) =>
      mode === 'insert' || (!hash && !bucket && retention === 'unlimited'),
    {
      error: 'expected `hash`, `bucket` and `retention` with mode insert only',
    },
  )

export const table = defineSink({
  name: 'table',
  summary: 'Writes each record as a row of a table.',
  notes: `
Each column gets the field of its name (\`user_id\` from \`userId\`), or the one that \`columns\` says. Writing a record
again gives the same row, so replays do no harm.

## Mode insert
For immutable events. The cell timestamp is the event time. The row lives until event time + \`retention\`, however late
it is written; what is older than that is dropped and counted as \`expired\`. Null and absent fields leave their cells unset.
\`hash\` covers a fixed list of fields: the same id with another body is a second row, never a mixture of two. Enriched
values may change between replays: keep them out of the hash, in one frozen cell. Rows of different retention belong in
different tables (\`variants\`), or time-window compaction cannot drop whole files.

## Mode latest
For the last state of a key. The cell timestamp is \`base\` + \`sequence\`, so that an older state never overwrites a newer
one, in whatever order they come. Null and absent fields delete their cells. A deletion is a field of the state.
`,
  idempotent: true,
  config,

  examples: [
    {
      title: 'Audit events of a user, kept for a year',
      config: {
        table: 'audit_by_user',
        columns: { event_time: 'timestamp' },
        bucket: { column: 'bucket', by: 'month' },
        hash: { of: ['eventId', 'userId', 'action', 'timestamp'] },
        retention: '365d',
        variants: {
          by: 'retentionClass',
          when: { short: { table: 'audit_by_user_short', retention: '30d' } },
        },
      },
    },
    {
      title: 'The latest state of each user',
      config: { table: 'users', mode: 'latest', sequence: 'version' },
    },
  ],

  reads: ({ columns, hash, variants, sequence }) => [
    ...new Set([
      ...Object.values(columns).filter((field) => field !== null),
      ...(hash?.of ?? []),
      ...(variants === undefined ? [] : [variants.by]),
      ...(sequence === undefined ? [] : [sequence]),
    ]),
  ],
  table: (given) => given.table,
  tables: ({ table: main, variants }) => [
    main,
    ...Object.values(variants?.when ?? {}).map(({ table: other }) => other),
  ],
  fieldOf: fieldOfColumn,

  async open(given, context): Promise<SinkWriter> {
    const { tableWriter } = await import('./table/writer.ts')
    return tableWriter(given, context)
  },
})
