import { describe, expect, test } from '@jest/globals'
import {
  defineProcessor,
  defineSink,
  flatMap,
  flatMapAsync,
  keep,
  mapValue,
  mapValueAsync,
  route,
  z,
  type Operator,
  type Registry,
  type SinkWriter,
} from '../../../engine/component/index.ts'
import { errorCodes } from '../../../engine/errors.ts'
import { Bench, withBench, type TestInput } from '../../support/harness.ts'

const isBad = (value: unknown): boolean => (value as { id: string }).id === 'bad'
const never = (): Promise<never> => new Promise(() => undefined)
function* endless(): Generator<number> {
  for (let n = 0; ; n++) yield n
}

/** A function as a careless author may write it: good for all records but one. */
const unless =
  (bad: () => unknown) =>
  (value: unknown): never =>
    (isBad(value) ? bad() : value) as never
const throwing = (thrown: unknown) => (): never => {
  throw thrown
}

const careless: Readonly<Record<string, readonly [Operator, code: string, says: RegExp]>> = {
  'throws an error': [mapValue(unless(throwing(new Error('Kaputt.')))), 'PROCESSOR_FAILED', /^Kaputt\.$/],
  'throws nothing at all': [mapValue(unless(throwing(undefined))), 'PROCESSOR_FAILED', /^undefined$/],
  rejects: [mapValueAsync(unless(() => Promise.reject(new Error('no')))), 'PROCESSOR_FAILED', /^no$/],
  'returns undefined': [
    mapValue(unless(() => undefined)),
    'PROCESSOR_FAILED',
    /^The function of mapValue returned undefined: return the new value, or null for a tombstone\.$/,
  ],
  'promises undefined': [
    mapValueAsync(unless(() => Promise.resolve(undefined))),
    'PROCESSOR_FAILED',
    /^The function of mapValueAsync returned undefined/,
  ],
  'returns a promise where none is waited for': [
    mapValue(unless(() => Promise.reject(new Error('nobody hears that')))),
    'PROCESSOR_FAILED',
    /^The function of mapValue returned a promise: use mapValueAsync, which waits for it\.$/,
  ],
  'promises to keep': [
    keep((record) => (isBad(record.value) ? (Promise.resolve(true) as never) : true)),
    'PROCESSOR_FAILED',
    /^The function of keep returned a promise: use keepAsync/,
  ],
  'names no output': [
    route((record) => (isBad(record.value) ? (-1 as never) : undefined)),
    'PROCESSOR_FAILED',
    /^The function of route returned a number: return the name of an output/,
  ],
  'makes no list': [
    flatMap((value) => (isBad(value) ? (undefined as never) : [value])),
    'PROCESSOR_FAILED',
    /^The function of flatMap returned undefined: return a list of the pieces, which may be empty\.$/,
  ],
  'makes a text': [
    flatMap((value) => (isBad(value) ? 'abc' : [value])),
    'PROCESSOR_FAILED',
    /^The function of flatMap returned a text/,
  ],
  'has no end': [
    flatMap((value) => (isBad(value) ? endless() : [value])),
    'PROCESSOR_FAILED',
    /^The function of flatMap made more than 100000 pieces of one record: does it come to an end\?$/,
  ],
  'has no end, later': [
    flatMapAsync((value) => Promise.resolve(isBad(value) ? endless() : [value])),
    'PROCESSOR_FAILED',
    /^The function of flatMapAsync made more than 100000 pieces/,
  ],
  hangs: [
    mapValueAsync((value) => (isBad(value) ? never() : value)),
    'TIMED_OUT',
    /^Node odd did not answer for this record within 1s \(errors\.answerWithin\): see what its function waits for\.$/,
  ],
}

const errors = 'errors: { attempts: 2, backoff: { first: 10ms, longest: 50ms }, answerWithin: 1s }'
const described = {
  summary: 'Odd.',
  config: z.strictObject({}),
  examples: [{ title: 'Plain', config: {} }] as const,
}
const records: TestInput[] = [
  { id: 'one', key: 'a' },
  { id: 'bad', key: 'b' },
  { id: 'two', key: 'b' },
  { id: 'three', key: 'c' },
]

describe('a processor whose function, for one record,', () => {
  test.each(Object.entries(careless))(
    '%s: that one is parked with its followers, others go on',
    async (_, odd) => {
      const [operator, code, says] = odd
      const yaml = `name: orders
sources: { in: { type: topic, topic: in, format: json } }
processors: { odd: { type: odd, from: in } }
sinks: { out: { type: effect, from: odd } }
${errors}
`
      const definition = defineProcessor({ ...described, name: 'odd', create: () => operator })
      const bench: Bench = new Bench(1, yaml, {
        partitions: 1,
        registry: (life): Registry => {
          const known = bench.world.registry(life)
          return { ...known, processors: { ...known.processors, odd: definition } }
        },
      })
      await withBench(bench, async (one) => {
        one.produce(records)
        await one.toEnd()
        expect(one.offsets('out').toSorted()).toEqual([0, 3])
        const letters = one.parked().flatMap(({ entry }) => (entry.type === 'letter' ? [entry.info] : []))
        expect(letters.map(({ offset, follower }) => [offset, follower])).toEqual([
          [1, false],
          [2, true],
        ])
        expect(letters[0]).toMatchObject({
          node: 'odd',
          code,
          message: expect.stringMatching(says) as unknown,
        })
        expect(Object.keys(errorCodes)).toContain(code)
      })
    },
  )
})

/** Runs a topology whose sink is `writer`; answers how its worker failed. */
async function failureWith(
  writer: Partial<SinkWriter> | undefined,
): Promise<{ code: string; message: string }> {
  const yaml = `name: orders
sources: { in: { type: topic, topic: in, format: json } }
sinks: { out: { type: odd, from: in } }
${errors}
`
  const whole = {
    order: 'batch',
    concurrency: 1,
    maxBatch: 10,
    write: () => undefined,
    close: () => Promise.resolve(),
  }
  const open = (): Promise<SinkWriter> => Promise.resolve({ ...whole, ...writer } as SinkWriter)
  const odd = defineSink({ ...described, name: 'odd', idempotent: true, open })
  const bench: Bench = new Bench(1, yaml, {
    partitions: 1,
    registry: (life): Registry => ({ ...bench.world.registry(life), sinks: { odd } }),
  })
  return withBench(bench, async (one) => {
    one.produce(records)
    const running = one.cluster.start()
    await one.cluster.until(() => running.over)
    expect(one.cluster.commits.position('orders', { topic: 'in', partition: 0 })?.offset ?? 0).toBe(0)
    return running.error as { code: string; message: string }
  })
}

const answers: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    'answers too few outcomes',
    () => [{ outcome: 'stored' }],
    /^Sink out answered 1 outcome for \d records: it answers/,
  ],
  [
    'answers an outcome that there is not',
    () => Array(4).fill({ outcome: 'fine' }),
    /an outcome that there is not \(fine\)/,
  ],
  [
    'answers nothing for a record',
    () => Array(4).fill(undefined),
    /an outcome that there is not \(undefined\)/,
  ],
  ['answers a number', () => 4, /^Sink out answered something that is no list of outcomes/],
  ['promises rubbish', () => Promise.resolve(true), /no list of outcomes/],
]

describe('a sink that', () => {
  test.each(answers)('%s stops the worker, and nothing is committed', async (_, write, says) => {
    const failure = await failureWith({ write: write as never })
    expect([failure.code, failure.message]).toEqual(['COMPONENT_FAILED', expect.stringMatching(says)])
  })

  test.each([
    ['maxBatch', { maxBatch: -1 }],
    ['maxBatch', { maxBatch: NaN }],
    ['concurrency', { concurrency: 0 }],
    ['order', { order: 'random' }],
    ['write', { write: undefined }],
  ] as const)('says a wrong %s of itself is refused before anything is read', async (name, wrong) => {
    const failure = await failureWith(wrong as never)
    expect([failure.code, failure.message]).toEqual([
      'COMPONENT_FAILED',
      expect.stringMatching(new RegExp(`^What sink out opens has a wrong ${name}: it is `)),
    ])
  })
})
