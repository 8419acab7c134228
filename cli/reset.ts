import { permanentError } from '../engine/errors.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import type { Command, CommandArgs } from './command.ts'
import { commonFlags, describedFlags, outputFlag, usage } from './flags.ts'
import { onePlan } from './one-plan.ts'
import { projectOptions } from './project-options.ts'
import { needStore, openProject } from './project.ts'
import { letterText, traceRows, tracesOf, warningsOf, type Traces } from './reset-traces.ts'
import { textTable } from './text-table.ts'

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

It works on the embedded store. The topology must not be running.

Examples:
  millrace reset topologies/audit-store.yaml
  millrace reset topologies/audit-store.yaml --yes
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { values } = args
  const format = outputFlag(values, ['table', 'json'])
  const plan = await onePlan('reset', args)
  const options = await projectOptions(args, args.positionals[0])
  if (options.environment !== undefined)
    throw usage('reset works on the embedded store alone: in a cluster, see millrace offsets set --help.')
  const project = await openProject(options)
  try {
    needStore(project)
    const asked = values['yes'] === true
    // Before the first look: what a worker does meanwhile would be overlooked.
    if (asked) project.acquireWorkerLock()
    const traces = await tracesOf(project, plan)
    const something = traces.positions.length + traces.state.length + traces.letters > 0
    if (asked && something) {
      refuseLetters(plan, traces, args)
      project.embedded.reset(plan.name, traces.parked)
    }
    const told = { plan, traces, warnings: warningsOf(plan, traces), done: asked && something }
    if (format === 'json') {
      const { positions, state, letters } = traces
      const { done, warnings } = told
      args.out(JSON.stringify({ topology: plan.name, done, positions, state, letters, warnings }))
    } else if (something) tell(told, args)
    else args.out(`Nothing to do: ${plan.name} has committed nothing, and has no state.`)
    return 0
  } finally {
    await project.close()
  }
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
  readonly done: boolean
}

function tell({ traces, warnings, done }: Told, { out, err, values }: CommandArgs): void {
  for (const line of textTable(['what', 'becomes'], traceRows(traces))) out(line)
  for (const warning of warnings) err(warning)
  if (done) {
    out('\nDone.')
    return
  }
  const also = traces.letters > 0 && values['discard-letters'] !== true ? ' --discard-letters' : ''
  out(`\nNothing was changed: --yes${also} does it.`)
}
