// Records that cannot be processed: seen, mended, released in order, or given up.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { answer, expectRefusal, orders, TestProject, unlogged } from '../support/cli.ts'

jest.setTimeout(300_000)

let project: TestProject
let good: string

/** Of c1: o4 is refused, o7 and o10 wait behind it. Of c2: o2 is refused, o5 to o11 wait. c0 is well. */
const sent = orders(0, 12, (n) => ({ status: n === 4 || n === 2 ? 'LOST' : 'OPEN' }))

beforeAll(async () => {
  project = new TestProject()
  await project.produce(sent)
  expect(await project.runOrders()).toMatchObject({ consumed: 12, stored: 5, deadLettered: 7 })
  good = project.copyStore('good')
})
afterAll(() => project.remove())

interface ParkedKey {
  readonly key: string
  readonly openLetters: number
  readonly firstLetter: string
  readonly code: string
  readonly error: string
  readonly requested: string | null
}

const list = async (flags: readonly string[] = []) =>
  answer<ParkedKey[]>(await project.run(['dlq', 'list', '-o', 'json', ...flags]))

const dlq = async (...words: readonly string[]) => answer(await project.run(['dlq', ...words, '-o', 'json']))

const counts = async () =>
  Object.fromEntries((await list()).map(({ key, openLetters, requested }) => [key, [openLetters, requested]]))

describe('parked records', () => {
  test('are listed by key, with the reason', async () => {
    const keys = await list()
    expect(keys).toMatchObject([
      { key: 'c2', openLetters: 4, code: 'RECORD_INVALID', requested: null },
      { key: 'c1', openLetters: 3, code: 'RECORD_INVALID', requested: null },
    ])
    expect(keys[0]!.error).toMatch(/^The field status is not valid: it breaks the rule oneOf/)
    expect(await list(['--key', 'c1'])).toMatchObject([{ key: 'c1' }])
    const { stdout } = await project.run(['dlq', 'list'])
    expect(stdout).toContain('7 open letters of 2 keys. One of them: millrace dlq show 0@0')
  })

  test('are shown with what they came from and what they say', async () => {
    const [{ firstLetter }] = (await list(['--key', 'c1'])) as [ParkedKey]
    expect(await dlq('show', firstLetter)).toMatchObject({
      place: firstLetter,
      state: 'open',
      topology: 'orders',
      record: 'orders/0@4',
      key: 'c1',
      follower: false,
      format: 'avro shop.Order',
      value: sent[4],
    })
  })

  test('hold back what comes for their key, and nothing else', async () => {
    await project.produce(orders(12, 15))
    expect(await project.runOrders()).toMatchObject({ consumed: 3, stored: 1, deadLettered: 2 })
    expect(await counts()).toEqual({ c1: [4, null], c2: [5, null] })
    expect(await project.storedIds()).toEqual(['o0', 'o1', 'o3', 'o6', 'o9', 'o12'])
  })
})

describe('release', () => {
  test('as a dry run changes nothing', async () => {
    expect(await dlq('release', '--key', 'c1', '--dry-run')).toMatchObject({ letters: 4, dryRun: true })
    expect(await project.runOrders()).toMatchObject({ consumed: 0 })
    expect(await counts()).toEqual({ c1: [4, null], c2: [5, null] })
  })

  test('asks, and without a terminal to ask on it refuses', async () => {
    const ran = await project.run(['dlq', 'release', '--key', 'c1'])
    expectRefusal(ran, 2, /there is no terminal to ask on: add --yes, or --dry-run to look first\.$/)
    expect(await counts()).toEqual({ c1: [4, null], c2: [5, null] })
  })

  test('with the cause still there leaves everything parked, in order', async () => {
    expect(await dlq('release', '--key', 'c1', '--yes')).toMatchObject({ letters: 4, dryRun: false })
    expect(await counts()).toEqual({ c1: [4, 'release'], c2: [5, null] })
    await project.runOrders()
    expect(await counts()).toEqual({ c1: [4, null], c2: [5, null] })
    expect(await project.storedIds()).toEqual(['o0', 'o1', 'o3', 'o6', 'o9', 'o12'])
  })

  test('with the cause mended stores them, once, and the key is free again', async () => {
    project.edit('topologies/orders.yaml', 'OPEN, PAID', 'OPEN, LOST, PAID')
    await dlq('release', '--key', 'c1', '--yes')
    await project.runOrders()
    expect(await counts()).toEqual({ c2: [5, null] })
    expect(await project.storedIds()).toEqual(['o0', 'o1', 'o3', 'o4', 'o6', 'o7', 'o9', 'o10', 'o12', 'o13'])
    // Sent again, they are known: a released record keeps its id.
    await project.produce([...sent.filter(({ customer }) => customer === 'c1'), ...orders(16, 17)])
    expect(await project.runOrders()).toMatchObject({ consumed: 5, duplicates: 4, stored: 1 })
  })

  test('of all that is left, while the worker runs', async () => {
    const worker = project.start(['run', 'topologies/orders.yaml'])
    await worker.url()
    await dlq('release', '--all', '--yes')
    // Something is stored at any speed; a hang fails by jest's time-out.
    while ((await list()).length > 0) continue
    worker.kill('SIGTERM')
    expect((await worker.ended).code).toBe(0)
    expect(await project.storedIds()).toEqual([...orders(0, 15), ...orders(16, 17)].map(({ id }) => id))
    expect(unlogged((await project.run(['dlq', 'list'])).stdout)).toEqual(['Nothing is parked.'])
  })
})

describe('discard', () => {
  const letters = (flags: readonly string[]) => project.run(['dlq', ...flags, '--store', good])
  const store = () => ['--store', good]
  const mended = { ...sent[2]!, status: 'PAID' }

  beforeAll(() => project.edit('topologies/orders.yaml', 'OPEN, LOST, PAID', 'OPEN, PAID'))

  test('needs a reason', async () => {
    expectRefusal(await letters(['discard', '--key', 'c2', '--yes']), 2, /dlq discard needs --reason TEXT/)
    expectRefusal(await letters(['discard', '--all', '--reason', 'x']), 2, /dlq discard has no --all/)
  })

  test('as a dry run changes nothing', async () => {
    const words = ['discard', '--key', 'c2', '--reason', 'lost for good', '--dry-run', '-o', 'json']
    expect(answer(await letters(words))).toMatchObject({ letters: 4, dryRun: true })
    expect(await project.runOrders(store())).toMatchObject({ consumed: 0 })
    expect(await list([...store(), '--key', 'c2'])).toMatchObject([{ openLetters: 4, requested: null }])
  })

  test('of the one bad letter, then release: those behind it are stored', async () => {
    const [{ firstLetter }] = (await list([...store(), '--key', 'c1'])) as [ParkedKey]
    answer(await letters(['discard', firstLetter, '--reason', 'lost for good', '--yes', '-o', 'json']))
    answer(await letters(['release', '--key', 'c1', '--yes', '-o', 'json']))
    await project.runOrders(store())
    expect(await list([...store(), '--key', 'c1'])).toEqual([])
    expect(await project.storedIds(store())).toEqual(['o0', 'o1', 'o3', 'o6', 'o7', 'o9', 'o10'])
    expect(answer(await letters(['show', firstLetter, '-o', 'json']))).toMatchObject({ state: 'closed' })
  })

  test('frees the id: it may come again, and is then processed', async () => {
    // While it is parked, what comes with its id waits behind it.
    await project.produce([mended], store())
    expect(await project.runOrders(store())).toMatchObject({ consumed: 1, deadLettered: 1 })
    answer(await letters(['discard', '--key', 'c2', '--reason', 'lost for good', '--yes', '-o', 'json']))
    await project.runOrders(store())
    expect(await list(store())).toEqual([])
    await project.produce([mended, mended, sent[5]!], store())
    expect(await project.runOrders(store())).toMatchObject({ consumed: 3, duplicates: 1, stored: 2 })
    expect(await project.storedIds(store())).toEqual(['o0', 'o1', 'o2', 'o3', 'o5', 'o6', 'o7', 'o9', 'o10'])
  })
})
