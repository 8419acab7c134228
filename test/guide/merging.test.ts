import { expect, test } from '@jest/globals'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import { blocksOf } from '../docs/blocks.ts'
import { Bench, withBench } from '../support/harness.ts'

const blocks = blocksOf('docs/guide/merging.md')
const [yaml, history] = ['yaml', 'json'].map((one) => blocks.find(({ language }) => language === one)!.text)

test('the topology of docs/guide/merging.md does what the page says', async () => {
  const registry = { sources, processors, sinks }
  const bench = new Bench(1, yaml!, { partitions: 1, registry: () => registry })
  await withBench(bench, async () => {
    const { topics } = bench.cluster
    const write = (topic: string, value: object): void => {
      topics.ensure(topic, 1)
      const record = { key: Buffer.from('ada'), value: Buffer.from(JSON.stringify(value)), headers: [] }
      topics.append([{ ...record, topic, partition: 0, timestamp: 0 }])
    }
    write('payments', { at: 1000, paid: 5 })
    write('payments', { at: 3000, paid: 7 })
    write('logins', { at: 2000, from: 'web' })
    await bench.toEnd()
    const read = [...topics.all({ topic: 'account-history', partition: 0 })]
    expect(read.map(([, { value }]) => JSON.parse(String(Buffer.from(value!))) as unknown)).toEqual(
      history!
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    )
  })
})
