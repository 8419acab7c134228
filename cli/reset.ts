import type { TopicPartition } from '../engine/component/contracts/position.ts'
import { permanentError } from '../engine/errors.ts'
import { byteText } from '../engine/topology/lint-rule.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import type { Command, CommandArgs } from './command.ts'
import { commonFlags, describedFlags, outputFlag, usage } from './flags.ts'
import { onePlan } from './one-plan.ts'
import { openKeys, parkedTopics } from './parked-letters.ts'
import { projectOptions } from './project-options.ts'
import { needStore, openProject, type Project } from './project.ts'
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
The next run reads every topic from the first record that is still there, with empty state. Topics, tables and what is in
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

/** What a reset takes away. */
interface Traces {
  readonly positions: readonly (TopicPartition & {
    readonly offset: number
    /** The first record there is, from which it is read again. */
    readonly first: number
  })[]
  readonly state: readonly { readonly store: string; readonly blocks: number; readonly bytes: number }[]
  readonly letters: number
  /** The end of each parked partition. */
  readonly parked: readonly (TopicPartition & { readonly offset: number })[]
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
    if (asked) project.acquireWorkerLock()
    const traces = await tracesOf(project, plan)
    const warnings = warningsOf(plan, traces)
    const something = traces.positions.length > 0 || traces.state.length > 0
    if (asked && something) {
      refuseLetters(plan, traces, args)
      project.embedded.reset(plan.name, traces.parked)
    }
    const done = asked && something
    if (format === 'json') {
      const { positions, state, letters } = traces
      args.out(JSON.stringify({ topology: plan.name, done, positions, state, letters, warnings }))
    } else tell({ plan, traces, warnings, done, something }, args)
    return 0
  } finally {
    await project.close()
  }
}

async function tracesOf(project: Project, plan: TopologyPlan): Promise<Traces> {
  const { embedded, log } = project
  const topics = await parkedTopics(project, { topology: plan.name, topic: undefined })
  const names = new Set(topics.map(({ name }) => name))
  const parked = await Promise.all(
    topics.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, async (_, partition) => {
        const { end } = await log.bounds({ topic: name, partition })
        return { topic: name, partition, offset: end }
      }),
    ),
  )
  const keys = (await Promise.all(topics.map((topic) => openKeys(project, topic)))).flat()
  const committed = embedded.groups.positionsOf(plan.name).filter(({ topic }) => !names.has(topic))
  const positions = await Promise.all(
    committed.map(async ({ topic, partition, offset }) => {
      const known = ((await log.partitionsOf(topic)) ?? 0) > partition
      const first = known ? (await log.bounds({ topic, partition })).first : 0
      return { topic, partition, offset, first }
    }),
  )
  const letters = keys.reduce((sum, key) => sum + key.letters.length, 0)
  return { positions, state: embedded.stateOf(plan.name), letters, parked }
}

function warningsOf(plan: TopologyPlan, { positions, letters }: Traces): string[] {
  const sinks = [...plan.nodes.values()].filter((node) => node.kind === 'sink' && node.type === 'topic')
  const gone = positions.filter(({ first }) => first > 0)
  const places = gone.map(({ topic, partition, first }) => `${topic}/${partition} begins at ${first}`)
  return [
    ...sinks.map(({ name }) => `"${name}" appends again what it has written: its readers get it twice.`),
    ...(gone.length === 0
      ? []
      : [`What retention has deleted does not come again, and its ids are forgotten: ${places.join(', ')}.`]),
    ...(letters === 0
      ? []
      : [`${letters} parked ${letters === 1 ? 'letter is' : 'letters are'} given up: see millrace dlq list.`]),
  ]
}

function refuseLetters({ name }: TopologyPlan, { letters }: Traces, { values }: CommandArgs): void {
  if (letters === 0 || values['discard-letters'] === true) return
  const remedy = 'release or discard them first (millrace dlq), or add --discard-letters.'
  const what = letters === 1 ? '1 parked letter' : `${letters} parked letters`
  throw permanentError('STATE_CONTRADICTED', `${name} has ${what}, which a reset gives up: ${remedy}`)
}

interface Told {
  readonly plan: TopologyPlan
  readonly traces: Traces
  readonly warnings: readonly string[]
  readonly done: boolean
  readonly something: boolean
}

function tell({ plan, traces, warnings, done, something }: Told, { out, err }: CommandArgs): void {
  if (!something) {
    out(`Nothing to do: ${plan.name} has committed nothing, and has no state.`)
    return
  }
  const rows = [
    ...traces.positions.map(({ topic, partition, offset, first }) => [
      `${topic}/${partition}`,
      `read again from ${first}, committed was ${offset}`,
    ]),
    ...traces.state.map(({ store, blocks, bytes }) => [
      `state of ${store}`,
      `${byteText(bytes)} in ${blocks} ${blocks === 1 ? 'block' : 'blocks'}, forgotten`,
    ]),
  ]
  for (const line of textTable(['what', 'becomes'], rows)) out(line)
  for (const warning of warnings) err(warning)
  out(done ? '\nDone.' : '\nNothing was changed: --yes does it.')
}
