// The whole event platform on a small made-up shop, from a folder that is no project.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import {
  addedUp,
  answer,
  expectQuiet,
  expectRefusal,
  root,
  TestProject,
  type Ran,
  type Summary,
} from '../support/cli.ts'
import { platformTopologies } from '../../cli/demo/platform.ts'

jest.setTimeout(300_000)

interface Told {
  readonly written: number
  readonly sample: { readonly eventId: string; readonly orderId: string; readonly customerId: string }
  readonly summaries: Readonly<Record<string, Summary>>
  readonly reconciliation: {
    readonly tables: readonly { readonly table: string; readonly expected: number; readonly found: number }[]
    readonly differences: readonly unknown[]
  }
}

let project: TestProject
beforeAll(() => {
  project = new TestProject({ 'here.txt': '' })
})
afterAll(() => project.remove())

const flags = ['--store', '.millrace/demo', '--project', root]

async function rowsOf(...words: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const ran = await project.run(['query', ...words, ...flags, '--limit', '5000', '-o', 'json'])
  return answer<{ rows: readonly Readonly<Record<string, unknown>>[] }>(ran).rows
}

test('every event is in the audit once, and the read models tell one story', async () => {
  const ran = await project.run(['demo', '--platform', '--events', '2500', '--seed', '5', '-o', 'json'])
  expect(ran.stderr).toBe(
    `Writing the events of a made-up shop, and running ${platformTopologies.length} topologies on them …\n`,
  )
  const { written, sample, summaries, reconciliation } = answer<Told>({ ...ran, stderr: '' })
  expect(written).toBeGreaterThanOrEqual(2500)
  expect(Object.values(summaries).filter(({ deadLettered, skipped }) => deadLettered + skipped > 0)).toEqual(
    [],
  )

  const audit = addedUp(summaries['audit-service-consumer-group']!)
  expect(audit.duplicates).toBeGreaterThan(0)
  expect(reconciliation.differences).toEqual([])
  expect(reconciliation.tables).toHaveLength(2)
  for (const { expected, found } of reconciliation.tables)
    expect([expected, found]).toEqual([audit.stored, audit.stored])

  const [order] = await rowsOf('order', `orderId=${sample.orderId}`)
  expect(order).toMatchObject({ status: 'shipped', customer_id: sample.customerId })
  const ofCustomer = await rowsOf('orders-of-customer', `customerId=${sample.customerId}`)
  expect(ofCustomer.map(({ order_id: id }) => id)).toContain(sample.orderId)

  // What the figures count is what the audit has: no order is lost on the way through the topics between.
  const created = await rowsOf('events-of-type', 'type=order.created', 'limit=5000')
  const minutes = await rowsOf('orders-per-minute', 'from=now-7d', 'limit=5000')
  expect(minutes.reduce((sum, { orders }) => sum + Number(orders), 0)).toBe(created.length)
  expect(created.length).toBeGreaterThan(50)

  const trace = (name: string) =>
    project.run(['trace', sample.eventId, '--topology', `${root}/topologies/${name}.yaml`, ...flags])
  const traced = await trace('audit-service-consumer-group')
  expect(traced.stdout).toMatch(/row is there: business_events_by_type/)
  // Its source reads some types of the topic, and passes the others over.
  const letter = await trace('notifications')
  expect(letter.stdout).toMatch(/record is there: business.notifications.requested/)
  expect(letter.stdout).toMatch(/\d+ of them are of types that the source passes over/)
  expect(letter.stdout).not.toMatch(/do not decode/)
})

test('for people: it tells numbers, answers questions, and says what can be tried, which then works', async () => {
  const ran: Ran = await project.run(['demo', '--platform', '--events', '800'])
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' })
  expectQuiet({ ...ran, stdout: ran.stdout.replaceAll('null', '') })
  for (const words of [
    'What became of an order?',
    'How is business?',
    'How far do visits come?',
    'No differences.',
    'Where did one event go?',
  ])
    expect(ran.stdout).toContain(words)
  const tries = ran.stdout.split('Try next:\n')[1]!.trimEnd().split('\n')
  const asked = [...ran.stdout.matchAll(/\((millrace .*)\)$/gm)].map((match) => match[1]!)
  const commands = [...asked, ...tries.map((line) => line.trim().split(/ {2,}/)[0]!)].filter(
    (line) => !line.includes('--seed'),
  )
  expect(commands.length).toBeGreaterThan(9)
  const tried = await Promise.all(commands.map((line) => project.run(line.split(' ').slice(1))))
  expect(tried.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    commands.map(() => ({ code: 0, stderr: '' })),
  )
})

test.each([1, 400])(
  'of %d events nothing is shown that is not there, and it says what shows more',
  async (events) => {
    const ran = await project.run(['demo', '--platform', '--events', String(events)])
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' })
    const blocks = ran.stdout.split('\n\n').filter((block) => block.includes('(millrace query '))
    expect(blocks.length).toBeGreaterThanOrEqual(5)
    for (const block of blocks) {
      const [, ...answers] = block.trimEnd().split('\n')
      // A head and rows, or why there are none.
      if (answers.length < 2)
        expect(answers).toEqual([expect.stringMatching(/^ {2}\S.*: try --events 10000\.$/)])
    }
    expect(blocks.some((block) => block.includes('try --events'))).toBe(true)
    expect(ran.stdout).toContain('No differences.')
  },
)

test('flags that do not go together are refused', async () => {
  expectRefusal(await project.run(['demo', '--platform', '--repo', '.']), 2, /reads no repository/)
  expectRefusal(await project.run(['demo', '--seed', '3']), 2, /add --platform/)
})

test('shop: the same seed and beginning print the same lines', async () => {
  const words = ['shop', '--events', '50', '--seed', '9', '--begin', '2026-01-05T08:00:00Z', '--print']
  const [once, twice] = await Promise.all([project.run(words), project.run(words)])
  expect(once.stdout).toBe(twice.stdout)
  const lines = once.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly topic: string; readonly schema: string })
  expect(lines.length).toBeGreaterThanOrEqual(50)
  expect(lines[0]).toMatchObject({
    topic: 'business.inventory.events',
    schema: 'shop.inventory.StockReceived',
  })
})
