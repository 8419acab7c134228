// Letters that come again: as they were, edited, to where they were from or to somewhere else; through the real engine.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { openProject } from '../../cli/project/project.ts'
import { plainRecord } from '../../engine/component/packed-records.ts'
import { Folder } from './full-command-line.ts'
import { OrderStore } from './order-store.ts'

jest.setTimeout(60_000)

let folder: Folder
let store: OrderStore

beforeEach(async () => {
  folder = new Folder()
  store = new OrderStore(folder)
  await store.begin()
})
afterEach(() => folder.remove())

const { order } = OrderStore

const dlq = (words: string) => folder.run(`dlq ${words} --project .`)

const json = async <Answer = Record<string, unknown>>(words: string): Promise<Answer> => {
  const ran = await dlq(`${words} -o json`)
  expect(ran).toMatchObject({ code: 0, err: [] })
  return JSON.parse(ran.out[0]!) as Answer
}

const openLetters = async () =>
  (await json<{ key: string; openLetters: number }[]>('list')).map(({ key, openLetters: n }) => [key, n])

/** All records of a topic: id, and headers as text. */
async function records(topic: string) {
  const project = await openProject({ cwd: folder.path })
  try {
    const { records: found } = await project.log.fetch({ topic, partition: 0 }, 0, 1000)
    return Array.from({ length: found.count }, (_, row) => {
      const { headers, value } = plainRecord(found, row)
      const named = headers.map((one) => [one.name, Buffer.from(one.value ?? []).toString()])
      return { headers: Object.fromEntries(named) as Record<string, string>, value: Buffer.from(value ?? []) }
    })
  } finally {
    await project.close()
  }
}

describe('replay', () => {
  test('of an open letter to its source is refused: it keeps its place and its id', async () => {
    expect(await dlq('replay 0@0 --yes')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/0@0 is open: .*: release it with dlq release/)],
    })
    expect(await json('replay --yes')).toMatchObject({ letters: 0, left: { open: 3, released: 0 } })
    expect(await store.run()).toEqual([])
  })

  test('of discarded letters has each effect once, however often it is done', async () => {
    await dlq('discard --key c1 --reason no --yes')
    await store.run()
    store.knows('OPEN, LOST')
    expect(await json('replay --dry-run')).toMatchObject({ letters: 3, dryRun: true })
    expect(await json('replay --yes')).toMatchObject({ letters: 3, to: 'orders' })
    expect(await json('replay --yes')).toMatchObject({ letters: 3 })
    expect(await store.run()).toEqual(['o1', 'o2', 'o4'])
    const [, , , , first] = await records('orders')
    expect(first!.headers).toEqual({
      'millrace.replayed.by': expect.any(String),
      'millrace.replayed.at': expect.stringMatching(/Z$/),
      'millrace.replayed.from': 'store.orders.parked/0@0',
    })
    expect(await store.run()).toEqual([])
  })

  test('of what is asked to be discarded, but is not yet, is refused', async () => {
    await dlq('discard --key c1 --reason no --yes')
    expect(await dlq('replay 0@0 --yes')).toMatchObject({ code: 2 })
    expect(await dlq('replay 0@0 --edit orders.jsonl --yes')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/A discard of the letter at 0@0 is asked for already\.$/)],
    })
  })

  test('of released letters is for those who say so, and dedupe still knows them', async () => {
    store.knows('OPEN, LOST')
    await dlq('release --key c1 --yes')
    expect(await store.run()).toEqual(['o1', 'o2', 'o4'])
    expect(await json('replay --yes')).toMatchObject({ letters: 0, left: { open: 0, released: 3 } })
    expect(await dlq('replay 0@0 --yes')).toMatchObject({ code: 2, err: [expect.stringMatching(/--again/)] })
    expect(await json('replay --again --yes')).toMatchObject({ letters: 3 })
    expect(await store.run()).toEqual([])
  })

  test('to another topic leaves the letters as they are', async () => {
    await store.produce(order('o5', 'c3'))
    expect(await dlq('replay --to elsewhere --yes')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(/There is no topic elsewhere/)],
    })
    expect(await dlq('replay --to orders.dlq --yes')).toMatchObject({ code: 2 })
    const project = await openProject({ cwd: folder.path })
    await project.log.ensureTopic('elsewhere')
    await project.close()
    expect(await json('replay --to elsewhere --key c1 --yes')).toMatchObject({ letters: 3, to: 'elsewhere' })
    const [copy] = await records('elsewhere')
    const [letter] = await records('orders')
    expect(copy!.value).toEqual(letter!.value)
    expect(await openLetters()).toEqual([['c1', 3]])
  })

  test('is narrowed, bounded and gone on with', async () => {
    await dlq('discard --key c1 --reason no --yes')
    await store.run()
    store.knows('OPEN, LOST')
    expect(await json('replay --dry-run --code AVRO_UNDECODABLE')).toMatchObject({ letters: 0 })
    expect(await json('replay --dry-run --type shop.Order --text oneOf')).toMatchObject({ letters: 3 })
    expect(await json('replay --dry-run --stop-at 2000-01-01T00:00:00Z')).toMatchObject({ letters: 0 })
    expect(await json('replay --stop-at 1 --rate 1000 --yes')).toMatchObject({ letters: 1 })
    expect(await store.run()).toEqual(['o1'])
    expect(await json('replay --after 0@0 --rate 1000 --yes')).toMatchObject({ letters: 2 })
    expect(await store.run()).toEqual(['o2', 'o4'])
  })

  test('that is stopped says where to go on', async () => {
    await dlq('discard --key c1 --reason no --yes')
    await store.run()
    const stop = new AbortController()
    stop.abort()
    expect(await folder.run('dlq replay --yes --project .', stop.signal)).toMatchObject({
      code: 1,
      err: [expect.stringMatching(/stopped: 0 of 3 letters are written/)],
    })
    expect(
      (await records('millrace.acts')).map(
        ({ value }) => (JSON.parse(value.toString()) as { phase: string }).phase,
      ),
    ).toEqual(['begun', 'done', 'begun', 'stopped'])
  })
})

describe('an edited copy', () => {
  test('of an open letter takes its place, and its key is released in order', async () => {
    folder.write('mended.json', order('o1', 'c1', 'OPEN'))
    expect(await json('replay 0@0 --edit mended.json --reason INC-42 --yes')).toMatchObject({
      act: 'edit',
      letters: 3,
    })
    expect(await json('show 0@0')).toMatchObject({
      state: 'open, release requested',
      value: { state: 'LOST' },
      edited: { reason: 'INC-42', format: 'avro shop.Order', value: { state: 'OPEN' } },
    })
    expect((await dlq('show 0@0')).out.join('\n')).toMatch(
      /edited +by .*: INC-42; released as \(avro shop.Order\)/,
    )
    expect(await store.run()).toEqual(['o1', 'o2', 'o4'])
    expect(await openLetters()).toEqual([])
    const acts = (await records('millrace.acts')).map(({ value }) => JSON.parse(value.toString()) as object)
    expect(acts).toMatchObject([
      { act: 'edit', phase: 'begun', selection: { place: '0@0' }, reason: 'INC-42', letters: 3 },
      { act: 'edit', phase: 'done' },
    ])
    // What was sent again under its id is a duplicate: the edited letter was the same record.
    await store.produce(order('o1', 'c1'))
    expect(await store.run()).toEqual([])
  })

  test('of a discarded letter is a new record that names its origin', async () => {
    await dlq('discard --key c1 --reason no --yes')
    await store.run()
    folder.write('mended.json', order('o1', 'c1', 'OPEN'))
    expect(await json('replay 0@0 --edit mended.json --yes')).toMatchObject({ act: 'replay', letters: 1 })
    const copy = (await records('orders')).at(-1)!
    expect(copy.headers).toMatchObject({
      'millrace.edited.from': 'store.orders.parked/0@0',
      'millrace.replayed.from': 'store.orders.parked/0@0',
    })
    expect(await store.run()).toEqual(['o1'])
  })

  test.each([
    ['{"id":"o1","customer":"c1"}', /edited value is refused.*state/],
    ['{"id":"o1"', /edited value is refused: not JSON/],
  ])('that does not fit the schema is refused: %s', async (text, message) => {
    folder.write('mended.json', text)
    expect(await dlq('replay 0@0 --edit mended.json --yes')).toMatchObject({
      code: 2,
      err: [expect.stringMatching(message)],
    })
    expect(await dlq('replay --edit mended.json')).toMatchObject({ code: 2 })
    expect(await dlq('replay 0@0 --edit nothing.json')).toMatchObject({ code: 2 })
    expect(await openLetters()).toEqual([['c1', 3]])
  })
})

test('stats count letters by error, by what became of them, and by day', async () => {
  await dlq('discard 0@0 --reason no --yes')
  await store.run()
  const stats = await json<{ total: object; groups: object[]; days: object[] }>('stats')
  expect(stats.total).toEqual({ open: 2, released: 0, discarded: 1 })
  expect(stats.groups).toEqual([
    {
      ...{ topology: 'store', topic: 'orders', node: 'good', class: 'permanent', code: 'RECORD_INVALID' },
      ...{ type: 'shop.Order', open: 2, released: 0, discarded: 1, followers: 2 },
      oldestOpen: expect.stringMatching(/Z$/),
    },
  ])
  expect(stats.days).toEqual([
    { day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), open: 2, released: 0, discarded: 1 },
  ])
  expect((await dlq('stats')).out.at(-1)).toBe('2 open, 0 released, 1 discarded.')
  expect(await json('stats --node none')).toMatchObject({ groups: [] })
})

test('a letter shows where the schema that wrote it differs from the one that it is read as', async () => {
  folder.write(
    'schemas/orders/Order.v2.avsc',
    JSON.stringify({
      ...{ type: 'record', name: 'Order', namespace: 'shop' },
      fields: [
        { name: 'id', type: 'string' },
        { name: 'customer', type: 'string' },
        { name: 'state', type: 'string' },
        { name: 'total', type: 'long', default: 0 },
      ],
    }),
  )
  expect(await json('show 0@0')).toMatchObject({
    schema: {
      writer: { name: 'shop.Order' },
      reader: { name: 'shop.Order' },
      differences: [{ path: 'total', what: 'is not written: it is 0', breaks: false }],
    },
  })
  expect((await dlq('show 0@0')).out).toContainEqual(
    expect.stringMatching(/^schema +total is not written: it is 0$/),
  )
})
