import { kafkaAdmin } from '../../test/support/servers/kafka-admin.ts'
import { JoinCheck } from './check-joined.ts'
import { Customers } from './customers.ts'
import type { Bench, Course, Scenario, Stage } from './scenario.ts'
import { orderItems, orderKeys, orderPartitions } from './scenario-dedup.ts'
import { joinSystems } from './systems-join.ts'
import { fillOrders, newTopic, stateFolder, uncommitted, type FilledTopic } from './topics.ts'
import { fillTopic, readTopic } from './wire.ts'

/** Orders with their customers, from a topic that is read as a table. */
export const join: Scenario = {
  name: 'join',
  title: 'Each order with its customer, from a topic that is read as a table',
  systems: joinSystems,
  async open(bench): Promise<Stage> {
    const { bootstrap } = bench.servers
    const shape = { keys: orderKeys, items: orderItems, total: bench.options.sizes.join }
    const topic = await fillOrders(bench, shape, orderPartitions)
    const admin = kafkaAdmin(bootstrap)
    const table = await newTopic(admin, 'bench-customers', orderPartitions, { 'cleanup.policy': 'compact' })
    await fillTopic(bootstrap, table, new Customers(orderKeys, topic.start - 1))
    return {
      begin: () => begin(bench, topic, table),
      close: async () => {
        await topic.remove()
        await admin.deleteTopic(table)
      },
    }
  },
}

async function begin(bench: Bench, topic: FilledTopic, table: string): Promise<Course> {
  const { bootstrap } = bench.servers
  const admin = kafkaAdmin(bootstrap)
  const { name, shape, partitions, schema, schemaId } = topic
  const output = await newTopic(admin, 'bench-joined', partitions)
  const group = admin.uniqueGroup('bench')
  const state = stateFolder(bench)
  const { total, keys } = shape
  const topics = { bootstrap, input: name, table, output, partitions }
  return {
    task: { ...topics, total, group, state: state.path, schema, schemaId, keys },
    async fault({ records }) {
      if (records !== total) return `it read ${records} records of ${total}`
      const check = new JoinCheck(shape)
      await readTopic(bootstrap, output, partitions, (batch) => check.look(batch))
      return check.fault ?? (await uncommitted(bootstrap, group, name, partitions))
    },
    async end() {
      state.end()
      await admin.reset()
    },
  }
}
