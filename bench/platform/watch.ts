import { join } from 'node:path'
import type { Client } from 'cassandra-driver'
import { platformTopologies } from '../../cli/demo/platform.ts'
import type { Project } from '../../cli/project/project.ts'
import { loadPlans, topicsFollowed } from '../../cli/run/topologies.ts'
import type { TopicPartition } from '../../native/positions.ts'
import type { ShopEvent } from '../../platform/shop/shop-event.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import { Effects, type Due } from './effects.ts'
import { Expectations, type Visible } from './expectations.ts'
import { DueTimes, LagWatch } from './lag.ts'
import { Probes } from './probes.ts'
import type { Cluster } from './servers.ts'
import { TopicWatch } from './watch-topics.ts'
import { root } from './workers.ts'

/** One order and one product in so many milliseconds are looked for in their tables. */
const sampleEveryMs = 200
const lowStock = { topic: 'business.inventory.low-stock', schema: 'shop.inventory.LowStock' }
const notices = {
  topic: 'business.notifications.requested',
  schema: 'shop.notifications.NotificationRequested',
}

/** What a run works with. */
export interface Stage {
  readonly cluster: Cluster
  readonly project: Project
  readonly client: Client
  readonly say: (text: string) => void
}

/** Looks from outside at what the platform makes of the load. */
export interface Watch {
  readonly expected: Expectations
  readonly effects: Effects
  readonly lag: LagWatch
  /** Effects that are waited for. */
  readonly open: number
  /** A record is about to be written. */
  readonly written: (event: ShopEvent, due: Due) => void
  /** A record is in its topic. */
  readonly acknowledged: (place: TopicPartition, offset: number, due: Due) => void
  close(): Promise<void>
}

export async function openWatch(stage: Stage): Promise<Watch> {
  const expected = new Expectations()
  const effects = new Effects()
  const dues = new DueTimes()
  const tables = tableProbes(stage.client, effects)
  const topics = await watchTopics(stage, expected, effects)
  const lag = await openLag(stage.cluster, dues)
  return {
    ...{ expected, effects, lag },
    get open() {
      return expected.notices.size + tables.open
    },
    written: (event, due) => expected.written(event, due, (what, since) => tables.offer(what, since)),
    acknowledged: (place, offset, due) => dues.add(place, offset, due.at),
    async close() {
      await tables.stop()
      await topics.close()
      await lag.close()
    },
  }
}

/** Asks the tables for some orders and products. */
function tableProbes(client: Client, effects: Effects) {
  const prepare = { prepare: true }
  const orders = new Probes(sampleEveryMs, (due, at) => effects.seen('order', due, at))
  const stock = new Probes(sampleEveryMs, (due, at) => effects.seen('stock', due, at))
  return {
    offer(what: Visible, due: Due): void {
      const { order, stock: product } = what
      if (order !== undefined)
        orders.offer(due, async () => {
          const query = `SELECT ${order.column} AS at FROM orders WHERE order_id = ?`
          return (await client.execute(query, [order.orderId], prepare)).first()?.['at'] != null
        })
      if (product !== undefined)
        stock.offer(due, async () => {
          const query = 'SELECT changes FROM stock WHERE sku = ?'
          const row = (await client.execute(query, [product.sku], prepare)).first()
          return Number(row?.['changes'] ?? 0) >= product.change
        })
    },
    get open(): number {
      return orders.open + stock.open
    },
    async stop(): Promise<void> {
      await Promise.all([orders.stop(), stock.stop()])
    },
  }
}

async function watchTopics(
  { cluster, project }: Stage,
  expected: Expectations,
  effects: Effects,
): Promise<TopicWatch> {
  return TopicWatch.open(cluster.bootstrap, [
    {
      topic: notices.topic,
      codec: await project.schemas.codec(notices.schema, notices.topic),
      seen(value, at) {
        const due = expected.notified(String(value['eventId']))
        if (due !== undefined) effects.seen('notification', due, at)
      },
    },
    {
      topic: lowStock.topic,
      codec: await project.schemas.codec(lowStock.schema, lowStock.topic),
      seen(value, at) {
        for (const due of expected.stock.alerted(String(value['sku']), Number(value['version'])))
          effects.seen('low-stock alert', due, at)
      },
    },
  ])
}

async function openLag({ bootstrap }: Cluster, dues: DueTimes): Promise<LagWatch> {
  const files = platformTopologies.map((name) => join(root, 'topologies', `${name}.yaml`))
  const plans = await loadPlans(files, { sources, processors, sinks }, process.env)
  return LagWatch.open(bootstrap, new Map(plans.map((plan) => [plan.name, topicsFollowed(plan)])), dues)
}
