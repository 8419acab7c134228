import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { OutgoingBatch, OutgoingRecord } from '../../engine/component/contracts/log.ts'
import type { SinkContext } from '../../engine/component/contracts/sink.ts'
import type { SinkDefinition } from '../../engine/component/define.ts'
import { unpackBatch } from '../../engine/component/outgoing.ts'
import { RecordBatch } from '../../engine/component/record-batch.ts'
import { WriteBatch } from '../../engine/component/write-batch.ts'
import { downstreamError, permanentError } from '../../engine/errors.ts'
import { console as consoleSink } from '../../sinks/console.ts'
import { probe } from '../../sinks/probe.ts'
import { topic } from '../../sinks/topic.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { batchOfValues, type Incoming } from '../support/fake-scope.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-sinks-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Opens a sink over a log that remembers and a printer that collects. */
async function open(definition: SinkDefinition, config: object, append?: () => Promise<never>) {
  const calls: OutgoingRecord[][] = []
  const lines: string[] = []
  const context = {
    clock: new FakeClock(),
    print: (line: string) => lines.push(line),
    log: {
      ensureTopic: () => Promise.resolve(1),
      write: append ?? ((batch: OutgoingBatch) => Promise.resolve(calls.push(unpackBatch(batch)) && [])),
    },
    schemas: { encoder: () => Promise.resolve({ name: 'test', encode: encodeOrRefuse }) },
  } as unknown as SinkContext
  return { writer: await definition.open(definition.config.parse(config) as never, context), calls, lines }
}

function encodeOrRefuse(value: unknown): Uint8Array {
  if ((value as { bad?: boolean }).bad === true) throw permanentError('AVRO_UNENCODABLE', 'bad is no field.')
  return Buffer.from(`avro${JSON.stringify(value)}`)
}

/** The same records with values that a node made. */
function derived(records: readonly Incoming[]): WriteBatch {
  const { origin, rows, length } = batchOfValues(records)
  return new WriteBatch(
    new RecordBatch(
      origin,
      rows,
      length,
      records.map(({ value }) => value),
    ),
  )
}

const asRead = (records: readonly Incoming[]): WriteBatch => new WriteBatch(batchOfValues(records))

describe('topic', () => {
  test('passes values on byte by byte, in one call', async () => {
    const { writer, calls } = await open(topic, { topic: 'out' })
    expect(
      await writer.write(
        asRead([
          { value: { a: 1 }, timestamp: 5 },
          { value: null, key: null },
        ]),
      ),
    ).toBeUndefined()
    expect(calls).toEqual([
      [
        { topic: 'out', key: Buffer.from('key'), value: Buffer.from('{"a":1}'), headers: [], timestamp: 5 },
        { topic: 'out', key: null, value: null, headers: [], timestamp: 1_700_000_000_000 },
      ],
    ])
  })

  test('writes new values as JSON, bytes as they are, tombstones as tombstones', async () => {
    const { writer, calls } = await open(topic, { topic: 'out' })
    await writer.write(derived([{ value: { a: [1] } }, { value: Buffer.from([1, 2]) }, { value: null }]))
    expect(calls[0]!.map(({ value }) => value)).toEqual([Buffer.from('{"a":[1]}'), Buffer.from([1, 2]), null])
  })

  test('makes keys of fields, and adds headers', async () => {
    const { writer, calls } = await open(topic, { topic: 'out', key: ['a', 'b.c'], headers: { kind: 'x' } })
    await writer.write(asRead([{ value: { a: 1, b: { c: 'z' } } }]))
    expect(calls[0]![0]).toMatchObject({
      key: Buffer.from('1/z'),
      headers: [{ name: 'kind', value: Buffer.from('x') }],
    })
  })

  test('refuses what does not fit, and leaves its followers untried', async () => {
    const { writer, calls } = await open(topic, { topic: 'out', schema: 'x.Y' })
    const records = [
      { value: { n: 1 }, key: 'a' },
      { value: { bad: true }, key: 'b' },
      { value: { n: 3 }, key: 'b' },
      { value: { n: 4 }, key: 'a' },
      { value: { bad: true }, key: null },
      { value: { n: 6 }, key: null },
    ]
    const outcomes = await writer.write(derived(records))
    expect(outcomes?.map(({ outcome }) => outcome)).toEqual([
      'stored',
      'refused',
      'untried',
      'stored',
      'refused',
      'stored',
    ])
    expect(calls[0]!.map(({ value }) => String(value))).toEqual(['avro{"n":1}', 'avro{"n":4}', 'avro{"n":6}'])
  })

  test('writes several whole batches in one call, and knows their failed records by their places', async () => {
    const parts = [['a', 'b'], ['c'], ['d', 'e']].map((names) =>
      batchOfValues(names.map((name) => ({ value: name }))),
    )
    const error = permanentError('SINK_FAILED', 'Too large.')
    const lengths: number[] = []
    const fail = (batch: OutgoingBatch): Promise<never> => {
      lengths.push(batch.count)
      return Promise.resolve(batch.count === 2 ? [{ row: 1, error }] : []) as unknown as Promise<never>
    }
    const { writer } = await open(topic, { topic: 'out' }, fail as () => Promise<never>)
    const outcomes = await writer.write(new WriteBatch(...parts))
    expect(lengths).toEqual([2, 1, 2])
    expect(outcomes?.map(({ outcome }) => outcome)).toEqual([
      ...['stored', 'refused'],
      'stored',
      ...['stored', 'refused'],
    ])
  })

  test('a key that is null is refused; a log that is away is trouble for all', async () => {
    const keyed = await open(topic, { topic: 'out', key: 'a' })
    expect(
      await keyed.writer.write(asRead([{ value: { a: null } }, { value: { a: {} }, key: 'other' }])),
    ).toEqual([
      { outcome: 'refused', error: expect.objectContaining({ code: 'RECORD_INVALID' }) },
      { outcome: 'refused', error: expect.objectContaining({ code: 'RECORD_INVALID' }) },
    ])
    const away = await open(topic, { topic: 'out' }, () =>
      Promise.reject(downstreamError('SINK_FAILED', 'Away.')),
    )
    await expect(away.writer.write(asRead([{ value: 1 }]))).rejects.toMatchObject({ kind: 'downstream' })
  })
})

describe('console', () => {
  test('prints a line for each record', async () => {
    const { writer, lines } = await open(consoleSink, {})
    await writer.write(
      derived([{ value: { n: 5n, large: 2n ** 60n, bytes: Buffer.from('hi') } }, { value: null }]),
    )
    expect(lines).toEqual(['{"n":5,"large":"1152921504606846976","bytes":"aGk="}', 'null'])
  })

  test('prints all about it', async () => {
    const { writer, lines } = await open(consoleSink, { show: 'record' })
    await writer.write(asRead([{ value: 1, key: 'k', timestamp: 0 }]))
    expect(lines).toEqual([
      '{"topic":"in","partition":0,"offset":0,"time":"1970-01-01T00:00:00.000Z","key":"k","value":1}',
    ])
  })
})

describe('probe', () => {
  test('appends lines that can be read back, whatever is in key and id', async () => {
    const file = join(folder, 'new', 'probe.tsv')
    const { writer } = await open(probe, { file, id: 'id', fsync: true })
    await writer.write(
      asRead([
        { value: { id: 'a\tb\n\\' }, key: 'k\r' },
        { value: { id: 7 }, key: null },
      ]),
    )
    await writer.write(asRead([{ value: {}, key: '' }]))
    await writer.close()
    await writer.close()
    expect(readFileSync(file, 'utf8')).toBe(
      [
        `in\t0\t0\tk\\r\ta\\tb\\n\\\\\t${process.pid}\n`,
        `in\t0\t1\t\\N\t7\t${process.pid}\n`,
        `in\t0\t0\t\t\\N\t${process.pid}\n`,
      ].join(''),
    )
  })

  test('says which file it cannot write', async () => {
    await expect(open(probe, { file: join(folder, 'new', 'probe.tsv', 'x') })).rejects.toMatchObject({
      kind: 'fatal',
    })
  })
})
