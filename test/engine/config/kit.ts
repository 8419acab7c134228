import { z } from 'zod'
import {
  defineProcessor,
  defineSink,
  defineSource,
  Duration,
  FieldPath,
  keep,
  Scalar,
  SchemaName,
  TableName,
  TopicName,
  type Registry,
} from '../../../engine/component/index.ts'

const unused = () => {
  throw new Error('The components of these tests are never opened.')
}

const topic = defineSource({
  name: 'topic',
  summary: 'Reads a topic.',
  config: z.strictObject({
    topic: TopicName.meta({ description: 'The topic to read.' }),
    schema: SchemaName.optional().meta({ description: 'The schema of its values.' }),
    timestamp: FieldPath.optional().meta({ description: 'The field with the event time.' }),
  }),
  examples: [{ title: 'Audit events', config: { topic: 'audit-events' } }],
  topics: (config) => [config.topic],
  eventTime: (config) => config.timestamp,
  codec: unused,
  open: unused,
})

const dedupe = defineProcessor({
  name: 'dedupe',
  summary: 'Drops a record whose id was seen before.',
  config: z.strictObject({
    by: FieldPath.meta({ description: 'The field that holds the id.' }),
    window: Duration.prefault('7d').meta({ description: 'How long ids are remembered.' }),
  }),
  examples: [{ title: 'By id', config: { by: 'eventId' } }],
  outputs: () => ['conflicts'],
  reads: (config) => [config.by],
  create: () => keep(() => true),
})

const filter = defineProcessor({
  name: 'filter',
  summary: 'Keeps the records that fit.',
  config: z
    .strictObject({ field: FieldPath, equals: Scalar.optional(), in: z.array(Scalar).min(1).optional() })
    .refine(
      (config) => (config.equals === undefined) !== (config.in === undefined),
      'give either equals or in',
    ),
  examples: [{ title: 'Paid', config: { field: 'status', equals: 'PAID' } }],
  reads: (config) => [config.field],
  create: () => keep(() => true),
})

const branch = defineProcessor({
  name: 'branch',
  summary: 'Sends records to named outputs.',
  sideOnly: true,
  config: z.strictObject({
    outputs: z.record(
      z.string().regex(/^[a-z]+$/, 'expected a word'),
      z.strictObject({ field: FieldPath, equals: Scalar }),
    ),
  }),
  examples: [{ title: 'By kind', config: { outputs: { paid: { field: 'status', equals: 'PAID' } } } }],
  outputs: (config) => Object.keys(config.outputs),
  create: () => keep(() => true),
})

const enrich = defineProcessor({
  name: 'enrich',
  summary: 'Adds a row of a table.',
  config: z.strictObject({
    table: TableName,
    key: FieldPath,
    as: z.string(),
    within: Duration.prefault('200ms'),
    otherwise: z.enum(['pass', 'fail', 'drop']).prefault('fail'),
  }),
  examples: [{ title: 'User', config: { table: 'users', key: 'userId', as: 'user' } }],
  reads: (config) => [config.key],
  create: () => keep(() => true),
})

const throttle = defineProcessor({
  name: 'throttle',
  summary: 'Lets so many records a second through.',
  config: z.strictObject({ rate: z.int().min(1).max(1_000_000) }),
  examples: [{ title: 'Slow', config: { rate: 10 } }],
  create: () => keep(() => true),
})

const table = defineSink({
  name: 'table',
  summary: 'Writes rows of a table.',
  idempotent: true,
  config: z.strictObject({ table: TableName, columns: z.record(z.string(), FieldPath).optional() }),
  examples: [{ title: 'By user', config: { table: 'audit_by_user' } }],
  table: (config) => config.table,
  open: unused,
})

const topicSink = defineSink({
  name: 'topic',
  summary: 'Writes a topic.',
  idempotent: false,
  config: z.strictObject({ topic: TopicName }),
  examples: [{ title: 'Out', config: { topic: 'out' } }],
  topic: (config) => config.topic,
  open: unused,
})

const consoleSink = defineSink({
  name: 'console',
  summary: 'Prints records.',
  idempotent: false,
  config: z.strictObject({}),
  examples: [{ title: 'Print', config: {} }],
  open: unused,
})

/** Components that have the form of the real ones and do nothing. */
export const registry: Registry = {
  sources: { topic },
  processors: { dedupe, filter, branch, enrich, throttle },
  sinks: { table, topic: topicSink, console: consoleSink },
}
