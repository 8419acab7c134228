import { z } from 'zod'
import { defineSource, FieldPath, SchemaName, TopicName } from '../engine/component/index.ts'
import { codecOf } from './codecs.ts'

export const topic = defineSource({
  name: 'topic',
  summary: 'Reads the records of topics, as a member of the consumer group that the topology names.',
  notes: `
Workers of one topology share the partitions. Records of a key come in their order. Each is delivered at least once: after a
crash, what had not been committed comes again. Values are decoded only where a node needs more than single fields.
With \`json\`, \`text\` and \`bytes\` there is no schema, so that a misspelt field is noticed only when records come.
`,

  config: z
    .strictObject({
      topic: z.union([TopicName, z.array(TopicName).min(1)]).meta({
        description: 'The topic, or several whose records look alike.',
        examples: ['audit-events'],
      }),
      schema: SchemaName.optional().meta({
        description: 'The schema that values are read as, whatever version of it wrote them.',
        examples: ['audit.AuditEvent'],
      }),
      format: z
        .enum(['json', 'text', 'bytes'])
        .optional()
        .meta({ description: 'How values without a schema are encoded.' }),
      timestamp: FieldPath.optional().meta({
        description: 'The field that holds the event time; without it the record’s own timestamp counts.',
        examples: ['timestamp'],
      }),
    })
    .refine(({ schema, format }) => (schema === undefined) !== (format === undefined), {
      error: 'expected either a `schema` or a `format`',
    })
    .refine(({ format, timestamp }) => timestamp === undefined || format === undefined || format === 'json', {
      path: ['timestamp'],
      error: 'expected no `timestamp` for values that have no fields',
    }),

  examples: [
    {
      title: 'Audit events in Avro, with their own time',
      config: { topic: 'audit-events', schema: 'audit.AuditEvent', timestamp: 'timestamp' },
    },
    { title: 'JSON without a schema', config: { topic: ['orders', 'returns'], format: 'json' } },
  ],

  topics: (given) => [given.topic].flat(),
  codec: ({ topic, schema, format }, schemas) =>
    schema === undefined
      ? Promise.resolve(codecOf(format ?? 'json'))
      : schemas.codec(schema, [topic].flat()[0]),
  eventTime: ({ timestamp }) => timestamp,
  open: (given, { log, group }) => log.read(group, [given.topic].flat()),
})
