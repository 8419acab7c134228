import { describe, expect, test } from '@jest/globals'
import type { Header } from '../../../engine/component/headers.ts'
import type { PlainRecord } from '../../../engine/component/packed-records.ts'
import { permanentError, recordError } from '../../../engine/errors.ts'
import { cutText, LetterFacts, thrown } from '../../../engine/runtime/letter-facts.ts'
import { codecOf } from '../../../sources/codecs.ts'
import { Bench, withBench } from '../../support/harness.ts'

const topology = `
name: orders
sources: { in: { type: topic, topic: in, format: json, timestamp: time } }
processors: { slow: { type: wait, from: in } }
sinks: { out: { type: effect, from: slow } }
errors: { attempts: 2, then: park, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`

const at = Date.UTC(2023, 10, 1)

interface Given {
  readonly fails: number
  readonly headers?: readonly Header[]
  readonly id?: string
  readonly correlationId?: string
}

const header = (name: string, value: string): Header => ({ name, value: Buffer.from(value) })

/** The one dead letter that a record becomes, and the record as it was written. */
async function deadLetter({ fails, headers = [], ...rest }: Given): Promise<[PlainRecord, PlainRecord]> {
  const bench = new Bench(1, topology, { partitions: 1 })
  return withBench(bench, async ({ cluster }) => {
    const record: PlainRecord = {
      key: Buffer.from('k'),
      value: Buffer.from(JSON.stringify({ id: 'a', ...rest, fails: { slow: fails } })),
      headers,
      timestamp: at,
    }
    cluster.topics.append([{ ...record, topic: 'in', partition: 0 }])
    await bench.toEnd()
    const [[, letter]] = [...cluster.topics.all({ topic: 'in.dlq', partition: 0 })] as [[number, PlainRecord]]
    return [letter, record]
  })
}

/** Its headers as text; the letter's own behind the record's. */
const texts = ({ headers }: PlainRecord): [string, string][] =>
  headers.map(({ name, value }) => [name, value === null ? 'null' : Buffer.from(value).toString()])

const textOf = (letter: PlainRecord, name: string): string | undefined =>
  texts(letter).findLast(([one]) => one === name)?.[1]

describe('a dead letter', () => {
  test('has the headers of Kafka Streams, and what those have no name for', async () => {
    const [letter] = await deadLetter({ fails: 1000 })
    const found = texts(letter).filter(([name]) => name !== 'millrace.letter')
    const time = expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:.]+Z$/)
    expect(found).toEqual([
      ['__streams.errors.exception', 'Error'],
      ['__streams.errors.message', 'a fails for the 2th time'],
      ['__streams.errors.stacktrace', expect.stringMatching(/^Error: a fails for the 2th time\n +at /)],
      ['__streams.errors.topic', 'in'],
      ['__streams.errors.partition', '0'],
      ['__streams.errors.offset', '0'],
      ['millrace.errors.group', 'orders'],
      ['millrace.errors.node', 'slow'],
      ['millrace.errors.class', 'record'],
      ['millrace.errors.code', 'PROCESSOR_FAILED'],
      ['millrace.errors.attempts', '2'],
      ['millrace.errors.first-failure', time],
      ['millrace.errors.last-failure', time],
      ['millrace.errors.timestamp', '2023-11-01T00:00:00.000Z'],
    ])
    const [first, last] = ['first', 'last'].map((one) => textOf(letter, `millrace.errors.${one}-failure`))
    expect(Date.parse(last!)).toBeGreaterThan(Date.parse(first!))
  })

  test('keeps key, value and headers as they are, byte for byte', async () => {
    const headers = [
      header('trace', 't-1'),
      { name: 'null', value: null },
      { name: 'bytes', value: Buffer.from([0, 255, 128]) },
      // A record that was a dead letter before: the last header of a name counts.
      header('__streams.errors.topic', 'before'),
    ]
    const [letter, record] = await deadLetter({ fails: -1, headers })
    expect(Buffer.from(letter.key!)).toEqual(record.key)
    expect(Buffer.from(letter.value!)).toEqual(record.value)
    const own = letter.headers.slice(0, headers.length)
    expect(own.map(({ name, value }) => [name, value && Buffer.from(value)])).toEqual(
      headers.map(({ name, value }) => [name, value]),
    )
    expect(textOf(letter, '__streams.errors.topic')).toBe('in')
  })

  test('has no stack where the error is worded for people', async () => {
    const [letter] = await deadLetter({ fails: -1 })
    expect(textOf(letter, '__streams.errors.exception')).toBe('MillraceError')
    expect(textOf(letter, '__streams.errors.message')).toBe('a is bad')
    expect(textOf(letter, '__streams.errors.stacktrace')).toBeUndefined()
  })

  test.each([
    ['the header correlationId', { headers: [header('correlationId', 'c-1')] }],
    ['a header of another spelling', { headers: [header('X-Correlation-ID', 'c-1')] }],
    ['the header before the field', { headers: [header('kafka_correlationId', 'c-1')], correlationId: 'no' }],
    ['the trace, where that is all', { headers: [header('traceparent', 'c-1')] }],
    ['the field of the value', { correlationId: 'c-1' }],
  ])('is tied to others by %s', async (_what, given) => {
    const [letter] = await deadLetter({ fails: -1, ...given })
    expect(textOf(letter, 'millrace.errors.correlation')).toBe('c-1')
  })

  test('is of bounded size, whatever an error or a record says', async () => {
    const long = 'ä'.repeat(10_000)
    const [letter] = await deadLetter({ fails: 1000, id: long, headers: [header('correlation-id', long)] })
    const [plain] = await deadLetter({ fails: 1000 })
    const size = ({ headers }: PlainRecord, from: number) =>
      headers.slice(from).reduce((sum, { name, value }) => sum + name.length + (value?.length ?? 0), 0)
    expect(textOf(letter, '__streams.errors.message')).toMatch(/^ä+…$/)
    expect(Buffer.byteLength(textOf(letter, '__streams.errors.message')!)).toBeLessThanOrEqual(2048)
    expect(Buffer.byteLength(textOf(letter, '__streams.errors.stacktrace')!)).toBeLessThanOrEqual(4096)
    expect(Buffer.byteLength(textOf(letter, 'millrace.errors.correlation')!)).toBeLessThanOrEqual(256)
    expect(size(letter, 1) - size(plain, 0)).toBeLessThan(2 * 2048 + 4096 + 2 * 256)
  })
})

describe('facts of a record', () => {
  const of = (value: Uint8Array | null) =>
    new LetterFacts().of({ key: null, value, headers: [], timestamp: at }, codecOf('json'))

  test.each([
    ['a tombstone', null],
    ['what is no JSON', Buffer.from([0, 1, 2, 3, 4, 5])],
    ['a correlation that is no text', Buffer.from('{"correlationId":{"a":1}}')],
    ['an empty one', Buffer.from('{"correlationId":""}')],
  ])('of %s there are none', (_what, value) => expect(of(value)).toEqual({}))

  test('come from what was thrown beneath, not from how it was worded', () => {
    const cause = new TypeError('x is not a function')
    expect(thrown(recordError('PROCESSOR_FAILED', 'a processor failed', { cause }))).toEqual({
      exception: 'TypeError',
      stack: expect.stringContaining('TypeError: x is not a function'),
    })
    expect(thrown(permanentError('RECORD_INVALID', 'no'))).toEqual({ exception: 'MillraceError' })
    expect(thrown('only text')).toEqual({ exception: 'MillraceError' })
  })

  test('texts are cut between characters', () => {
    expect(cutText('abc', 3)).toBe('abc')
    expect(cutText('abcdefgh', 6)).toBe('abc…')
    expect(cutText('ääää', 6)).toBe('ä…')
    for (let most = 3; most < 40; most++) {
      const cut = cutText('a€😀ä'.repeat(5), most)
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most)
      expect(cut).not.toContain('�')
    }
  })
})
