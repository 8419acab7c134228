import { z } from 'zod'
import { defineSink, type StreamRecord, writeEach } from '../engine/component/index.ts'

export const console = defineSink({
  name: 'console',
  summary: 'Prints each record as one line of JSON.',
  notes: `
For trying a topology out. Lines go to standard output, in order within a key. A record that is processed again is
printed again. Bytes are shown as base64, integers beyond 2^53 as text.
`,
  idempotent: false,

  config: z.strictObject({
    show: z.enum(['value', 'record']).prefault('value').meta({
      description: 'The `value` alone, or the whole `record` with position, time, key and headers.',
    }),
  }),

  examples: [{ title: 'Everything about each record', config: { show: 'record' } }],

  open({ show }, { print }) {
    return Promise.resolve({
      order: 'batch',
      concurrency: 1,
      maxBatch: 1000,
      write(batch) {
        return writeEach(batch, (n) => {
          const record = batch.record(n)
          print(JSON.stringify(show === 'value' ? record.value : whole(record), readable) ?? 'null')
        })
      },
      close: () => Promise.resolve(),
    })
  },
})

function whole({ topic, partition, offset, timestamp, key, headers, value }: StreamRecord) {
  const texts = headers.map((header) => [
    header.name,
    header.value && Buffer.from(header.value).toString('utf8'),
  ])
  return {
    topic,
    partition,
    offset,
    time: new Date(timestamp).toISOString(),
    key: key === null ? null : key.toString('utf8'),
    ...(texts.length > 0 ? { headers: Object.fromEntries(texts) as unknown } : {}),
    value,
  }
}

function readable(this: unknown, name: string, value: unknown): unknown {
  // Buffers have a toJSON of their own, which has run by now: the value before it is in the holder.
  const before = (this as Record<string, unknown>)[name]
  if (before instanceof Uint8Array) return Buffer.from(before).toString('base64')
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return value
}
