import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Trial } from './trial.ts'

let trial: Trial
let topic: string
let out: string
let group: string

beforeAll(async () => {
  trial = await Trial.open(2)
  topic = trial.kafka.uniqueTopic('orders')
  out = trial.kafka.uniqueTopic('revenue')
  trial.folder.write('schemas/catalogue.yaml', `topics:\n  ${topic}: { retention: 1d, partitions: 2 }\n`)
  group = trial.topology(
    'revenue',
    `sources: { orders: { type: topic, topic: ${topic}, format: json, timestamp: at } }
processors:
  totals: { type: aggregate, from: orders, fields: { orders: count, revenue: { sum: amount } } }
  minutes: { type: aggregate, from: orders, window: { tumbling: 1m }, emit: close, fields: { orders: count } }
sinks:
  out: { type: topic, from: [totals, minutes], topic: ${out} }
delivery: exactly-once
`,
  )
})

afterAll(() => trial.close())

type Order = readonly [key: string, seconds: number, amount: number]

const produce = (to: string, ...orders: readonly Order[]): Promise<void> =>
  trial.produce(to, ...orders.map(([key, seconds, amount]) => ({ key, at: seconds * 1000, amount })))

/** What was sent. A record behind it in both partitions ends them otherwise than with a transaction's marker. */
async function values(): Promise<{ readonly key: string }[]> {
  await produce(out, ['berlin', 0, 0], ['rome', 0, 0])
  return (await trial.read<{ readonly key: string }>(out)).filter((one) => 'version' in one)
}

test('in a cluster: a compacted changelog, exactly-once outputs, and state that goes on in the next life', async () => {
  await trial.apply()
  for (const store of ['totals', 'totals.sent', 'minutes']) {
    const shown = await trial.folder.json<{ settings: object }>(
      `topics show ${group}.${store}.changelog --env trial`,
    )
    expect(shown.settings).toMatchObject({ 'cleanup.policy': 'compact' })
  }
  await produce(topic, ['berlin', 1, 10], ['berlin', 2, 5], ['rome', 3, 1])
  await trial.toEnd('revenue')
  await produce(topic, ['berlin', 61, 7])
  await trial.toEnd('revenue')
  const sent = await values()
  expect(sent.filter((one) => 'revenue' in one && one.key === 'berlin')).toEqual([
    { key: 'berlin', version: 2, orders: 2, revenue: 15 },
    { key: 'berlin', version: 3, orders: 3, revenue: 22 },
  ])
  expect(sent.filter((one) => 'from' in one)).toContainEqual({
    key: 'berlin',
    from: 0,
    to: 60_000,
    version: 2,
    orders: 2,
  })
})
