import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { projectOptions } from './project/options.ts'
import { openProject } from './project/project.ts'
import { processesOf, runProcesses } from './run/processes.ts'
import { refuseUnknownNames } from './command-line/refuse-unknown.ts'
import { loadPlans, runTopologies, type RunOptions } from './run/topologies.ts'
import { serveWorkers } from './serve/workers.ts'
import { topologyPaths } from './project/topology-path.ts'
import type { WorkerSummary } from '../engine/runtime/worker-summary.ts'

export const command: Command = {
  name: 'run',
  summary: 'Runs topologies until they are stopped, or until the end of their topics.',
  usage: 'millrace run FILE… [--env NAME] [--until-end] [-o json] [--http HOST:PORT]',
  options: describedFlags({
    'until-end': {
      type: 'boolean',
      description:
        'stop when everything that was in the topics at the start is settled, here or by other members of the group',
    },
    http: {
      type: 'string',
      placeholder: 'HOST:PORT',
      description:
        'where /metrics, /healthz and /readyz are served; off = nowhere (default: 127.0.0.1, a free port)',
    },
    'http-token': {
      type: 'string',
      placeholder: 'env:NAME|file:PATH',
      description: 'the token that requests must bring; needed where other machines can reach the address',
    },
    drain: {
      type: 'string',
      placeholder: 'SECONDS',
      description: 'how long a stop may wait for records under way (default: 10)',
    },
    processes: {
      type: 'string',
      placeholder: 'N',
      description: 'so many workers, each a process of its own, share the partitions (with --env)',
    },
    output: commonFlags.output,
    env: commonFlags.env,
    project: commonFlags.project,
    store: commonFlags.store,
  }),
  help: `Each topology is a consumer group of its own; several files run in one process. Without --env everything is
kept in .millrace/ beside the project: topics, offsets, state and tables. With --env topics are in Kafka and tables in
Cassandra, and any number of workers of one topology share its partitions: start it on as many machines as you like.

With --until-end a worker waits for the partitions of other members too, and tells which: those of a dead one become
its own when its session is over, and are read then. It waits for transactions that are open in its topics, too.

SIGINT and SIGTERM stop it in order: nothing more is taken in, what is under way is finished, progress is committed. A
second one ends it at once; nothing acknowledged is lost, and the next start goes on from there.

Examples:
  millrace run topologies/audit-store.yaml --until-end -o json
  millrace run topologies/audit-store.yaml --env production --processes 4`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { positionals, values, registry, env } = args
  if (positionals.length === 0) throw usage('run needs a file: millrace run topologies/NAME.yaml.')
  const format = outputFlag(values, ['text', 'json'])
  const drainMs = drainOf(textFlag(values, 'drain'))
  const files = topologyPaths(positionals, args)
  const plans = await loadPlans(files, registry, env)
  const options = await projectOptions(args, files[0])
  const processes = processesOf(args, options.environment === undefined)
  if (processes > 1) return runProcesses(args, processes)
  const project = await openProject(options)
  try {
    await refuseUnknownNames(plans, project.root, args)
    project.acquireWorkerLock()
    report(
      await work(args, { plans, project, drainMs, untilEnd: values['until-end'] === true }),
      format,
      args,
    )
  } finally {
    await project.close()
  }
  return 0
}

/** Runs the workers, with their HTTP side and their log. */
async function work(
  { values, env, err, out, signal }: CommandArgs,
  what: Pick<RunOptions, 'plans' | 'project' | 'untilEnd'> & { readonly drainMs: number },
): Promise<ReadonlyMap<string, WorkerSummary>> {
  const { createLogger } = await import('../engine/observe/log.ts')
  const logger = createLogger({ format: process.stderr.isTTY ? 'human' : 'json', write: err })
  const served = await serveWorkers({
    http: textFlag(values, 'http'),
    token: textFlag(values, 'http-token'),
    env,
    registry: what.project.registryCounts,
  })
  if (served.url !== undefined) logger.info(`Metrics and health are served at ${served.url}`)
  try {
    return await runTopologies({
      ...what,
      signal,
      print: out,
      trouble: (topology, sentence) => logger.warn(sentence, { topology }),
      committed: (topology, outcome, seconds) => served.committed(topology, outcome, seconds),
      started: (workers) => served.show(workers),
    })
  } finally {
    logger.flush()
    await served.close()
  }
}

function drainOf(flag: string | undefined): number {
  if (flag === undefined) return 10_000
  const seconds = Number(flag)
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= 3600) return seconds * 1000
  throw usage(`--drain is a number of seconds from 0 to 3600, and "${flag}" is not.`)
}

function report(
  summaries: ReadonlyMap<string, WorkerSummary>,
  format: 'text' | 'json',
  { out, err }: CommandArgs,
): void {
  if (format === 'json') {
    const all = [...summaries].map(([topology, summary]) => ({ topology, ...summary }))
    out(JSON.stringify(all.length === 1 ? all[0] : all))
    return
  }
  for (const [topology, one] of summaries) err(`${topology}: ${summaryLine(one)}`)
}

function summaryLine(one: WorkerSummary): string {
  const letters =
    one.released + one.failedAgain + one.discarded > 0
      ? ` letters: ${one.released} released, ${one.failedAgain} failed again, ${one.discarded} discarded;`
      : ''
  const unlisted = one.unlisted > 0 ? ` (${one.unlisted} of types that are not listed)` : ''
  const hint = one.deadLettered > 0 ? ' (see millrace dlq list)' : ''
  return (
    `${one.consumed} records: ${one.stored} stored, ${one.duplicates} duplicates, ${one.dropped} dropped${unlisted}, ` +
    `${one.deadLettered} parked${hint}, ${one.skipped} skipped;${letters} ` +
    `${(one.elapsedMs / 1000).toFixed(1)} s, ${one.recordsPerSecond} records/s`
  )
}
