// What is wrong in the lines of produce and in the parameters of query is named; what is right goes on.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import {
  answer,
  expectQuiet,
  expectRefusal,
  jsonLines,
  orders,
  produceOrders,
  TestProject,
  unlogged,
  type Ran,
} from '../support/cli.ts'

jest.setTimeout(300_000)

let project: TestProject

beforeAll(async () => {
  project = new TestProject()
  await project.produce(orders(0, 30))
  await project.runOrders()
})
afterAll(() => project.remove())

describe('produce', () => {
  test('names bad lines by number, writes the others, and has exit code 1', async () => {
    const [good, other] = orders(100, 102, () => ({ customer: 'lines' })) as unknown as [object, object]
    const lines = [
      JSON.stringify(good),
      '{ "id": ',
      '',
      JSON.stringify({ ...good, amount: 'much' }),
      JSON.stringify({ ...good, customer: undefined }),
      'null',
      Buffer.from([0xff, 0xfe]).toString('latin1'),
      `${JSON.stringify(other)}\r`,
    ]
    const ran = await project.run(produceOrders, { input: Buffer.from(lines.join('\n'), 'latin1') })
    expect(ran.code).toBe(1)
    expect(JSON.parse(ran.stdout)).toMatchObject({ produced: 2, refused: 5, topic: 'orders' })
    expectQuiet(ran)
    const told = unlogged(ran.stderr)
    expect(told.map((line) => /^line (\d+): ./.exec(line)?.[1])).toEqual(['2', '4', '5', '6', '7'])
    expect(told[0]).toMatch(/not JSON/)
    expect(told[1]).toMatch(/amount/)
    expect(told[2]).toMatch(/no field customer for the key/)
    expect(told[4]).toMatch(/not UTF-8/)
    expect(await project.runOrders()).toMatchObject({ consumed: 2, stored: 2 })
  })

  test('refuses a line that is far too long, and reads on behind it', async () => {
    const long = `{"id":"${'x'.repeat(17 * 1024 * 1024)}"}\n`
    const ran = await project.run(produceOrders, { input: long + jsonLines(orders(102, 103)) })
    expect(ran.code).toBe(1)
    expect(unlogged(ran.stderr)).toEqual([expect.stringMatching(/^line 1: longer than \d+ bytes$/)])
    expect(JSON.parse(ran.stdout)).toMatchObject({ produced: 1, refused: 1 })
  })

  const schema = ['--schema', 'shop.Order']
  const wrong: readonly [number, readonly string[], RegExp][] = [
    [2, [], /produce needs a topic/],
    [2, ['orders'], /produce needs --schema NAME/],
    [2, ['orders', '--raw', ...schema], /leave one of --raw and --schema out\.$/],
    [2, ['orders', 'more', ...schema], /more is a second one: leave it out\.$/],
    [
      2,
      ['orders', ...schema, '--key', 'custmer'],
      /--key: shop\.Order has no field custmer: did you mean customer\?$/,
    ],
    [2, ['orders', ...schema, '--partitions', 'two'], /--partitions two is no whole number from 1 to /],
    [2, ['orders.orders.parked', '--raw'], /holds parked records, which millrace dlq works on/],
    [1, ['orders', '--schema', 'shop.Ordr'], /There is no schema "shop\.Ordr" in schemas.*shop\.Order/],
    [1, ['orders', ...schema, '--file', 'nope.jsonl'], /There is no file nope\.jsonl: correct --file\.$/],
    [1, ['orders', ...schema, '--file', 'schemas'], /schemas is a folder: give a file of JSON lines\.$/],
    [1, ['my orders', '--raw'], /"my orders" cannot be the name of a topic: use /],
    [
      1,
      ['orders', ...schema, '--partitions', '3'],
      /cannot grow to 3, since keys would change their partition/,
    ],
  ]
  const runs = new Map<unknown, Promise<Ran>>()
  beforeAll(() => {
    for (const [, words] of wrong) runs.set(words, project.run(['produce', ...words], { input: '' }))
  })
  test.each(wrong)('has exit code %d for %j', async (code, words, sentence) => {
    expectRefusal(await runs.get(words)!, code, sentence)
  })
})

describe('query', () => {
  interface Page {
    readonly rows: readonly { readonly id: string }[]
    readonly nextPage: string
  }
  let page: Page
  const read = ['query', 'orders-of', 'customer=c0', '--limit', '4', '-o', 'json']

  beforeAll(async () => {
    page = answer<Page>(await project.run(read))
  })

  test('goes on where the page before ended', async () => {
    const next = answer<Page>(await project.run([...read, '--page', page.nextPage]))
    expect([...page.rows, ...next.rows].map(({ id }) => id)).toEqual([
      'o27',
      'o24',
      'o21',
      'o18',
      'o15',
      'o12',
      'o9',
      'o6',
    ])
  })

  test.each([
    [
      'changed in the middle',
      (token: string) => `${token.slice(0, 9)}${token[9] === 'x' ? 'y' : 'x'}${token.slice(10)}`,
    ],
    ['changed at its end', (token: string) => `${token.slice(0, -3)}AAA`],
    ['cut', (token: string) => token.slice(0, 20)],
    ['a made up', () => '../../etc/passwd'],
    ['an empty JSON', () => Buffer.from('0000000000000000[]').toString('base64url')],
  ])('refuses a page token: %s', async (_what, change) => {
    const ran = await project.run([...read, '--page', change(page.nextPage)])
    expectRefusal(ran, 2, /The page token .* it was changed: .* leave the token out to begin again\.$/)
  })

  test('refuses the page token of another question', async () => {
    const words = ['query', 'orders-of', 'customer=c1', '--page', page.nextPage]
    expectRefusal(
      await project.run(words),
      2,
      /The page token belongs to another read or to other parameters/,
    )
  })

  const wrong: readonly [readonly string[], RegExp][] = [
    [['orders-of'], /The parameter customer \(whose orders\) is missing: give customer=…\.$/],
    [['orders-of', 'custmer=c0'], /has no parameter "custmer": did you mean customer\?$/],
    [['orders-of', 'customer'], /A parameter is given as name=value, and "customer" is not/],
    [['orders-of', 'customer=c0', 'customer=c1'], /The parameter customer is given twice/],
    [
      ['orders-of', 'customer=c0', 'before=yesterday'],
      /before: expected .*"yesterday": correct the parameter\.$/,
    ],
    [['orders-of', 'customer=c0', '--limit', '0'], /--limit 0 is no whole number from 1 to /],
    [['order-of', 'customer=c0'], /There is no named read "order-of" .*did you mean "orders-of"\?$/],
    [['../queries/orders-of', 'customer=c0'], /There is no named read "\.\.\/queries\/orders-of"/],
    [['__proto__', 'customer=c0'], /There is no named read "__proto__"/],
  ]
  const runs = new Map<unknown, Promise<Ran>>()
  beforeAll(() => {
    for (const [words] of wrong) runs.set(words, project.run(['query', ...words]))
  })
  test.each(wrong)('%j has exit code 2', async (words, sentence) => {
    expectRefusal(await runs.get(words)!, 2, sentence)
  })
})
