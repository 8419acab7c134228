// Functions of files in map, filter, branch and flat-map: what they may answer, at once or later.
import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import type { ProcessorDefinition } from '../../engine/component/define.ts'
import { defineProcessor, flatMapAsync } from '../../engine/component/index.ts'
import type { UserFunction } from '../../engine/component/resources.ts'
import { branch } from '../../processors/branch.ts'
import { filter } from '../../processors/filter.ts'
import { flatMapProcessor } from '../../processors/flat-map.ts'
import { map } from '../../processors/map.ts'
import { start, type Incoming, type Outcome } from '../support/fake-scope.ts'

interface Numbered {
  readonly n: number
}

const file = './functions/one.ts'
const numbers = (...all: readonly number[]) => all.map((n) => ({ value: { n }, key: `k${n}` }))

/** What a processor makes of records with that function, when all promises are kept. */
async function called(
  definition: ProcessorDefinition,
  call: (value: never, record: never) => unknown,
  records: readonly Incoming[],
  config: object = {},
): Promise<Outcome> {
  const resources = { functionOf: () => call as UserFunction }
  const outcome = start(definition, { function: file, ...config }, records, { resources })
  await new Promise((resolve) => setImmediate(resolve))
  return outcome
}

/** The same function, answering at once and by a promise. */
const both = (call: (value: Numbered) => unknown) =>
  [
    ['at once', call],
    ['by a promise', async (value: Numbered) => call(value)],
  ] as const

const messages = ({ failed }: Outcome) => failed.map((error) => (error as Error).message)

describe.each(both(({ n }) => [{ twice: 2 * n }, null, undefined][n]))('map, %s', (_when, call) => {
  test('takes a value, or null for a tombstone, and refuses undefined', async () => {
    const outcome = await called(map, call, numbers(0, 1, 2))
    expect(outcome.output).toEqual([{ twice: 0 }, null])
    expect(messages(outcome)).toEqual([
      'The function of a map returned undefined: return the new value, or null for a tombstone.',
    ])
  })
})

test('map does not call it for tombstones, and gives it the record', async () => {
  const seen: unknown[] = []
  const call = (value: Numbered, record: { offset: number; key: Buffer; value: unknown }) => {
    seen.push([value.n, record.offset, String(record.key), record.value])
    return value
  }
  const { output } = await called(map, call, [{ value: null }, ...numbers(7)])
  expect(output).toEqual([null, { n: 7 }])
  expect(seen).toEqual([[7, 1, 'k7', { n: 7 }]])
})

test('a record is good until its promise is kept, also while others come', async () => {
  const call = async (value: Numbered, record: { offset: number; value: Numbered }) => {
    await new Promise((resolve) => setImmediate(resolve))
    return { n: value.n, later: record.value.n, offset: record.offset }
  }
  const outcome = await called(map, call, numbers(1, 2, 3))
  await new Promise((resolve) => setImmediate(resolve))
  expect(outcome.output).toEqual([
    { n: 1, later: 1, offset: 0 },
    { n: 2, later: 2, offset: 1 },
    { n: 3, later: 3, offset: 2 },
  ])
})

test('no more calls wait at once than concurrency says, and those of a key one after the other', async () => {
  let under = 0
  let most = 0
  const release: (() => void)[] = []
  const call = async (value: Numbered) => {
    most = Math.max(most, ++under)
    await new Promise<void>((resolve) => release.push(resolve))
    under--
    return value
  }
  const outcome = await called(
    map,
    call,
    [...numbers(1, 2, 3, 4), { value: { n: 1, again: true }, key: 'k1' }],
    {
      concurrency: 2,
    },
  )
  for (let rounds = 0; outcome.output.length < 5 && rounds < 20; rounds++) {
    release.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(most).toBe(2)
  expect(outcome.output.filter((value) => (value as Numbered).n === 1)).toEqual([
    { n: 1 },
    { n: 1, again: true },
  ])
})

describe.each(both(({ n }) => [true, false, 'yes'][n]))('filter, %s', (_when, call) => {
  test('takes true and false, and nothing that is like them', async () => {
    const outcome = await called(filter, call, numbers(0, 1, 2))
    expect(outcome).toMatchObject({ output: [{ n: 0 }], dropped: ['filtered'] })
    expect(messages(outcome)).toEqual([
      'The function of a filter returned neither true nor false: return one of them.',
    ])
    const aside = await called(filter, call, numbers(0, 1), { otherwise: 'side' })
    expect(aside).toMatchObject({ output: [{ n: 0 }], side: { rejected: [{ n: 1 }] }, dropped: [] })
  })
})

describe.each(both(({ n }) => ['odd', undefined, 'old', 3][n]))('branch, %s', (_when, call) => {
  test('takes the names of its outputs, or undefined for the default', async () => {
    const outcome = await called(branch, call, numbers(0, 1, 2, 3), { outputs: ['odd', 'even'] })
    expect(outcome).toMatchObject({ side: { odd: [{ n: 0 }] }, output: [{ n: 1 }] })
    expect(messages(outcome)).toEqual([
      'The function of a branch answered "old", which is none of its outputs: odd, even.',
      'The function of a branch answered 3, which is none of its outputs: odd, even.',
    ])
    const rest = await called(branch, call, numbers(1), { outputs: ['odd'], default: 'rest' })
    expect(rest).toMatchObject({ side: { rest: [{ n: 1 }] }, output: [] })
  })
})

describe.each(
  both(({ n }) => [[{ a: 1 }, { a: 2 }], [], new Set([{ a: 3 }]), { a: 4 }, [undefined], 'text'][n]),
)('flat-map, %s', (_when, call) => {
  test('takes anything that lists values', async () => {
    const outcome = await called(flatMapProcessor, call, numbers(0, 1, 2, 3, 4, 5))
    expect(outcome).toMatchObject({ output: [{ a: 1 }, { a: 2 }, { a: 3 }], dropped: ['empty'] })
    expect(messages(outcome)).toEqual([
      'The function of a flat-map answered no list: return the values of the pieces, [] for none.',
      'The function of a flat-map answered undefined as a piece: leave it out.',
      'The function of a flat-map answered no list: return the values of the pieces, [] for none.',
    ])
  })

  test('numbers the pieces', async () => {
    const { output } = await called(flatMapProcessor, call, numbers(0), { number: 'line' })
    expect(output).toEqual([
      { a: 1, line: 0 },
      { a: 2, line: 1 },
    ])
  })
})

test('what an iterator throws half-way is an error of its record, and leaves no piece behind', async () => {
  function* half(value: Numbered) {
    yield value
    throw new Error('half-way')
  }
  const outcome = await called(flatMapProcessor, half, numbers(1))
  expect(outcome.output).toEqual([])
  expect(messages(outcome)).toEqual(['half-way'])
})

test('the operator itself takes what an iterator throws for an error of the record', async () => {
  const half = defineProcessor({
    name: 'half',
    summary: 'Throws after a piece.',
    config: z.strictObject({}),
    examples: [{ title: 'Half', config: {} }],
    create: () =>
      flatMapAsync(function* (value: Numbered) {
        if (value.n === 3) return
        yield value
        if (value.n === 1) throw new Error('half-way')
      }),
  })
  const outcome = start(half, {}, numbers(1, 2, 3))
  expect(outcome).toMatchObject({ output: [{ n: 2 }], dropped: ['empty'] })
  expect(messages(outcome)).toEqual(['half-way'])
})

describe('what is thrown, at once or later, is an error of its record alone', () => {
  test.each([
    ['map', map, {}],
    ['filter', filter, {}],
    ['branch', branch, { outputs: ['odd'] }],
    ['flat-map', flatMapProcessor, {}],
  ] as const)('%s', async (_name, definition, config) => {
    const fail = ({ n }: Numbered): never => {
      throw new Error(`no ${n}`)
    }
    expect(messages(await called(definition, fail, numbers(1, 2), config))).toEqual(['no 1', 'no 2'])
    const later = async (value: Numbered) => fail(value)
    expect(messages(await called(definition, later, numbers(1, 2), config))).toEqual(['no 1', 'no 2'])
  })
})

describe('flat-map by a list', () => {
  const pieces = (config: object, ...values: readonly unknown[]) =>
    start(
      flatMapProcessor,
      config,
      values.map((value) => ({ value })),
    )

  test('gives each piece key, time and position of its record', () => {
    const { batches } = start(flatMapProcessor, { each: 'of', number: 'n', as: 'one' }, [
      { value: { of: [1] }, key: 'a', timestamp: 5 },
      { value: { id: 'x', of: [2, 3] }, key: 'b', timestamp: 6 },
    ])
    const rows = batches.flatMap((batch) =>
      Array.from({ length: batch.length }, (_, i) => [
        batch.offset(i),
        batch.keyText(i),
        batch.timestamp(i),
        batch.value(i),
      ]),
    )
    expect(rows.map(([offset, , time, value]) => [offset, time, value])).toEqual([
      [0, 5, { one: 1, n: 0 }],
      [1, 6, { id: 'x', one: 2, n: 0 }],
      [1, 6, { id: 'x', one: 3, n: 1 }],
    ])
    expect(rows[1]![1]).toBe(rows[2]![1])
    expect(rows[0]![1]).not.toBe(rows[1]![1])
  })

  test('drops what has nothing to take apart, and refuses what is no list', () => {
    const outcome = pieces({ each: 'a.of' }, null, {}, { a: null }, { a: { of: [] } }, { a: { of: 'x' } })
    expect(outcome.dropped).toEqual(['empty', 'empty', 'empty', 'empty'])
    expect(outcome.failed).toEqual([expect.objectContaining({ code: 'RECORD_INVALID', kind: 'permanent' })])
  })

  test('cannot number what has no fields', () => {
    expect(messages(pieces({ each: 'of', number: 'n' }, { of: [1] }))).toEqual([
      'A piece cannot be given the field n, since it is no object: name it with "as".',
    ])
  })

  test('leaves the value that it was given as it is', () => {
    const value = { in: { of: [1], other: 2 }, id: 'x' }
    const { output } = pieces({ each: 'in.of', as: 'one' }, value)
    expect(output).toEqual([{ in: { other: 2 }, id: 'x', one: 1 }])
    expect(value).toEqual({ in: { of: [1], other: 2 }, id: 'x' })
  })
})

test.each([
  [map, { function: file, set: { a: 1 } }, 'either a function or steps'],
  [map, { set: { a: 1 }, concurrency: 3 }, 'expected only beside function'],
  [map, { function: 'score.ts' }, 'expected the path of a file'],
  [map, { function: 'https://x.org/a.ts' }, 'expected the path of a file'],
  [filter, { function: file, field: 'a', equals: 1 }, 'either a function or a field'],
  [filter, {}, 'expected a field and its tests, a schema, or a function'],
  [branch, { function: file }, 'expected outputs'],
  [branch, { function: file, outputs: ['a'], field: 'b' }, 'either a function or a field'],
  [branch, { field: 'a' }, 'expected field and to'],
  [branch, { field: 'a', to: { b: 1 }, outputs: ['b'] }, 'expected only beside function'],
  [flatMapProcessor, {}, 'expected each'],
  [flatMapProcessor, { each: 'a', function: file }, 'expected each'],
  [flatMapProcessor, { function: file, as: 'a' }, 'expected only beside each'],
] as const)('%# a config is refused', (definition: ProcessorDefinition, config, sentence) => {
  const { error } = definition.config.safeParse(config) as { error?: Error }
  expect(error?.message).toContain(sentence)
})
