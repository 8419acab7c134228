import { fatalError } from '../../engine/errors.ts'
import { loadTopologyPlan } from '../project/topology-plan.ts'
import type { Project } from '../project/project.ts'
import type { Registry } from '../../engine/component/define.ts'
import { MillraceError, sentenceOf } from '../../engine/errors.ts'
import { systemClock } from '../../engine/component/contracts/clock.ts'
import { globalTables, sourceTopic } from '../../engine/topology/plan-facts.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { Worker } from '../../engine/runtime/worker.ts'
import type { Environment, Membership } from '../../engine/runtime/worker-options.ts'
import type { WorkerSummary } from '../../engine/runtime/worker-summary.ts'

/** What is run, and how. */
export interface RunOptions {
  readonly plans: readonly TopologyPlan[]
  readonly project: Project
  /** Stop when everything that was in the topics at the start is settled. */
  readonly untilEnd: boolean
  readonly signal: AbortSignal
  readonly print: (line: string) => void
  readonly trouble: (topology: string, sentence: string) => void
  readonly drainMs?: number
  /** Gets the workers before they start: for metrics and progress. */
  readonly started?: (workers: readonly Worker[]) => void
  readonly committed?: (topology: string, outcome: string, seconds: number) => void
  /** What members of the groups are to be instead: they read less, or slower. */
  readonly membership?: (membership: Membership) => Membership
}

/** Reads the topology files; throws one error with everything that is wrong in the first that has something. */
export async function loadPlans(
  files: readonly string[],
  registry: Registry,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TopologyPlan[]> {
  const plans: TopologyPlan[] = []
  for (const file of files) {
    const plan = await loadTopologyPlan(file, registry, env)
    const twin = plans.find(({ name }) => name === plan.name)
    if (twin !== undefined) throw sameName(plan, twin)
    plans.push(plan)
  }
  return plans
}

/** Both would be one consumer group, and each would get a part of the records. */
function sameName({ name, file }: TopologyPlan, twin: TopologyPlan): Error {
  const remedy = file === twin.file ? 'give it once.' : 'give one of them another name.'
  return fatalError('CONFIG_INVALID', `${file}:1:1: ${twin.file} is named "${name}" too: ${remedy}`)
}

/**
 * Runs topologies in one process, each with a worker of its own. When one fails, the others are stopped in order, and
 * its error is thrown. With `untilEnd`, a topology that reads what another one writes waits for that one's end before
 * it looks where its own is.
 */
export async function runTopologies(options: RunOptions): Promise<ReadonlyMap<string, WorkerSummary>> {
  const { Worker } = await import('../../engine/runtime/worker.ts')
  const environment = embeddedEnvironment(options)
  const isCritical = ({ subTopologies }: TopologyPlan): boolean =>
    subTopologies.some(({ critical }) => critical)
  const workers = options.plans.map(
    (plan) =>
      new Worker({
        plan,
        environment,
        besideCritical: options.plans.some((other) => other !== plan && isCritical(other)),
        trouble: (sentence) => options.trouble(plan.name, sentence),
        committed: (outcome, seconds) => options.committed?.(plan.name, outcome, seconds),
        ...(options.drainMs !== undefined && { drainMs: options.drainMs }),
      }),
  )
  const stopAll = (): void => {
    for (const worker of workers) worker.stop()
  }
  options.signal.addEventListener('abort', stopAll, { once: true })
  if (options.signal.aborted) stopAll()
  // It also keeps the process alive: the clock's timers don't, and there may be nothing else to do just now.
  const tidying = setInterval(() => tidy(options), 1000)
  options.started?.(workers)
  try {
    return await runAll(workers, options.untilEnd, stopAll)
  } finally {
    clearInterval(tidying)
    options.signal.removeEventListener('abort', stopAll)
  }
}

/** What can't be tidied now can be later: the next commit says it if the disk is full for good. */
function tidy({ project, plans, trouble }: RunOptions): void {
  try {
    project.tidy()
  } catch (error) {
    trouble(plans[0]!.name, sentenceOf(error))
  }
}

async function runAll(
  workers: readonly Worker[],
  untilEnd: boolean,
  stopAll: () => void,
): Promise<ReadonlyMap<string, WorkerSummary>> {
  const runs = new Map<Worker, Promise<WorkerSummary>>()
  const named = workers.length > 1
  for (const worker of workers) {
    const run = worker.run()
    runs.set(
      worker,
      named ? run.catch((error: unknown) => Promise.reject(namedError(worker.plan.name, error))) : run,
    )
  }
  if (untilEnd) for (const worker of workers) endAfterUpstream(worker, runs)
  // The first failure stops the others; they still drain and commit before it is told.
  for (const run of runs.values()) run.catch(stopAll)
  const results = await Promise.allSettled(runs.values())
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return new Map(
    await Promise.all([...runs].map(async ([worker, run]) => [worker.plan.name, await run] as const)),
  )
}

/** Of several topologies, which one failed. */
function namedError(topology: string, error: unknown): Error {
  if (!(error instanceof MillraceError)) return error instanceof Error ? error : new Error(sentenceOf(error))
  const { kind, code, message, facts } = error
  return new MillraceError(kind, code, `${topology}: ${message}`, { cause: error, facts })
}

function endAfterUpstream(worker: Worker, runs: ReadonlyMap<Worker, Promise<WorkerSummary>>): void {
  const reads = topicsRead(worker.plan)
  const upstream = [...runs.keys()].filter(
    (other) => other !== worker && topicsWritten(other.plan).some((topic) => reads.includes(topic)),
  )
  void Promise.all(upstream.map((other) => runs.get(other)!)).then(
    () => worker.stopAtEnd(),
    () => undefined,
  )
}

/** The topics that a topology reads. */
export function topicsRead(plan: TopologyPlan): string[] {
  return [...plan.nodes.values()].flatMap((node) =>
    node.kind === 'source'
      ? node.definition.topics(node.config, { topology: plan.name, node: node.name })
      : [],
  )
}

/** The topics of which a topology commits offsets: all that it reads, but global tables. */
export function topicsFollowed(plan: TopologyPlan): string[] {
  const globals = new Set(globalTables(plan).map((source) => sourceTopic(plan, source)))
  return topicsRead(plan).filter((topic) => !globals.has(topic))
}

/** The topics that a topology writes. */
export function topicsWritten(plan: TopologyPlan): string[] {
  return [...plan.nodes.values()].flatMap((node) =>
    node.kind === 'sink' ? (node.definition.topic?.(node.config) ?? []) : [],
  )
}

function embeddedEnvironment({ project, print, membership = (one) => one }: RunOptions): Environment {
  return {
    log: project.log,
    tables: project.tables,
    schemas: project.schemas,
    join: async (request) => membership(await project.join(request)),
    notes: (group, node) => project.notes(group, node),
    clock: systemClock,
    print,
  }
}
