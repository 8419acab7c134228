import { z } from 'zod'
import {
  defineSink,
  FieldPath,
  type FailedRow,
  type OutgoingBatch,
  SchemaName,
  TopicName,
  type PreparedWrite,
  type RowOutcome,
  type SinkWriter,
  type WriteResult,
} from '../engine/component/index.ts'
import { encoding } from './topic/encoding.ts'

const Key = z.union([FieldPath, z.array(FieldPath).min(1)])

const config = z
  .strictObject({
    topic: TopicName.meta({
      description: 'The topic that records are appended to.',
      examples: ['audit-events'],
    }),
    schema: z
      .union([SchemaName, z.array(SchemaName).min(1)])
      .optional()
      .meta({
        description:
          'The schema that values are written with; or several, where each record is written as the type that it has. Without it ' +
          'they stay as they came, or are written as JSON where a node made new ones.',
        examples: ['audit.AuditEvent', ['shop.orders.OrderCreated', 'shop.orders.OrderCancelled']],
      }),
    format: z
      .enum(['json'])
      .optional()
      .meta({ description: 'Values are written as JSON, whatever they came as.' }),
    key: Key.optional().meta({
      description:
        'The field whose text becomes the key; several are joined by "/". Without it the key stays.',
      examples: ['entityId', ['store', 'entityId']],
    }),
    headers: z
      .record(z.string().min(1), z.string())
      .prefault({})
      .meta({
        description:
          'Headers with fixed texts, added to those of the record; one of the same name is replaced.',
        examples: [{ 'content-type': 'application/json' }],
      }),
  })
  .refine(({ schema, format }) => schema === undefined || format === undefined, {
    path: ['format'],
    error: 'expected either a `schema` or a `format`',
  })

export const topic = defineSink({
  name: 'topic',
  summary: 'Appends records to a topic.',
  notes: `
Records keep their order within a key, their event time becomes the timestamp, headers stay. A record that is processed
again after a crash is appended again: whoever reads the topic knows it by its id (see \`dedupe\`). Values that no node
has changed are passed on byte by byte, unless \`schema\` or \`format\` is given. A record that does not fit the schema is refused;
the others of the batch are written. With a list of schemas one of another type is refused too, and so is one without type: what
an aggregate sends, a gap in a sequence.
`,
  idempotent: false,
  config,

  examples: [
    {
      title: 'Events keyed by the entity that they are about',
      config: { topic: 'audit-events', schema: 'audit.AuditEvent', key: ['store', 'entityId'] },
    },
    { title: 'A copy of another topic', config: { topic: 'orders-copy' } },
  ],

  reads: ({ key }) => (key === undefined ? [] : [key].flat()),
  topic: (given) => given.topic,

  async open(given, { log, schemas, critical }): Promise<SinkWriter> {
    await log.ensureTopic(given.topic)
    const encode = await encoding(given.schema, (name) => schemas.encoder(name, given.topic))
    const [{ topicPacker }, { Pieces }] = await Promise.all([
      import('./topic/packer.ts'),
      import('./topic/pieces.ts'),
    ])
    const { prepare, passOn } = topicPacker(given, encode)
    const write = (output: OutgoingBatch): Promise<readonly FailedRow[]> =>
      log.write(output, { ahead: critical })
    const pieces = new Pieces(write)
    return {
      order: 'batch',
      concurrency: 1,
      maxBatch: 5000,
      prepare,
      async write(batch) {
        const parts = passOn(batch)
        if (parts?.every((part) => pieces.fits(part)) === true) return writeParts(batch.length, parts, write)
        const prepared = prepare(batch)
        if (prepared.output.count === 0) return prepared.outcomes
        const { output, sources } = prepared
        const failed = await pieces.write(output, (row) => batch.keyText(sources?.[row] ?? row))
        return withFailures(batch.length, prepared, failed)
      },
      close: () => Promise.resolve(),
    }
  },
})

/** Writes the parts of a batch in their order; rejects when all have been answered and one could not be delivered. */
async function writeParts(
  length: number,
  parts: readonly OutgoingBatch[],
  write: (part: OutgoingBatch) => Promise<readonly FailedRow[]>,
): Promise<WriteResult> {
  const answers = await Promise.allSettled(parts.map(write))
  const failed: FailedRow[] = []
  let before = 0
  answers.forEach((answer, n) => {
    if (answer.status === 'rejected') throw answer.reason
    for (const { row, error } of answer.value) failed.push({ row: row + before, error })
    before += parts[n]!.count
  })
  return withFailures(length, { sources: undefined, outcomes: undefined }, failed)
}

/** The outcomes, with those of records that the topic did not take. */
function withFailures(
  length: number,
  { sources, outcomes }: Pick<PreparedWrite, 'sources' | 'outcomes'>,
  failed: readonly { readonly row: number; readonly error?: unknown }[],
): WriteResult {
  if (failed.length === 0) return outcomes
  const all: RowOutcome[] = Array.from({ length }, (_, n) => outcomes?.[n] ?? { outcome: 'stored' })
  for (const { row, error } of failed)
    all[sources?.[row] ?? row] = error === undefined ? { outcome: 'untried' } : { outcome: 'refused', error }
  return all
}
