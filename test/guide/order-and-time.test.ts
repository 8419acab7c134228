import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import { lintText } from '../engine/topology/kit.ts'
import { Bench, withBench } from '../support/harness.ts'

const topologyOf = (page: string, which = 0): string => {
  const guide = readFileSync(new URL(`../../docs/guide/${page}`, import.meta.url), 'utf8')
  return [...guide.matchAll(/```yaml\n(.*?)```/gs)][which]![1]!
}
const start = (yaml: string): Bench =>
  new Bench(1, yaml, { partitions: 1, registry: () => ({ sources, processors, sinks }) })

function write(bench: Bench, topic: string, key: string, values: readonly object[]): void {
  const { topics, clock } = bench.cluster
  const timestamp = clock.now()
  const record = { topic, key: Buffer.from(key), headers: [], timestamp }
  topics.ensure(topic, 1)
  topics.append(values.map((value) => ({ ...record, value: Buffer.from(JSON.stringify(value)) })))
}

function read(bench: Bench, topic: string): unknown[] {
  const { topics } = bench.cluster
  if (topics.partitionsOf(topic) === undefined) return []
  return [...topics.all({ topic, partition: 0 })].map(([, { value }]) =>
    JSON.parse(String(Buffer.from(value!))),
  )
}

test.each(['sequences.md', 'timers.md'])(
  'lint has nothing to say of the topology of docs/guide/%s',
  (page) => {
    expect(lintText(topologyOf(page)).filter(({ severity }) => severity !== 'info')).toEqual([])
  },
)

test('the topology of docs/guide/sequences.md does what the page says', async () => {
  const bench = start(topologyOf('sequences.md'))
  await withBench(bench, async () => {
    const event = (sessionSeq: number, eventId = `e${sessionSeq}`): object => ({ eventId, sessionSeq })
    write(bench, 'session-events', 's-17', [event(2), event(1), event(3), event(6), event(3, 'other')])
    const { cluster } = bench
    cluster.start()
    await cluster.until(() => read(bench, 'session-events-ordered').length === 4)
    await cluster.stop()
    expect(read(bench, 'session-events-ordered')).toEqual([event(1), event(2), event(3), event(6)])
    expect(read(bench, 'session-gaps')).toEqual([{ key: 's-17', from: 4, to: 5 }])
    expect(read(bench, 'session-late')).toEqual([event(3, 'other')])
  })
})

test('the topology of docs/guide/timers.md does what the page says', async () => {
  const bench = start(topologyOf('timers.md'))
  await withBench(bench, async () => {
    const { cluster } = bench
    const began = cluster.clock.now()
    const event = (eventId: string, type: string, minutes = 0): object => ({
      eventId,
      type,
      at: began + minutes * 60_000,
    })
    write(bench, 'order-events', 'o1', [event('e1', 'OrderPlaced'), event('e2', 'OrderShipped')])
    write(bench, 'order-events', 'o2', [event('e3', 'OrderPlaced')])
    await bench.toEnd()
    // The worker is away; an order is paid meanwhile.
    cluster.clock.advance(3_600_000)
    write(bench, 'order-events', 'o2', [event('e4', 'OrderPaid', 25)])
    cluster.start()
    await cluster.until(() => read(bench, 'orders-overdue').length > 0)
    await cluster.stop()
    expect(read(bench, 'orders-overdue')).toEqual([
      { ...event('e1', 'OrderPlaced'), dueAt: began + 1_800_000 },
    ])
  })
})

test('an invoice is reminded of as docs/guide/timers.md says', async () => {
  const bench = start(topologyOf('timers.md', 1))
  await withBench(bench, async () => {
    const { cluster } = bench
    const began = cluster.clock.now()
    const day = 86_400_000
    const event = (type: string, days: number): object => ({ type, at: began + days * day })
    write(bench, 'invoice-events', 'i1', [event('InvoiceSent', 0)])
    write(bench, 'invoice-events', 'i2', [event('InvoiceSent', 0)])
    await bench.toEnd()
    cluster.clock.advance(16.5 * day)
    write(bench, 'invoice-events', 'i2', [event('InvoicePaid', 15.5)])
    cluster.start()
    await cluster.until(() => read(bench, 'invoice-reminders').length === 5)
    await cluster.stop()
    const told = [...cluster.topics.all({ topic: 'invoice-reminders', partition: 0 })].map(
      ([, { key, timestamp }]) => `${String(Buffer.from(key!))} ${(timestamp - began) / day}`,
    )
    expect(told.toSorted()).toEqual(['i1 14', 'i1 15', 'i1 16', 'i2 14', 'i2 15'])
  })
})
