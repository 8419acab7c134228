// A day with Millrace: produce, run, query; several topologies in one process; output that machines can read.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { rmSync } from 'node:fs'
import {
  addedUp,
  answer,
  expectQuiet,
  jsonLines,
  orders,
  produceOrders,
  TestProject,
  unlogged,
  type Order,
  type Summary,
} from '../support/cli.ts'

jest.setTimeout(300_000)

const source = 'sources:\n  orders: { type: topic, topic: orders, schema: shop.Order, timestamp: at }\n'
const table =
  '{ type: table, from: copies, table: orders_by_customer, hash: { of: [id, customer, status, amount, at] } }'
const topologies = {
  'topologies/relay.yaml': `name: relay\n${source}sinks:\n  out: { type: topic, from: orders, topic: copies }\n`,
  'topologies/copies.yaml': `name: copies\n${source.replaceAll('orders:', 'copies:').replace('topic: orders', 'topic: copies')}sinks:\n  rows: ${table}\n`,
  'topologies/show.yaml': `name: show\n${source}sinks:\n  out: { type: console, from: orders }\n`,
}

describe('produce, run, query', () => {
  let project: TestProject
  beforeAll(() => {
    project = new TestProject()
  })
  afterAll(() => project.remove())

  /** Of each ten of c0 to c2 one is a test, every fifth comes twice; b2 is refused, with b3 behind it. */
  const plain = orders(0, 300, (n) => ({ status: n % 10 === 7 ? 'TEST' : 'OPEN' }))
  const bad = orders(0, 4, (n) => ({ id: `b${n}`, customer: 'bad', status: n === 2 ? 'LOST' : 'PAID' }))
  const sent: readonly Order[] = [...plain.flatMap((one, n) => (n % 5 === 0 ? [one, one] : [one])), ...bad]
  const stored = plain.filter(({ status }) => status !== 'TEST').map(({ id }) => id)

  test('the numbers of the summary are those that can be computed', async () => {
    await project.produce(sent, ['--partitions', '3'])
    expect(await project.runOrders()).toMatchObject({
      topology: 'orders',
      consumed: 364,
      duplicates: 60,
      dropped: 30,
      deadLettered: 2,
      skipped: 0,
      stored: 272,
    })
  })

  test('a query answers what was stored, newest first', async () => {
    expect(await project.storedIds()).toEqual(stored)
    const words = ['query', 'orders-of', 'customer=bad', '-o', 'jsonl']
    const { stdout, stderr } = await project.run(words)
    expect(stderr).toBe('')
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { at: '2026-01-01T00:00:01.000Z', id: 'b1', status: 'PAID', amount: 1 },
      { at: '2026-01-01T00:00:00.000Z', id: 'b0', status: 'PAID', amount: 0 },
    ])
  })

  test('a second run does nothing new', async () => {
    expect(await project.runOrders()).toMatchObject({ consumed: 0, replays: 0, stored: 0 })
    expect(await project.storedIds()).toEqual(stored)
  })

  test('what comes later is processed, and what was there is still known', async () => {
    await project.produce([...orders(0, 30), ...orders(300, 330)])
    // Three of them were tests before: the same id with another body is a conflict, not a duplicate.
    expect(await project.runOrders()).toMatchObject({ consumed: 60, duplicates: 27, dropped: 3, stored: 30 })
  })

  test('the summary for people is on standard error, and nothing on standard output', async () => {
    await project.produce(orders(330, 340))
    const ran = await project.run(['run', 'topologies/orders.yaml', '--until-end'])
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: '' })
    expect(unlogged(ran.stderr)).toEqual([
      expect.stringMatching(
        /^orders: 10 records: 10 stored, 0 duplicates, 0 dropped, 0 parked, 0 skipped; .* records\/s$/,
      ),
    ])
  })

  test('without native code, all this works too', async () => {
    await project.produce(orders(340, 350))
    const node = ['--no-addons']
    const ran = await project.run(['run', 'topologies/orders.yaml', '--until-end', '-o', 'json'], { node })
    expect(addedUp(answer<Summary>(ran))).toMatchObject({ consumed: 10, stored: 10 })
    expect(
      answer(await project.run(['query', 'orders-of', 'customer=c0', '-o', 'json'], { node })),
    ).toBeDefined()
    expect((await project.run(['dlq', 'list'], { node })).code).toBe(0)
  })
})

describe('several topologies in one process', () => {
  let project: TestProject
  beforeAll(async () => {
    project = new TestProject()
    for (const [name, text] of Object.entries(topologies)) project.write(name, text)
    await project.produce(orders(0, 900), ['--partitions', '2'])
  })
  afterAll(() => project.remove())

  test.each([
    ['relay', 'copies', 900],
    ['copies', 'relay', 1800],
  ])('%s and %s: the one waits for the end of the other', async (first, second, rows) => {
    const files = [`topologies/${first}.yaml`, `topologies/${second}.yaml`]
    const summaries = answer<Summary[]>(await project.run(['run', ...files, '--until-end', '-o', 'json']))
    expect(summaries.map(addedUp)).toMatchObject([
      { topology: first, consumed: 900, stored: 900 },
      { topology: second, consumed: 900, stored: 900 },
    ])
    expect(await project.storedIds()).toHaveLength(rows)
    await project.produce(orders(900, 1800))
  })

  test('one that fails stops the others in order, and its error is told', async () => {
    project.write(
      'topologies/missing.yaml',
      topologies['topologies/show.yaml'].replaceAll('orders', 'missing').replace('show', 'missing'),
    )
    const ran = await project.run(['run', 'topologies/relay.yaml', 'topologies/missing.yaml', '-o', 'json'])
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 1, stdout: '' })
    expect(unlogged(ran.stderr)).toEqual([
      expect.stringMatching(/^millrace: [a-z-]+: There is no topic "missing" in /),
    ])
    // Whether relay came to do some of it or not: nothing is missing, and nothing is copied twice.
    const files = ['topologies/relay.yaml', 'topologies/copies.yaml']
    const [, copies] = answer<Summary[]>(await project.run(['run', ...files, '--until-end', '-o', 'json']))
    expect(copies).toMatchObject({ consumed: 900, stored: 900 })
    // The same orders as before: their rows are written again, and stay what they were.
    expect(await project.storedIds()).toEqual(orders(0, 1800).map(({ id }) => id))
  })
})

describe('output', () => {
  let project: TestProject
  const all = orders(0, 3000)
  beforeAll(async () => {
    project = new TestProject()
    for (const [name, text] of Object.entries(topologies)) project.write(name, text)
    await project.produce(all)
  })
  afterAll(() => project.remove())

  /** Runs it with a store of its own, and goes away after the first line. */
  async function firstLineOf(words: readonly string[]) {
    const command = project.start(words)
    const line = await command.until(({ stdout }) => /^.*\n/.exec(stdout)?.[0])
    command.hangUp()
    return { line, ran: await command.ended }
  }

  test.each([
    ['run', () => ['run', 'topologies/show.yaml', '--until-end', '--store', project.copyStore('head')]],
    [
      'run that does not end by itself',
      () => ['run', 'topologies/show.yaml', '--store', project.copyStore('follow')],
    ],
  ])('%s ends quietly when its reader goes away', async (_what, words) => {
    const { line, ran } = await firstLineOf(words())
    expect(JSON.parse(line)).toMatchObject({ id: 'o0' })
    expect(ran).toMatchObject({ code: 0, signal: null })
    expectQuiet(ran)
    expect(ran.stderr).not.toMatch(/EPIPE|millrace:/)
  })

  test('so do query and help', async () => {
    await project.runOrders()
    for (const words of [
      ['query', 'orders-of', 'customer=c0', '--limit', '10000', '-o', 'jsonl'],
      ['--help'],
    ]) {
      const { ran } = await firstLineOf(words)
      expect(ran).toMatchObject({ code: 0, signal: null })
      expectQuiet(ran)
    }
  })

  test('a full disk behind standard output is told, with exit code 1', async () => {
    const script = ['-c', 'exec "$@" > /dev/full', 'sh']
    const ran = await project.run(['query', 'orders-of', 'customer=c0'], { prefix: ['sh', ...script] })
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(unlogged(ran.stderr)).toEqual([
      'millrace: The output could not be written (ENOSPC): see where it is sent to.',
    ])
  })

  test('of the console sink is one JSON line for each record, in order, and then the summary', async () => {
    const ran = await project.run(['run', 'topologies/show.yaml', '--until-end', '-o', 'json'])
    expect(ran.code).toBe(0)
    const lines = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(lines.slice(0, -1)).toEqual(all)
    expect(addedUp(lines.at(-1) as Summary)).toMatchObject({ consumed: 3000, stored: 3000 })
  })

  test('-o json of every command is JSON on standard output, and standard error is empty but for the log', async () => {
    await project.run(produceOrders, { input: jsonLines(orders(1, 2, () => ({ status: 'LOST' }))) })
    await project.runOrders()
    const commands = [
      ['query', '-o', 'json'],
      ['query', 'orders-of', 'customer=c0', '-o', 'json'],
      ['dlq', 'list', '-o', 'json'],
      ['dlq', 'show', '0@0', '-o', 'json'],
      ['dlq', 'release', '--all', '--dry-run', '-o', 'json'],
      ['lint', 'topologies/orders.yaml', '-o', 'json'],
      ['describe', 'topologies/orders.yaml', '-o', 'json'],
      ['explain', 'topologies/orders.yaml', '-o', 'json'],
    ]
    const answers = await Promise.all(commands.map((words) => project.run(words)))
    for (const ran of answers) {
      expect(answer(ran)).toBeInstanceOf(Object)
      expect(ran.stderr).toBe('')
    }
  })

  test('the folder of the store is made where it is missing', async () => {
    const store = project.path('a', 'b')
    await project.produce(orders(0, 3), ['--store', store])
    expect(await project.runOrders(['--store', store])).toMatchObject({ consumed: 3 })
    rmSync(store, { recursive: true })
  })
})
