import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { answers } from './command-line.ts'
import { parkingProject, someLetters } from './parking-project.ts'

let project: ReturnType<typeof parkingProject>

beforeEach(() => {
  project = parkingProject()
})
afterEach(() => project.remove())

describe('list', () => {
  test('shows the keys with open letters, and why', async () => {
    await project.park(someLetters)
    const [keys] = answers(await project.dlq('list', '-o', 'json')) as [Record<string, unknown>[]]
    expect(keys[0]).toEqual({
      ...{
        topology: 'notes',
        topic: 'events',
        partition: 0,
        key: 'order-7',
        openLetters: 3,
        firstLetter: '0@0',
      },
      ...{ firstFailure: '2026-05-01T00:00:00.000Z', node: 'table', class: 'record', code: 'ROW_REFUSED' },
      ...{ type: null, error: 'row 10 is refused', requested: null },
    })
    expect(keys.map(({ key, openLetters, firstLetter }) => [key, openLetters, firstLetter])).toEqual([
      ['order-7', 3, '0@0'],
      ['order-9', 1, '0@1'],
      [null, 1, '0@3'],
    ])
  })

  test('for people, as a table', async () => {
    await project.park(someLetters)
    const { out, code } = await project.dlq('list')
    expect(code).toBe(0)
    expect(out[0]).toMatch(/^topology +topic +key +letters +first +since +node +class +code +error$/)
    expect(out[1]).toMatch(
      /^notes +events +order-7 +3 +0@0 +2026-05-01 00:00:00 +table +record +ROW_REFUSED +row 10 is refused$/,
    )
    expect(out.at(-1)).toBe('5 open letters of 3 keys. One of them: millrace dlq show 0@0')
  })

  test('leaves out what the worker has settled', async () => {
    await project.park(someLetters)
    await project.settle(1, [[3, 4]])
    const [keys] = answers(await project.dlq('list', '-o', 'json')) as [Record<string, unknown>[]]
    expect(keys.map(({ key, openLetters, firstLetter }) => [key, openLetters, firstLetter])).toEqual([
      ['order-9', 1, '0@1'],
      ['order-7', 2, '0@2'],
    ])
    await project.settle(5)
    expect((await project.dlq('list')).out).toEqual(['Nothing is parked.'])
  })

  test('can be narrowed', async () => {
    await project.park(someLetters)
    await project.park([{ key: 'x', offset: 1 }], 'other.group', 'dotted.topic')
    const keysOf = async (...flags: string[]) =>
      (answers(await project.dlq('list', '-o', 'json', ...flags)) as [{ key: string }[]])[0].map(
        ({ key }) => key,
      )
    expect(await keysOf()).toEqual(['order-7', 'order-9', null, 'x'])
    expect(await keysOf('--topology', 'other.group')).toEqual(['x'])
    expect(await keysOf('--topic', 'events')).toEqual(['order-7', 'order-9', null])
    expect(await keysOf('--topic', 'nothing')).toEqual([])
    expect(await keysOf('--key', 'order-9')).toEqual(['order-9'])
  })

  test('can be narrowed by what went wrong, and when', async () => {
    await project.park([...someLetters, { key: 'late', offset: 20, node: 'late', firstFailure: 60_000 }])
    const keysOf = async (...flags: string[]) =>
      (answers(await project.dlq('list', '-o', 'json', ...flags)) as [{ key: string }[]])[0].map(
        ({ key }) => key,
      )
    expect(await keysOf('--node', 'late')).toEqual(['late'])
    expect(await keysOf('--code', 'TIMED_OUT')).toEqual([])
    expect(await keysOf('--class', 'record', '--text', 'ROW 1')).toEqual(['order-7', 'order-9', null])
    expect(await keysOf('--since', '2026-05-01T00:01:00Z')).toEqual(['late'])
    expect(await keysOf('--until', '2026-05-01T00:01:00Z')).toEqual(['order-7', 'order-9', null])
    expect(await project.dlq('list', '--since', 'today')).toMatchObject({ code: 2 })
  })

  test('by the record type, where the value names its schema', async () => {
    const value = await project.inProject(async ({ schemas }) =>
      (await schemas.encoder('shop.Event')).encode({ id: 'a', n: 1n }),
    )
    await project.park([
      { key: 'avro', offset: 1, value },
      { key: 'json', offset: 2 },
    ])
    expect(answers(await project.dlq('list', '-o', 'json', '--type', 'shop.Event'))).toEqual([
      [expect.objectContaining({ key: 'avro', type: 'shop.Event' })],
    ])
  })

  test('comes in pages, each behind the last whatever became of its letters', async () => {
    await project.park(someLetters)
    await project.park([{ key: 'x', offset: 1 }], 'other.group', 'dotted.topic')
    const page = async (...flags: string[]) => {
      const ran = await project.dlq('list', '-o', 'json', '--limit', '2', ...flags)
      const [keys] = answers(ran) as [{ key: string }[]]
      return {
        keys: keys.map(({ key }) => key),
        more: ran.err.join().replace('There are more: --after ', ''),
      }
    }
    const first = await page()
    expect(first).toEqual({ keys: ['order-7', 'order-9'], more: 'notes.events.parked/0@1' })
    // The first letters are settled: what is behind them is neither left out nor shown twice.
    await project.settle(2)
    expect(await page('--after', first.more)).toEqual({
      keys: ['order-7', null],
      more: 'notes.events.parked/0@3',
    })
    expect(await page('--after', 'notes.events.parked/0@3')).toEqual({ keys: ['x'], more: '' })
    expect((await project.dlq('list', '--limit', '1')).out.at(-1)).toBe(
      'There are more: --after notes.events.parked/0@2',
    )
    expect(await project.dlq('list', '--after', 'there')).toMatchObject({ code: 2 })
  })

  test('an empty store has nothing parked; no store is said', async () => {
    expect(await project.dlq('list')).toMatchObject({
      code: 1,
      err: [expect.stringMatching(/There is no store/)],
    })
    await project.inProject(({ log }) => log.ensureTopic('events'))
    expect(await project.dlq('list')).toEqual({ code: 0, out: ['Nothing is parked.'], err: [] })
  })
})

describe('show', () => {
  test('decodes a letter by the schema that wrote it', async () => {
    const value = await project.inProject(async ({ schemas }) =>
      (await schemas.encoder('shop.Event')).encode({ id: 'a', n: 2n ** 60n }),
    )
    await project.park([{ key: 'order-7', offset: 10, value }])
    const ran = await project.dlq('show', '0@0', '-o', 'json')
    expect(answers(ran)).toEqual([
      {
        ...{
          place: '0@0',
          state: 'open',
          topology: 'notes',
          record: 'events/0@10',
          key: 'order-7',
          follower: false,
        },
        ...{ node: 'table', class: 'record', code: 'ROW_REFUSED', error: 'row 10 is refused', attempts: 5 },
        ...{ timestamp: '2026-05-01T00:00:00.000Z', firstFailure: '2026-05-01T00:00:00.000Z' },
        ...{ parkedAt: '2026-05-01T00:00:01.000Z', headers: [{ name: 'trace', value: 't-1' }] },
        ...{ format: 'avro shop.Event', value: { id: 'a', n: '1152921504606846976', note: null } },
      },
    ])
    expect((await project.dlq('show', '0@0')).out.join('\n')).toMatch(
      /record +events\/0@10\n[^]*value +\(avro shop.Event\)\n {2}\{\n/,
    )
  })

  test.each([
    ['JSON', Buffer.from('{"a":[1]}'), { format: 'json', value: { a: [1] } }],
    ['text', Buffer.from('hello'), { format: 'text', value: 'hello' }],
    ['bytes', Buffer.from([1, 255]), { format: 'bytes', value: '0x01ff' }],
    ['a tombstone', null, { format: 'tombstone', value: null }],
    [
      'an unknown schema',
      Buffer.from([0, 1, 2, 3, 4, 5]),
      { format: 'bytes', value: '0x000102030405', problem: expect.stringMatching(/id 16909060/) },
    ],
  ])('shows %s', async (_what, value, shown) => {
    await project.park([{ key: 'a', offset: 1, value }])
    expect(answers(await project.dlq('show', '0@0', '-o', 'json'))).toEqual([expect.objectContaining(shown)])
  })

  test('a key that is no text is shown by its digits, and can be named so', async () => {
    await project.park([{ key: Buffer.from([0, 255]), offset: 1 }])
    expect(answers(await project.dlq('list', '-o', 'json', '--key', '0x00ff'))).toEqual([
      [expect.objectContaining({ key: '0x00ff' })],
    ])
  })

  test('a settled letter is closed', async () => {
    await project.park(someLetters)
    await project.settle(1)
    expect(answers(await project.dlq('show', '0@0', '-o', 'json'))).toEqual([
      expect.objectContaining({ state: 'closed' }),
    ])
  })
})
