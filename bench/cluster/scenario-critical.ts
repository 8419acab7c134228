import { setTimeout as delay } from 'node:timers/promises'
import { Writer } from '../../native/writer.ts'
import { kafkaAdmin } from '../../test/support/servers/kafka-admin.ts'
import type { Bench, Course, Scenario } from './scenario.ts'
import { beginDedup, orderItems, orderKeys, orderPartitions } from './scenario-dedup.ts'
import { criticalSystems } from './systems-critical.ts'
import { fillOrders, newTopic, type FilledTopic } from './topics.ts'

const alarmsPerSecond = 500
const alarmKeys = 50
/** With fewer orders the deduplication is over before an alarm counts. */
const leastOrders = 1_000_000

/** Records that must not wait, beside a deduplication as fast as it goes, in one process. */
export const critical: Scenario = {
  name: 'critical',
  title: `${alarmsPerSecond} critical records a second beside a deduplication at full rate in the same process, from the record to its acknowledged copy`,
  systems: criticalSystems,
  async open(bench) {
    const total = Math.max(leastOrders, bench.options.sizes.dedup)
    const orders = await fillOrders(bench, { keys: orderKeys, items: orderItems, total }, orderPartitions)
    return { begin: () => beginCritical(bench, orders), close: () => orders.remove() }
  },
}

async function beginCritical(bench: Bench, orders: FilledTopic): Promise<Course> {
  const { bootstrap } = bench.servers
  const course = await beginDedup(bench, orders)
  const admin = kafkaAdmin(bootstrap)
  const input = await newTopic(admin, 'bench-alarms', orderPartitions)
  const output = await newTopic(admin, 'bench-alarmed', orderPartitions)
  return {
    task: { ...course.task, critical: { input, output } },
    alongside: (stop) => raiseAlarms(bootstrap, input, stop),
    async fault(outcome) {
      if ((outcome.latency?.count ?? 0) === 0) return 'no alarm was copied while orders were under way'
      return course.fault(outcome)
    },
    async end() {
      await course.end()
      await admin.reset()
    },
  }
}

/** Writes alarms until it is stopped, each with the time at which it was raised. */
async function raiseAlarms(bootstrap: string, topic: string, stop: AbortSignal): Promise<void> {
  const writer = await Writer.open({ settings: { 'bootstrap.servers': bootstrap, 'linger.ms': 0 } })
  try {
    const began = performance.now()
    for (let sent = 0; !stop.aborted; await delay(10)) {
      const due = Math.floor(((performance.now() - began) / 1000) * alarmsPerSecond)
      const at = Date.now()
      const alarms = Array.from({ length: due - sent }, (_, n) => ({
        topic,
        key: Buffer.from(`k${(sent + n) % alarmKeys}`),
        value: Buffer.from(JSON.stringify({ at, n: sent + n })),
        headers: [],
      }))
      sent = due
      if (alarms.length > 0) await writer.writePlain(alarms)
    }
  } finally {
    await writer.close()
  }
}
