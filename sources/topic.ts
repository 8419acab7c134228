import { z } from 'zod'
import { defineSource, FieldPath, Instant, SchemaName, TopicName } from '../engine/component/index.ts'
import { codecOf } from './codecs.ts'

const Begin = z
  .union([z.enum(['earliest', 'latest', 'none']), Instant])
  .prefault('earliest')
  .meta({
    description:
      'Where a partition begins of which the group has committed nothing: `earliest`, with the first record that is there; ' +
      '`latest`, with the next one that is written; a time, with the first record of that time or later; `none`: the worker ' +
      'stops and says so. It is committed at once, so that a restart begins there too.',
    examples: ['2026-11-01T00:00:00Z'],
  })

const OutOfRange = z
  .enum(['fail', 'earliest', 'latest'])
  .prefault('fail')
  .meta({
    description:
      'What to do where a committed offset is not in the topic, because retention has deleted the records or the topic was ' +
      'made anew: `fail` stops the worker, `earliest` goes on with the first record that is there, `latest` with the next ' +
      'one that is written. The log tells what was passed over.',
  })

export const topic = defineSource({
  name: 'topic',
  summary: 'Reads the records of topics, as a member of the consumer group that the topology names.',
  notes: `
Workers of one topology share the partitions. Records of a key come in their order. Each is delivered at least once: after a
crash, what had not been committed comes again. Values are decoded only where a node needs more than single fields.
A field that only some of the types in \`schema\` have is absent in records of the others.
With \`json\`, \`text\` and \`bytes\` there is no schema, so that a misspelt field is noticed only when records come.
`,

  config: z
    .strictObject({
      topic: z.union([TopicName, z.array(TopicName).min(1)]).meta({
        description: 'The topic, or several whose records look alike.',
        examples: ['audit-events'],
      }),
      schema: z
        .union([SchemaName, z.array(SchemaName).min(1)])
        .optional()
        .meta({
          description:
            'The schema that values are read as, whatever version of it wrote them; or several, where the topic holds many ' +
            'types of records: each is then read as the one that it is a version of.',
          examples: ['audit.AuditEvent', ['shop.orders.OrderCreated', 'shop.orders.OrderCancelled']],
        }),
      others: z
        .enum(['fail', 'skip'])
        .optional()
        .meta({
          description:
            'What to do with records of types that `schema` does not list: `fail` (of a list, without this) parks them, or ' +
            'as `errors` says; `skip` passes over them. Records whose schema cannot be had fail in any case.',
        }),
      format: z
        .enum(['json', 'text', 'bytes'])
        .optional()
        .meta({ description: 'How values without a schema are encoded.' }),
      timestamp: FieldPath.optional().meta({
        description: 'The field that holds the event time; without it the record’s own timestamp counts.',
        examples: ['timestamp'],
      }),
      begin: Begin,
      outOfRange: OutOfRange,
      critical: z
        .boolean()
        .prefault(false)
        .meta({ description: 'Its records overtake those of other topics in the same process.' }),
    })
    .refine(({ schema, format }) => (schema === undefined) !== (format === undefined), {
      error: 'expected either a `schema` or a `format`',
    })
    .refine(({ format, timestamp }) => timestamp === undefined || format === undefined || format === 'json', {
      path: ['timestamp'],
      error: 'expected no `timestamp` for values that have no fields',
    })
    .refine(({ schema, others }) => others === undefined || schema !== undefined, {
      path: ['others'],
      error: 'expected only beside a `schema`',
    })
    .refine(({ schema }) => !Array.isArray(schema) || new Set(schema).size === schema.length, {
      path: ['schema'],
      error: 'expected each type once',
    }),

  examples: [
    {
      title: 'Audit events in Avro, with their own time',
      config: { topic: 'audit-events', schema: 'audit.AuditEvent', timestamp: 'timestamp' },
    },
    {
      title: 'Only what is new, and on from there whatever happens',
      config: { topic: 'clicks', format: 'json', begin: 'latest', outOfRange: 'latest' },
    },
    {
      title: 'Three of the record types of a domain',
      config: {
        topic: 'business.orders.events',
        schema: ['shop.orders.OrderCreated', 'shop.orders.v2.OrderCreated', 'shop.orders.OrderCancelled'],
        others: 'skip',
        timestamp: 'timestamp',
      },
    },
    { title: 'JSON without a schema', config: { topic: ['orders', 'returns'], format: 'json' } },
  ],

  topics: (given) => [given.topic].flat(),
  codec({ topic, schema, format, others }, schemas) {
    if (schema === undefined) return Promise.resolve(codecOf(format ?? 'json'))
    const single = typeof schema === 'string' && others === undefined
    return schemas.codec(single ? schema : [schema].flat(), [topic].flat()[0], others)
  },
  eventTime: ({ timestamp }) => timestamp,
  critical: ({ critical }) => critical,
  open: ({ topic, begin, outOfRange }, { log, group, critical }) =>
    log.read(group, [topic].flat(), { begin, outOfRange, critical }),
})
