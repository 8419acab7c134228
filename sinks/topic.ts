import { z } from 'zod'
import {
  defineSink,
  FieldAccess,
  FieldPath,
  permanentError,
  SchemaName,
  TopicName,
  type Header,
  type OutgoingRecord,
  type RowOutcome,
  type SinkWriter,
  type ValueEncoder,
  type WriteBatch,
} from '../engine/component/index.ts'

const Key = z.union([FieldPath, z.array(FieldPath).min(1)])

const config = z.strictObject({
  topic: TopicName.meta({
    description: 'The topic that records are appended to.',
    examples: ['audit-events'],
  }),
  schema: SchemaName.optional().meta({
    description:
      'The schema that values are written with. Without it they stay as they came, or are written as JSON where a node made new ones.',
    examples: ['audit.AuditEvent'],
  }),
  key: Key.optional().meta({
    description: 'The field whose text becomes the key; several are joined by "/". Without it the key stays.',
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
type Config = z.output<typeof config>

export const topic = defineSink({
  name: 'topic',
  summary: 'Appends records to a topic.',
  notes: `
Records keep their order within a key, their event time becomes the timestamp, headers stay. A record that is processed
again after a crash is appended again: whoever reads the topic knows it by its id (see \`dedupe\`). Values that no node
has changed are passed on byte by byte, unless \`schema\` is given. A record that does not fit the schema is refused;
the others of the batch are written.
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

  async open(given, { log, schemas }): Promise<SinkWriter> {
    await log.ensureTopic(given.topic)
    const encoder = given.schema === undefined ? undefined : await schemas.encoder(given.schema)
    const outgoing = recordMaker(given, encoder)
    return {
      order: 'batch',
      concurrency: 1,
      maxBatch: 5000,
      async write(batch) {
        const { records, outcomes } = makeAll(batch, outgoing)
        if (records.length > 0) await log.append(records)
        return outcomes
      },
      close: () => Promise.resolve(),
    }
  },
})

type Make = (batch: WriteBatch, n: number) => OutgoingRecord

/** What can be written, in order; outcomes only where something could not. */
function makeAll(batch: WriteBatch, make: Make) {
  const records: OutgoingRecord[] = []
  const refusedKeys = new Set<string>()
  let outcomes: RowOutcome[] | undefined
  for (let n = 0; n < batch.length; n++) {
    const key = batch.keyText(n)
    let outcome: RowOutcome = { outcome: 'stored' }
    if (key !== undefined && refusedKeys.has(key)) outcome = { outcome: 'untried' }
    else {
      try {
        records.push(make(batch, n))
      } catch (error) {
        outcome = { outcome: 'refused', error }
        if (key !== undefined) refusedKeys.add(key)
      }
    }
    if (outcome.outcome !== 'stored') outcomes ??= new Array<RowOutcome>(n).fill({ outcome: 'stored' })
    outcomes?.push(outcome)
  }
  return { records, outcomes }
}

function recordMaker({ topic, key, headers }: Config, encoder: ValueEncoder | undefined): Make {
  const keyFields = key === undefined ? undefined : [key].flat().map((path) => new FieldAccess(path))
  const fixed = Object.entries(headers).map(([name, text]): Header => ({ name, value: Buffer.from(text) }))
  return (writes, n) => {
    const batch = writes.batchOf(n)
    const i = writes.indexOf(n)
    const own = batch.headers(i).filter(({ name }) => !Object.hasOwn(headers, name))
    return {
      topic,
      key: keyFields === undefined ? batch.key(i) : keyOf(keyFields, (field) => field.read(batch, i)),
      value: encoder === undefined ? rawOrJson(writes, n) : encoded(encoder, batch.value(i)),
      headers: fixed.length === 0 ? own : [...own, ...fixed],
      timestamp: batch.timestamp(i),
    }
  }
}

function keyOf(fields: readonly FieldAccess[], read: (field: FieldAccess) => unknown): Buffer {
  const parts = fields.map((field) => {
    const part = read(field) ?? null
    if (part === null || typeof part === 'object') {
      const path = field.path.join('.')
      throw permanentError(
        'RECORD_INVALID',
        `The field ${path} cannot be a key: it is null, absent or no plain value.`,
      )
    }
    return `${part as string}`
  })
  return Buffer.from(parts.join('/'))
}

function encoded(encoder: ValueEncoder, value: unknown): Uint8Array | null {
  return value === null ? null : encoder.encode(value)
}

/** The bytes that came in, where no node made another value; otherwise JSON. */
function rawOrJson(writes: WriteBatch, n: number): Uint8Array | null {
  const batch = writes.batchOf(n)
  const i = writes.indexOf(n)
  if (batch.isTombstone(i)) return null
  if (batch.values !== undefined) {
    const value = batch.values[i]
    return value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value, jsonSafe) ?? 'null')
  }
  const { bytes, valueStarts, valueEnds } = batch.origin.records
  const row = batch.rows[i]!
  return bytes.subarray(valueStarts[row], valueEnds[row])
}

function jsonSafe(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return value
}
