import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'cassandra-driver'
import { platformTopologies } from '../../cli/demo-platform.ts'
import { openProject, type Project } from '../../cli/project.ts'
import { loadPlans, topicsFollowed } from '../../cli/run-topologies.ts'
import type { ValueEncoder } from '../../engine/component/codec.ts'
import { loadEnvironment } from '../../engine/config/environment.ts'
import { kinds, shopTopics, type ShopEvent } from '../../platform/shop/shop-event.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'
import { BenchFailure } from '../clients/options.ts'
import { round } from '../clients/summary.ts'
import { Effects } from './effects.ts'
import { Expectations, type Visible } from './expectations.ts'
import { drainSeconds, phaseFigures, processFigures } from './figures.ts'
import { DueTimes, LagWatch } from './lag.ts'
import { Load } from './load.ts'
import type { Layout, Options } from './options.ts'
import { Probes } from './probes.ts'
import { business } from './processes.ts'
import type { Run } from './results.ts'
import { Sampler } from './sampler.ts'
import { Schedule } from './schedule.ts'
import { millrace, type Cluster } from './servers.ts'
import { verify } from './verify.ts'
import { TopicWatch } from './watch-topics.ts'
import { root, Workers } from './workers.ts'

/** One order and one product in so many milliseconds are looked for in their tables. */
const sampleEveryMs = 200
/** How long what is under way may take after the load has ended. */
const settleMs = 600_000
const lowStock = { topic: 'business.inventory.low-stock', schema: 'shop.inventory.LowStock' }
const notices = {
  topic: 'business.notifications.requested',
  schema: 'shop.notifications.NotificationRequested',
}

/** What a run works with. */
interface Stage {
  readonly cluster: Cluster
  readonly project: Project
  readonly client: Client
  readonly say: (text: string) => void
}

/** Runs the platform under the whole load once, and judges what it has made of it. */
export async function play(
  cluster: Cluster,
  layout: Layout,
  options: Options,
  say: (text: string) => void,
): Promise<Run> {
  const environment = await loadEnvironment(cluster.environment, process.env, { root })
  const project = await openProject({ cwd: root, project: root, environment })
  const { contactPoint, datacenter, keyspace } = cluster
  const client = new Client({ contactPoints: [contactPoint], localDataCenter: datacenter, keyspace })
  try {
    await client.connect()
    return await run({ cluster, project, client, say }, layout, options)
  } finally {
    await client.shutdown()
    await project.close()
  }
}

async function run(stage: Stage, layout: Layout, options: Options): Promise<Run> {
  const { cluster, say } = stage
  const loadBefore = round(business().load, 2)
  const profiles = options.profile ? join(options.out, `profiles-${layout}`) : undefined
  const { workers, seconds } = await Workers.start({ layout, environment: cluster.environment, profiles })
  say(`${layout}: all workers are ready after ${seconds.toFixed(1)} s`)
  try {
    const measured = await underLoad(stage, workers, options)
    await workers.stop()
    say(`${layout}: comparing what there is with what there should be`)
    const verdict = await verify(cluster, stage.client, measured.expected)
    const { expected: _, ...figures } = measured
    return { layout, startSeconds: round(seconds, 1), loadBefore, ...figures, verdict }
  } catch (error) {
    await workers.stop('SIGKILL').catch(() => undefined)
    throw error
  }
}

async function underLoad(stage: Stage, workers: Workers, options: Options) {
  const { cluster, client, say } = stage
  const schedule = scheduleOf(options)
  const expected = new Expectations()
  const effects = new Effects()
  const dues = new DueTimes()
  const tables = tableProbes(client, effects)
  const topics = await watchTopics(stage, expected, effects)
  const lag = await openLag(cluster, dues)
  const load = new Load({
    ...{
      bootstrap: cluster.bootstrap,
      schedule,
      seed: options.seed,
      encoderOf: await encoders(stage.project),
    },
    writes: (event, due) => expected.written(event, due, (what, since) => tables.offer(what, since)),
    acknowledged: (place, offset, due) => dues.add(place, offset, due.at),
  })
  const time = (): number => (load.began === 0 ? -1 : Date.now() - load.began)
  const sampler = new Sampler({
    ...{ lag, time, written: () => load.written, check: () => workers.check() },
    pids: { ...workers.pids, ...cluster.pids, 'this benchmark': process.pid },
    phase: () => schedule.phaseAt(time()) ?? 'drain',
  })
  try {
    say(`writing ${schedule.total.toLocaleString('en-US')} events in ${Math.round(schedule.length / 1000)} s`)
    const result = await load.run()
    say('waiting until all of it is processed')
    await settled(cluster, sampler, () => expected.notices.size + tables.open)
    return {
      expected,
      phases: phaseFigures(schedule.phases, sampler.samples, effects, result),
      processes: processFigures(sampler.samples),
      drainSeconds: drainSeconds(sampler.samples, schedule.endOf('spike')) ?? Infinity,
      written: result.written,
      samples: sampler.samples,
    }
  } finally {
    await sampler.stop()
    await tables.stop()
    await topics.close()
    await lag.close()
  }
}

function scheduleOf({ rate, times, ...seconds }: Options): Schedule {
  return new Schedule([
    { name: 'warm-up', rate, seconds: seconds.warmUpSeconds },
    { name: 'normal', rate, seconds: seconds.normalSeconds },
    { name: 'spike', rate: rate * times, seconds: seconds.spikeSeconds },
    { name: 'after', rate, seconds: seconds.afterSeconds },
  ])
}

/** Encoders by the names of schemas, made before the load begins. */
async function encoders({ schemas }: Project): Promise<(event: ShopEvent) => ValueEncoder> {
  const made = new Map<string, ValueEncoder>()
  for (const { schema, domain } of Object.values(kinds))
    made.set(schema, await schemas.encoder(schema, shopTopics[domain].topic))
  return ({ schema }) => made.get(schema)!
}

/** Asks the tables for some orders and products. */
function tableProbes(client: Client, effects: Effects) {
  const prepare = { prepare: true }
  const orders = new Probes(sampleEveryMs, (due, at) => effects.seen('order', due, at))
  const stock = new Probes(sampleEveryMs, (due, at) => effects.seen('stock', due, at))
  return {
    offer(what: Visible, due: { at: number; phase: 'warm-up' | 'normal' | 'spike' | 'after' }): void {
      const { order, stock: product } = what
      if (order !== undefined)
        orders.offer(due, () => async () => {
          const query = `SELECT ${order.column} AS at FROM orders WHERE order_id = ?`
          return (await client.execute(query, [order.orderId], prepare)).first()?.['at'] != null
        })
      if (product !== undefined)
        stock.offer(due, () => async () => {
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

/** Waits until no group is behind, and all that is looked for was seen. */
async function settled(cluster: Cluster, sampler: Sampler, open: () => number): Promise<void> {
  const deadline = Date.now() + settleMs
  for (; ; await delay(1000)) {
    sampler.check()
    const behind = Object.entries(sampler.samples.at(-1)?.lags ?? {}).filter(([, { records }]) => records > 0)
    if (behind.length === 0 && open() === 0 && (await recordsBehind(cluster)) === 0) return
    if (Date.now() < deadline) continue
    const who = behind.map(([group, { records }]) => `${group} is ${records} records behind`).join(', ')
    throw new BenchFailure(`Ten minutes after the load, ${who || `${open()} effects were not seen`}.`)
  }
}

/** Of all topics, those between the nodes of a topology too. */
async function recordsBehind({ environment }: Cluster): Promise<number> {
  const output = await millrace(['lag', '--env', environment, '--project', root, '-o', 'json'])
  return (JSON.parse(output) as readonly { readonly lag: number }[]).reduce((sum, { lag }) => sum + lag, 0)
}
