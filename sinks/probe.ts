import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import {
  defineSink,
  fatalError,
  FieldAccess,
  FieldPath,
  type SinkWriter,
  type WriteBatch,
  writeEach,
} from '../engine/component/index.ts'

export const probe = defineSink({
  name: 'probe',
  summary: 'Appends one line per effect to a file, with the position that it came from: for tests.',
  notes: `
A line is \`topic, partition, offset, key, id, process id\`, separated by tabs. Backslash, tab, line feed and carriage
return are written \`\\\\\`, \`\\t\`, \`\\n\`, \`\\r\`; a key or id that is null is \`\\N\`. Tables hide effects that happen twice:
here every one can be seen. A batch is written by one call, so that a killed process leaves whole lines, with at most
the last one cut short. Lines survive the death of the process; with \`fsync\` they survive that of the machine.
`,
  idempotent: false,

  config: z.strictObject({
    file: z
      .string()
      .min(1)
      .meta({ description: 'The file; it is made where it is missing.', examples: ['/tmp/effects.tsv'] }),
    id: FieldPath.optional().meta({
      description: 'The field that is the event’s id.',
      examples: ['eventId'],
    }),
    fsync: z.boolean().prefault(false).meta({ description: 'True to wait for the disk after each batch.' }),
  }),

  examples: [
    { title: 'What a crash test reads afterwards', config: { file: '/tmp/effects.tsv', id: 'eventId' } },
  ],

  reads: ({ id }) => (id === undefined ? [] : [id]),

  open({ file, id, fsync }): Promise<SinkWriter> {
    const fd = openFile(file)
    const ids = id === undefined ? undefined : new FieldAccess(id)
    let closed = false
    return Promise.resolve({
      order: 'batch',
      concurrency: 1,
      maxBatch: 5000,
      write(batch) {
        if (closed)
          throw fatalError('SINK_FAILED', `The probe of ${file} was closed before the records were written.`)
        let lines = ''
        const outcomes = writeEach(batch, (n) => {
          lines += lineOf(batch, n, ids)
        })
        writeAll(fd, Buffer.from(lines))
        if (fsync) fsyncSync(fd)
        return outcomes
      },
      close() {
        if (!closed) closeSync(fd)
        closed = true
        return Promise.resolve()
      },
    })
  },
})

function lineOf(batch: WriteBatch, n: number, ids: FieldAccess | undefined): string {
  const { topic, partition, offset, key } = batch.record(n)
  const id = ids?.read(batch.batchOf(n), batch.indexOf(n)) ?? null
  return `${topic}\t${partition}\t${offset}\t${cell(key?.toString('utf8'))}\t${cell(id)}\t${process.pid}\n`
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function cell(value: unknown): string {
  if (value === undefined || value === null) return '\\N'
  const text = typeof value === 'object' ? JSON.stringify(value) : `${value as string}`
  return text.replaceAll(/[\\\t\n\r]/g, (character) => escapes[character]!)
}

/** A full pipe or disk may take a part only. */
function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}

function openFile(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true })
    return openSync(file, 'a')
  } catch (error) {
    throw fatalError('SINK_FAILED', `The probe cannot write to ${file}: choose another file.`, {
      cause: error,
    })
  }
}
