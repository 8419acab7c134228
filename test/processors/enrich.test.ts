import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Row } from '../../engine/component/contracts/lookup.ts'
import { downstreamError, permanentError } from '../../engine/errors.ts'
import { enrich } from '../../processors/enrich.ts'
import { FakeClock, turn } from '../support/fake-clock.ts'
import { start, tablesWith, type Incoming } from '../support/fake-scope.ts'

const base = { table: 'users', key: 'id', as: 'user' }
const rows = [
  { user_id: 'u1', name: 'Ada', department: 'Checkout' },
  { user_id: 'u2', name: 'Bo', department: null },
]
const record = (id: unknown, key = 'k'): Incoming => ({ value: { id }, key })

/** A table that answers when told to. */
class SlowTable {
  readonly asked: Row[] = []
  readonly answers: PromiseWithResolvers<Row | undefined>[] = []
  readonly tables = {
    lookup: () => ({
      key: ['user_id'],
      get: (key: Row) => {
        this.asked.push(key)
        const answer = Promise.withResolvers<Row | undefined>()
        this.answers.push(answer)
        return answer.promise
      },
    }),
  }
}

describe('a table that answers at once', () => {
  test('adds the row without its key and without nulls, or null where there is none', () => {
    const { output } = start(
      enrich,
      base,
      [record('u1'), record('u2'), record('u3'), record(null), { value: null }],
      {
        tables: tablesWith('user_id', rows),
      },
    )
    expect(output).toEqual([
      { id: 'u1', user: { name: 'Ada', department: 'Checkout' } },
      { id: 'u2', user: { name: 'Bo' } },
      { id: 'u3', user: null },
      { id: null, user: null },
      null,
    ])
  })

  test('takes the named columns, and keys of several columns', () => {
    const config = { ...base, key: { store: 's', user_id: 'who.id' }, columns: ['name'] }
    const lookup = {
      key: ['store', 'user_id'],
      get: (key: Row) => ({ ...key, name: JSON.stringify(key), age: 5 }),
    }
    const { output } = start(enrich, config, [{ value: { s: 'x', who: { id: 1 } } }], {
      tables: { lookup: () => lookup },
    })
    expect(output).toEqual([{ s: 'x', who: { id: 1 }, user: { name: '{"store":"x","user_id":1}' } }])
  })

  test('refuses a key that is not the table’s', () => {
    const wrong = () =>
      start(enrich, { ...base, key: { id: 'id' } }, [], { tables: tablesWith('user_id', rows) })
    expect(wrong).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test('fails what has no row where that is asked, and asks again next time', () => {
    const answers: (Row | undefined)[] = [undefined, { user_id: 'u9', name: 'Late' }]
    const tables = { lookup: () => ({ key: ['user_id'], get: () => answers.shift() }) }
    const { output, failed } = start(
      enrich,
      { ...base, missing: 'fail', otherwise: 'pass' },
      [record('u9'), record('u9')],
      { tables },
    )
    expect(failed).toEqual([expect.objectContaining({ code: 'LOOKUP_FAILED', kind: 'record' })])
    expect(output).toEqual([{ id: 'u9', user: { name: 'Late' } }])
  })

  test('a key that cannot be is a permanent error, whatever otherwise says', () => {
    const refuse = (): Row => {
      throw permanentError('ROW_REFUSED', 'user_id is a text.')
    }
    const tables = { lookup: () => ({ key: ['user_id'], get: refuse }) }
    const { failed } = start(enrich, { ...base, otherwise: 'pass' }, [record(5)], { tables })
    expect(failed).toEqual([expect.objectContaining({ code: 'ROW_REFUSED' })])
  })
})

describe('the cache', () => {
  const counted = (clock: FakeClock, cache: object, ids: readonly string[], wait = 0): string[] => {
    const asked: string[] = []
    const get = (key: Row): Row | undefined => {
      asked.push(key['user_id'] as string)
      clock.advance(wait)
      return key['user_id'] === 'none' ? undefined : { name: 'x' }
    }
    start(
      enrich,
      { ...base, cache },
      ids.map((id) => record(id)),
      { clock, tables: { lookup: () => ({ key: ['user_id'], get }) } },
    )
    return asked
  }

  test('asks once for each key', () => {
    expect(counted(new FakeClock(), {}, ['a', 'b', 'a', 'a', 'none', 'none'])).toEqual(['a', 'b', 'none'])
  })

  test('holds no more rows than it may, the latest used', () => {
    expect(counted(new FakeClock(), { entries: 2 }, ['a', 'b', 'a', 'c', 'a', 'b'])).toEqual([
      'a',
      'b',
      'c',
      'b',
    ])
    expect(counted(new FakeClock(), { entries: 0 }, ['a', 'a'])).toEqual(['a', 'a'])
  })

  test('forgets rows after their time, and missing ones after a shorter one', () => {
    const cache = { ttl: '10s', missing: '1s' }
    expect(counted(new FakeClock(), cache, ['a', 'b', 'a'], 10_000)).toEqual(['a', 'b', 'a'])
    expect(counted(new FakeClock(), cache, ['a', 'b', 'a'], 9_999)).toEqual(['a', 'b'])
    expect(counted(new FakeClock(), cache, ['none', 'b', 'none'], 1000)).toEqual(['none', 'b', 'none'])
  })

  test('tells keys of different types apart', () => {
    const asked: unknown[] = []
    const get = (key: Row): Row => {
      asked.push(key['user_id'])
      return {}
    }
    start(enrich, base, [record('1'), record(1)], { tables: { lookup: () => ({ key: ['user_id'], get }) } })
    expect(asked).toEqual(['1', 1])
  })
})

describe('a table that takes its time', () => {
  let clock: FakeClock
  let table: SlowTable
  const settled = async (): Promise<void> => {
    await turn()
    await turn()
  }
  const run = (config: object, records: readonly Incoming[]) =>
    start(enrich, { ...base, ...config }, records, { clock, tables: table.tables })
  beforeEach(() => {
    clock = new FakeClock()
    table = new SlowTable()
  })

  test('records of other keys share a lookup, and those of one key keep their order', async () => {
    const { output } = run({}, [record('u1', 'a'), record('u1', 'b'), record('u2', 'a')])
    expect(table.asked).toEqual([{ user_id: 'u1' }])
    table.answers[0]!.resolve({ name: 'Ada' })
    await settled()
    expect(output).toEqual([
      { id: 'u1', user: { name: 'Ada' } },
      { id: 'u1', user: { name: 'Ada' } },
    ])
    expect(table.asked).toHaveLength(2)
    expect(clock.waiting).toBe(1)
    table.answers[1]!.resolve(undefined)
    await settled()
    expect(output).toHaveLength(3)
    expect(clock.waiting).toBe(0)
  })

  test('answers as declared when it takes too long; the late row is cached', async () => {
    const { output } = run({ within: '50ms', otherwise: 'pass' }, [record('u1', 'a')])
    clock.advance(49)
    await settled()
    expect(output).toEqual([])
    clock.advance(1)
    await settled()
    expect(output).toEqual([{ id: 'u1', user: null }])
    table.answers[0]!.resolve({ name: 'Ada' })
    await settled()
    expect(output).toHaveLength(1)
  })

  test('answers with a value', async () => {
    const { output } = run({ otherwise: { value: { name: 'unknown' } } }, [record('u1')])
    table.answers[0]!.reject(downstreamError('LOOKUP_FAILED', 'The table is away.'))
    await settled()
    expect(output).toEqual([{ id: 'u1', user: { name: 'unknown' } }])
  })

  test.each([
    ['too late', (slow: SlowTable, time: FakeClock) => (slow.answers.length, time.advance(200))],
    ['away', (slow: SlowTable) => slow.answers[0]!.reject(downstreamError('LOOKUP_FAILED', 'Away.'))],
    ['broken', (slow: SlowTable) => slow.answers[0]!.reject(new Error('socket closed'))],
  ] as const)('fails as downstream trouble when it is %s', async (_what, happen) => {
    const { failed } = run({ otherwise: 'fail' }, [record('u1')])
    happen(table, clock)
    await settled()
    expect(failed).toEqual([expect.objectContaining({ kind: 'downstream', code: 'LOOKUP_FAILED' })])
  })

  test('a failure is not remembered', async () => {
    const { output, failed } = run({}, [record('u1', 'a'), record('u1', 'a')])
    table.answers[0]!.reject(new Error('once'))
    await settled()
    table.answers[1]!.resolve({ name: 'Ada' })
    await settled()
    expect(failed).toHaveLength(1)
    expect(output).toEqual([{ id: 'u1', user: { name: 'Ada' } }])
  })
})
