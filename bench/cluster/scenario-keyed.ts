import { kafkaAdmin } from '../../test/support/servers/kafka-admin.ts'
import type { Bench, Course, Scenario } from './scenario.ts'
import { orderItems, orderKeys, orderPartitions } from './scenario-dedup.ts'
import { keyedSystems } from './systems-keyed.ts'
import type { Outcome } from './task.ts'
import { fillOrders, stateFolder, uncommitted, type FilledTopic } from './topics.ts'

/** Work of ten milliseconds with each record, in order within a key. */
function keyedScenario(concurrency: 100 | 1000): Scenario {
  return {
    name: `keyed-io-${concurrency}`,
    title: `10 ms of I/O with each record, in order within a key, ${concurrency.toLocaleString('en-US')} at once`,
    systems: keyedSystems(concurrency, orderPartitions),
    async open(bench) {
      const { keyed100, keyed1000 } = bench.options.sizes
      const total = concurrency === 100 ? keyed100 : keyed1000
      const topic = await fillOrders(bench, { total, keys: orderKeys, items: orderItems }, orderPartitions)
      return { begin: () => beginKeyed(bench, topic), close: () => topic.remove() }
    },
  }
}

async function beginKeyed(bench: Bench, topic: FilledTopic): Promise<Course> {
  const { bootstrap } = bench.servers
  const admin = kafkaAdmin(bootstrap)
  const group = admin.uniqueGroup('bench')
  const state = stateFolder(bench)
  const { name, shape, partitions, schema, schemaId } = topic
  const { total, keys } = shape
  const task = { bootstrap, input: name, output: '', partitions, total, group, schema, schemaId, keys }
  return {
    task: { state: state.path, ...task },
    async fault(outcome) {
      return keyedFault(outcome, total) ?? (await uncommitted(bootstrap, group, name, partitions))
    },
    async end() {
      state.end()
      await admin.reset()
    },
  }
}

/** What the process itself saw: it looks at key and offset of each record when its work begins. */
export function keyedFault({ records, outOfOrder, atOnce }: Outcome, total: number): string | undefined {
  if (records !== total) return `it worked on ${records} records of ${total}`
  if (outOfOrder === undefined || atOnce === undefined) return 'it does not tell the order in which it worked'
  if (outOfOrder !== 0) return `${outOfOrder} records were out of their key's order`
  if (atOnce !== 0) return `${atOnce} records were worked on beside another one of their key`
  return undefined
}

export const keyedScenarios: readonly Scenario[] = [keyedScenario(100), keyedScenario(1000)]
