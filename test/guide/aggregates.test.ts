import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import { Bench, withBench } from '../support/harness.ts'

const guide = readFileSync(new URL('../../docs/guide/aggregates.md', import.meta.url), 'utf8')
const block = (language: string, which = 0): string =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))][which]![1]!

test('the topology of docs/guide/aggregates.md does what the page says', async () => {
  const bench = new Bench(1, block('yaml'), {
    partitions: 1,
    registry: () => ({ sources, processors, sinks }),
  })
  await withBench(bench, async () => {
    const { topics } = bench.cluster
    const order = (seconds: number, amount: number, userId: string) => ({
      topic: 'orders',
      key: Buffer.from('berlin'),
      value: Buffer.from(JSON.stringify({ at: seconds * 1000, amount, userId })),
      headers: [],
      timestamp: seconds * 1000,
    })
    topics.ensure('orders', 1)
    topics.append([order(61, 10, 'ada'), order(100, 5, 'alan'), order(150, 1, 'ada'), order(70, 1, 'ada')])
    await bench.toEnd()
    const read = (topic: string): unknown[] =>
      [...topics.all({ topic, partition: 0 })].map(([, { value }]) => JSON.parse(String(Buffer.from(value!))))
    expect(read('revenue-by-minute')).toEqual([JSON.parse(block('json'))])
    expect(read('orders-late')).toEqual([{ at: 70_000, amount: 1, userId: 'ada' }])
    const [, sent] = [...topics.all({ topic: 'revenue-by-minute', partition: 0 })][0]!
    expect([String(Buffer.from(sent.key!)), sent.timestamp]).toEqual(['berlin', 100_000])
  })
})

test('several topics go through one: a visit is made of both', async () => {
  const registry = () => ({ sources, processors, sinks })
  const bench = new Bench(1, block('yaml', 1), { partitions: 2, registry })
  await withBench(bench, async () => {
    const { topics } = bench.cluster
    const write = (topic: string, value: object): void => {
      topics.ensure(topic, 2)
      const record = { key: Buffer.from('ada'), value: Buffer.from(JSON.stringify(value)), headers: [] }
      topics.append([{ ...record, topic, timestamp: 0 }])
    }
    write('payments', { at: 1000, userId: 'ada', amount: 5 })
    write('payments', { at: 3_600_000, userId: 'ada', amount: 1 })
    write('logins', { at: 2000, userId: 'ada' })
    write('logins', { at: 3_600_001, userId: 'ada' })
    await bench.toEnd()
    const read = [0, 1].flatMap((partition) => [...topics.all({ topic: 'user-visits', partition })])
    expect(read.map(([, { value }]) => JSON.parse(String(Buffer.from(value!))) as unknown)).toContainEqual(
      JSON.parse(block('json', 1)),
    )
  })
})
