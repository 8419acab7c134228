import { join, relative } from 'node:path'
import type { CommandArgs } from '../command-line/command.ts'
import { reportPlatform, sampleOf, type PlatformSample } from './platform-report.ts'
import { clearDemoStore, markDemoStore } from './store.ts'
import { showProgress } from './progress.ts'
import { numberFlag, usage } from '../command-line/flags.ts'
import { terminalProgress } from '../terminal/progress.ts'
import { openProject, type Project } from '../project/project.ts'
import { loadPlans, runTopologies } from '../run/topologies.ts'
import { batchesOf, openShopWriter } from '../shop/write.ts'
import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { shopEvents, shopSpan } from '../../platform/shop/shop.ts'

/** The topologies of the platform, in the order in which one meets them. */
export const platformTopologies = [
  'order-service-consumer-group',
  'inventory-service-consumer-group',
  'customer-read-model',
  'analytics-service-consumer-group',
  'session-funnel',
  'order-views',
  'inventory-views',
  'customer-views',
  'session-views',
  'notifications',
  'audit-service-consumer-group',
]

/** With so many there is something to be seen of everything. */
const usualEvents = 10_000

/** What `demo --platform` works with. */
export interface PlatformDemo {
  readonly args: CommandArgs
  readonly format: 'text' | 'json'
  /** Where Millrace itself is, and its topologies. */
  readonly root: string
  readonly store: string
  /** Whether `--store` says where that is. */
  readonly named: boolean
}

/** `millrace demo --platform`: a made-up shop, the whole event platform over it, and what can be asked then. */
export async function demoPlatform({ args, format, root, store, named }: PlatformDemo): Promise<number> {
  if (args.values['repo'] !== undefined)
    throw usage('--platform runs on a made-up shop, and reads no repository: leave --repo out.')
  const seed = numberFlag(args.values, 'seed', 0, 4_294_967_295) ?? 7
  const events = numberFlag(args.values, 'events', 1, 1_000_000) ?? usualEvents
  if (args.values['keep'] !== true) await clearDemoStore(store, named)
  const plans = await loadPlans(
    platformTopologies.map((name) => join(root, 'topologies', `${name}.yaml`)),
    args.registry,
    args.env,
  )
  const project = await openProject({ cwd: args.cwd, project: root, store })
  try {
    markDemoStore(store)
    project.acquireWorkerLock()
    const tell = format === 'json' ? args.err : args.out
    tell(`Writing the events of a made-up shop, and running ${plans.length} topologies on them …`)
    const begin = Date.now() - shopSpan({ seed, events })
    const { written, sample } = await writeShop(project, { seed, events, begin })
    const { summaries, seconds } = await runAll(plans, project, args)
    const shown = relative(args.cwd, store) || '.'
    await reportPlatform({
      args,
      project,
      plans,
      summaries,
      seconds,
      store: shown,
      format,
      written,
      sample,
      begin,
      more: Math.max(usualEvents, 10 * events),
    })
    return 0
  } finally {
    await project.close()
  }
}

async function runAll(
  plans: readonly TopologyPlan[],
  project: Project,
  args: CommandArgs,
): Promise<{ summaries: ReadonlyMap<string, WorkerSummary>; seconds: number }> {
  const progress = terminalProgress()
  const started = performance.now()
  const summaries = await runTopologies({
    ...{ plans, project, untilEnd: true, signal: args.signal, print: args.out },
    trouble: (topology, sentence) => args.err(`${topology}: ${sentence}`),
    started: (workers) => showProgress(workers, (text) => progress.show(text), args.signal),
  }).finally(() => progress.clear())
  return { summaries, seconds: (performance.now() - started) / 1000 }
}

async function writeShop(
  project: Project,
  options: Parameters<typeof shopEvents>[0],
): Promise<{ written: number; sample: PlatformSample | undefined }> {
  const writer = await openShopWriter(project)
  let written = 0
  let sample: PlatformSample | undefined
  for (const batch of batchesOf(shopEvents(options))) {
    await writer.write(batch)
    written += batch.length
    sample = sampleOf(batch) ?? sample
  }
  return { written, sample }
}
