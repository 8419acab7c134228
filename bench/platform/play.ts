import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'cassandra-driver'
import { openProject, type Project } from '../../cli/project/project.ts'
import type { ValueEncoder } from '../../engine/component/codec.ts'
import { loadEnvironment } from '../../engine/config/environment.ts'
import { kinds, shopTopics, type ShopEvent } from '../../platform/shop/shop-event.ts'
import { BenchFailure } from '../clients/options.ts'
import { round } from '../clients/summary.ts'
import { drainSeconds, phaseFigures, processFigures } from './figures.ts'
import { Load } from './load.ts'
import type { Layout, Options } from './options.ts'
import { business } from './processes.ts'
import type { Run } from './results.ts'
import { Sampler } from './sampler.ts'
import { Schedule } from './schedule.ts'
import { millrace, type Cluster } from './servers.ts'
import { verify } from './verify.ts'
import { openWatch, type Stage, type Watch } from './watch.ts'
import { root, Workers } from './workers.ts'

/** How long what is under way may take after the load has ended. */
const settleMs = 600_000

/** Of what workers warn of, so many lines go into the results. */
const keptWarnings = 20

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
    const warnings = { count: workers.warnings.length, first: workers.warnings.slice(0, keptWarnings) }
    await workers.stop()
    say(`${layout}: comparing what there is with what there should be`)
    const verdict = await verify(cluster, stage.client, measured.expected)
    const { expected: _, ...figures } = measured
    return { layout, startSeconds: round(seconds, 1), loadBefore, ...figures, verdict, warnings }
  } catch (error) {
    await workers.stop('SIGKILL').catch(() => undefined)
    throw error
  }
}

async function underLoad(stage: Stage, workers: Workers, options: Options) {
  const { cluster, say } = stage
  const schedule = scheduleOf(options)
  const watch = await openWatch(stage)
  const load = await openLoad(stage, schedule, options.seed, watch)
  const time = (): number => (load.began === 0 ? -1 : Date.now() - load.began)
  const sampler = new Sampler({
    ...{ lag: watch.lag, time, written: () => load.written, check: () => workers.check() },
    pids: { ...workers.pids, ...cluster.pids, 'this benchmark': process.pid },
    phase: () => schedule.phaseAt(time()) ?? 'drain',
  })
  try {
    say(`writing ${schedule.total.toLocaleString('en-US')} events in ${Math.round(schedule.length / 1000)} s`)
    const result = await load.run()
    say('waiting until all of it is processed')
    await settled(cluster, sampler, watch)
    return {
      expected: watch.expected,
      phases: phaseFigures(schedule.phases, sampler.samples, watch.effects, result),
      processes: processFigures(sampler.samples),
      drainSeconds: drainSeconds(sampler.samples, schedule.endOf('spike')) ?? Infinity,
      written: result.written,
      samples: sampler.samples,
    }
  } finally {
    await sampler.stop()
    await watch.close()
  }
}

async function openLoad(
  { cluster, project }: Stage,
  schedule: Schedule,
  seed: number,
  { written, acknowledged }: Watch,
): Promise<Load> {
  const encoderOf = await encoders(project)
  return new Load({ bootstrap: cluster.bootstrap, schedule, seed, encoderOf, written, acknowledged })
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

/** Waits until no group is behind, and all that is looked for was seen. */
async function settled(cluster: Cluster, sampler: Sampler, watch: Watch): Promise<void> {
  const deadline = Date.now() + settleMs
  for (; ; await delay(1000)) {
    sampler.check()
    const behind = Object.entries(sampler.samples.at(-1)?.lags ?? {}).filter(([, { records }]) => records > 0)
    if (behind.length === 0 && watch.open === 0 && (await recordsBehind(cluster)) === 0) return
    if (Date.now() < deadline) continue
    const who = behind.map(([group, { records }]) => `${group} is ${records} records behind`).join(', ')
    throw new BenchFailure(`Ten minutes after the load, ${who || `${watch.open} effects were not seen`}.`)
  }
}

/** Of all topics, those between the nodes of a topology too. */
async function recordsBehind({ environment }: Cluster): Promise<number> {
  const output = await millrace(['lag', '--env', environment, '--project', root, '-o', 'json'])
  return (JSON.parse(output) as readonly { readonly lag: number }[]).reduce((sum, { lag }) => sum + lag, 0)
}
