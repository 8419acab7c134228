import { kafkaAdmin } from '../../test/support/servers/kafka-admin.ts'
import { SumCheck } from './check-sums.ts'
import type { Bench, Course, Scenario, Stage } from './scenario.ts'
import { orderItems, orderPartitions } from './scenario-dedup.ts'
import { aggregateSystems, windowMs } from './systems-aggregate.ts'
import { fillOrders, newTopic, stateFolder, uncommitted, type FilledTopic } from './topics.ts'
import { readTopic } from './wire.ts'

/** Six orders of each in a minute. */
const keys = 10_000

/** How many orders, and what they come to, by key and minute: the newest values after each commit. */
export const aggregate: Scenario = {
  name: 'aggregate',
  title: 'Orders and revenue by key and minute, from topic to topic',
  systems: aggregateSystems,
  async open(bench): Promise<Stage> {
    const shape = { keys, items: orderItems, total: bench.options.sizes.aggregate }
    const topic = await fillOrders(bench, shape, orderPartitions)
    return { begin: () => begin(bench, topic), close: () => topic.remove() }
  },
}

async function begin(bench: Bench, topic: FilledTopic): Promise<Course> {
  const { bootstrap } = bench.servers
  const admin = kafkaAdmin(bootstrap)
  const { name, shape, partitions, schema, schemaId, start } = topic
  const output = await newTopic(admin, 'bench-sums', partitions)
  const group = admin.uniqueGroup('bench')
  const state = stateFolder(bench)
  const { total } = shape
  return {
    task: {
      bootstrap,
      input: name,
      output,
      partitions,
      total,
      group,
      state: state.path,
      schema,
      schemaId,
      keys,
    },
    async fault({ records }) {
      if (records !== total) return `it read ${records} records of ${total}`
      const check = new SumCheck(shape, start, windowMs)
      await readTopic(bootstrap, output, partitions, (batch) => check.look(batch))
      return check.fault ?? (await uncommitted(bootstrap, group, name, partitions))
    },
    async end() {
      state.end()
      await admin.reset()
    },
  }
}
