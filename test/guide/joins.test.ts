import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import { Bench, withBench } from '../support/harness.ts'

const guide = readFileSync(new URL('../../docs/guide/joins.md', import.meta.url), 'utf8')
const blocks = (language: string): string[] =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, text]) => text!)
const [whole, processorsOnly] = blocks('yaml') as [string, string]
const globally = whole.replace(/processors:\n.*?\n(?=sinks)/s, processorsOnly)

test.each([
  ['by partition', whole, 'ada'],
  ['global', globally, 'of nobody'],
])('the topology of docs/guide/joins.md does what the page says: %s', async (_name, yaml, key) => {
  const bench = new Bench(1, yaml, { partitions: 1, registry: () => ({ sources, processors, sinks }) })
  await withBench(bench, async () => {
    const { topics } = bench.cluster
    const write = (topic: string, of: string, value: object): void =>
      void topics.append([
        {
          topic,
          partition: 0,
          key: Buffer.from(of),
          value: Buffer.from(JSON.stringify(value)),
          headers: [],
          timestamp: 0,
        },
      ])
    const more = key === 'ada' ? {} : { customerId: 'ada' }
    for (const topic of ['orders', 'customers']) topics.ensure(topic, 1)
    write('orders', key, { item: 'tea', ...more })
    write('orders', 'eve', { item: 'salt' })
    write('customers', 'ada', { name: 'Ada', city: 'Paris' })
    write('customers', 'ada', { name: 'Ada', city: 'London' })
    await bench.toEnd()
    const read = (topic: string): unknown[] =>
      [...topics.all({ topic, partition: 0 })].map(([, { value }]) => JSON.parse(String(Buffer.from(value!))))
    const [json] = blocks('json')
    expect(read('orders-with-customer')).toEqual([{ ...(JSON.parse(json!) as object), ...more }])
    // Without a field there is no key: an inner join drops the record.
    expect(read('orders-of-strangers')).toEqual(key === 'ada' ? [{ item: 'salt' }] : [])
  })
})
