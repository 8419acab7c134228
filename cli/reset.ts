import type { EnvironmentConfig } from '../engine/config/environment-config.ts'
import { permanentError } from '../engine/errors.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag } from './command-line/flags.ts'
import { onePlan } from './project/one-plan.ts'
import { projectOptions } from './project/options.ts'
import { needStore, openProject, type Project } from './project/project.ts'
import { letterText, traceRows, tracesOf, warningsOf, type Traces } from './reset/traces.ts'
import { textTable } from './terminal/text-table.ts'

/** `millrace reset`. */
export const command: Command = {
  name: 'reset',
  summary: 'Makes a topology forget its offsets and its state, so that it begins anew.',
  usage: 'millrace reset FILE [--discard-letters] [--yes] [flags]',
  options: describedFlags({
    'discard-letters': { type: 'boolean', description: 'also where records are parked: they are given up' },
    yes: {
      type: 'boolean',
      short: 'y',
      description: 'do it; without it, it is only said what would be done',
    },
    output: commonFlags.output,
    project: commonFlags.project,
    env: commonFlags.env,
    store: commonFlags.store,
  }),
  help: `
The next run is like the first: it begins where each source says (begin), and knows no id. Topics, tables and what is in
them stay as they are: rows that are written again are the same rows, records that a topic sink appends again are there
twice. Parked letters are in the way: release or discard them first, or add --discard-letters; what they are about comes
again from the source, if its topic still has it.

In a cluster, the committed offsets of the group and the changelogs of its stores are deleted: topics apply, or the next
start, makes them anew. Dead-letter topics stay. The topology must not be running: it is refused while the group has
members, and while the embedded store has a worker.

Examples:
  millrace reset topologies/audit-store.yaml
  millrace reset topologies/audit-store.yaml --yes
  millrace reset topologies/audit-store.yaml --env production
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const plan = await onePlan('reset', args)
  const options = await projectOptions(args, args.positionals[0])
  const project = await openProject(options)
  try {
    const told =
      options.environment === undefined
        ? await resetEmbedded(project, plan, args)
        : await resetInCluster(project, options.environment, plan, args)
    const { traces, warnings, members, done } = told
    if (format === 'json') {
      const { positions, state, letters } = traces
      args.out(JSON.stringify({ topology: plan.name, done, positions, state, letters, warnings, members }))
    } else if (isSomething(traces)) tell(told, args)
    else args.out(`Nothing to do: ${plan.name} has committed nothing, and has no state.`)
    return 0
  } finally {
    await project.close()
  }
}

async function resetEmbedded(project: Project, plan: TopologyPlan, args: CommandArgs): Promise<Told> {
  needStore(project)
  const asked = args.values['yes'] === true
  // Before the first look: what a worker does meanwhile would be overlooked.
  if (asked) project.acquireWorkerLock()
  const traces = await tracesOf(project, plan)
  const done = asked && isSomething(traces)
  if (done) {
    refuseLetters(plan, traces, args)
    project.embedded.reset(plan.name, traces.parked)
  }
  return { plan, traces, warnings: warningsOf(plan, traces), members: [], done }
}

async function resetInCluster(
  project: Project,
  environment: EnvironmentConfig,
  plan: TopologyPlan,
  args: CommandArgs,
): Promise<Told> {
  const { ClusterReset } = await import('./reset/cluster.ts')
  const cluster = await ClusterReset.open(project, environment, plan, args.err)
  try {
    const traces = await cluster.traces()
    const done = args.values['yes'] === true && isSomething(traces)
    if (done) {
      refuseLetters(plan, traces, args)
      await cluster.reset(traces)
    }
    const members = done ? [] : await cluster.members()
    return { plan, traces, warnings: warningsOf(plan, traces), members, done }
  } finally {
    await cluster.close()
  }
}

function isSomething({ positions, state, letters }: Traces): boolean {
  return positions.length + state.length + letters > 0
}

function refuseLetters({ name }: TopologyPlan, { letters }: Traces, { values }: CommandArgs): void {
  if (letters === 0 || values['discard-letters'] === true) return
  const remedy = 'release or discard them first (millrace dlq), or add --discard-letters.'
  throw permanentError('STATE_CONTRADICTED', `In ${name} ${letterText(letters)} in the way: ${remedy}`)
}

interface Told {
  readonly plan: TopologyPlan
  readonly traces: Traces
  readonly warnings: readonly string[]
  /** Who is at work now, a line each. */
  readonly members: readonly string[]
  readonly done: boolean
}

function tell({ plan, traces, warnings, members, done }: Told, { out, err, values }: CommandArgs): void {
  for (const line of textTable(['what', 'becomes'], traceRows(traces))) out(line)
  for (const warning of warnings) err(warning)
  if (done) {
    out('\nDone.')
    return
  }
  for (const member of members) err(`${plan.name} is running: ${member}`)
  const also = traces.letters > 0 && values['discard-letters'] !== true ? ' --discard-letters' : ''
  out(`\nNothing was changed: --yes${also} does it.`)
}
