import { kafkaAdmin } from '../../test/support/servers/kafka-admin.ts'
import { OrderCheck } from './check-orders.ts'
import type { Bench, Course, Scenario, Stage } from './scenario.ts'
import { dedupSystems } from './systems-dedup.ts'
import { fillOrders, newTopic, stateFolder, uncommitted, type FilledTopic } from './topics.ts'
import { readTopic } from './wire.ts'

export const orderPartitions = 6
export const orderKeys = 100_000
export const orderItems = 2

/** Drop what was sent twice, on the way from one topic to another. */
export const dedup: Scenario = {
  name: 'dedup',
  title: 'Deduplication by eventId, from topic to topic, with state',
  systems: dedupSystems,
  async open(bench): Promise<Stage> {
    const { dedup: total, dedupSlow } = bench.options.sizes
    const shape = { keys: orderKeys, items: orderItems }
    const whole = await fillOrders(bench, { ...shape, total }, orderPartitions)
    // Made where a slow system takes part.
    let part: FilledTopic | undefined
    return {
      begin: async ({ slow }) => {
        if (slow) part ??= await fillOrders(bench, { ...shape, total: dedupSlow }, orderPartitions)
        return beginDedup(bench, slow ? part! : whole)
      },
      close: async () => {
        await whole.remove()
        await part?.remove()
      },
    }
  },
}

/** One run over a topic of orders, judged by what it wrote and what it committed. */
export async function beginDedup(bench: Bench, topic: FilledTopic): Promise<Course> {
  const { bootstrap } = bench.servers
  // Its mark is in the group's name, and so in the names of all topics that a system makes for itself.
  const admin = kafkaAdmin(bootstrap)
  const output = await newTopic(admin, 'bench-distinct', topic.partitions)
  const group = admin.uniqueGroup('bench')
  const state = stateFolder(bench)
  const { name, shape, partitions, schema, schemaId } = topic
  return {
    task: {
      bootstrap,
      input: name,
      output,
      partitions,
      total: shape.total,
      group,
      state: state.path,
      schema,
      schemaId,
      keys: shape.keys,
    },
    async fault({ records }) {
      if (records !== shape.total) return `it read ${records} records of ${shape.total}`
      const check = new OrderCheck(shape)
      await readTopic(bootstrap, output, partitions, (batch) => check.look(batch))
      return check.fault ?? (await uncommitted(bootstrap, group, name, partitions))
    },
    async end() {
      state.end()
      await admin.reset()
    },
  }
}
