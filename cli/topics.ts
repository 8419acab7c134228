import { join } from 'node:path'
import { readCatalogue } from '../engine/config/catalogue.ts'
import { nearest } from '../engine/config/suggest.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { needEnvironment } from './project/environment-file.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { internalNames } from './cluster/internal-names.ts'
import { openAdmin } from './cluster/kafka-admin.ts'
import { findRoot, shownPath } from '../project/root.ts'
import { projectPlans } from './project/plans.ts'
import { topologyPaths } from './project/topology-path.ts'
import { loadPlans } from './run/topologies.ts'
import { applySteps } from './topics/apply.ts'
import type { TopicsContext } from './topics/context.ts'
import { listTopics, showTopic } from './topics/list.ts'
import { planTopics, type TopicStep } from './topics/plan.ts'
import { stepCounts, stepLines } from './topics/show.ts'
import { wantedTopics, type WantedTopic } from './topics/wanted.ts'

const formats = ['table', 'json'] as const

const acts: Readonly<Record<string, (context: TopicsContext) => Promise<number>>> = {
  plan,
  apply,
  list: listTopics,
  show: showTopic,
}

/** `millrace topics`. */
export const command: Command = {
  name: 'topics',
  summary: 'Plans and makes the topics of a cluster; lists and shows them.',
  usage: 'millrace topics plan|apply [FILE…] | list | show TOPIC --env NAME [flags]',
  options: describedFlags({
    env: commonFlags.env,
    'dry-run': { type: 'boolean', description: 'apply: only say what would be done, as plan does' },
    all: { type: 'boolean', description: 'list: those that topologies and Kafka keep for themselves too' },
    output: commonFlags.output,
    project: commonFlags.project,
  }),
  help: `
  plan    compares the cluster with schemas/catalogue.yaml and with what the topologies of FILE… read, write and keep
          for themselves (parked records, dead letters, state). Without FILE: all of topologies/, and the whole catalogue
  apply   carries the plan out: makes topics, adds partitions, changes settings. It deletes nothing
  list    the topics, with partitions, replicas, and those that are not in sync
  show    one topic: its partitions and settings

What the catalogue does not name is left alone, and told. Refused is what Kafka cannot do, and what would move keys away
from their state: then apply changes nothing at all.

Examples:
  millrace topics plan --env production
  millrace topics apply topologies/audit-store.yaml --env local
  millrace topics show audit-events --env local
`,
  exits: {
    0: 'plan: nothing to do; apply: done',
    1: 'plan and apply: something is refused, and nothing is changed',
    3: 'plan: something is to be done',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const [name, first] = args.positionals
  const act = name !== undefined && Object.hasOwn(acts, name) ? acts[name] : undefined
  if (act === undefined) {
    const near = name === undefined ? undefined : nearest(name, Object.keys(acts))
    if (near !== undefined) throw usage(`topics has no "${name}": did you mean ${near}?`)
    throw usage('topics needs to be told what to do: plan, apply, list or show.')
  }
  const topology = name === 'plan' || name === 'apply' ? first : undefined
  const root = findRoot({ cwd: args.cwd, project: textFlag(args.values, 'project'), topology })
  const environment = await needEnvironment('topics', args, root)
  const admin = await openAdmin(environment)
  try {
    return await act({ admin, environment, root, args })
  } finally {
    await admin.close()
  }
}

async function plan(context: TopicsContext): Promise<number> {
  const { args } = context
  const format = outputFlag(args.values, formats)
  const steps = await stepsOf(context)
  printSteps(steps, format, args)
  if (steps.some(({ action }) => action === 'refused')) return 1
  return steps.some(({ action }) => action !== 'unchanged') ? 3 : 0
}

async function apply(context: TopicsContext): Promise<number> {
  const { args, admin } = context
  if (args.values['dry-run'] === true) return plan(context)
  const format = outputFlag(args.values, formats)
  const steps = await stepsOf(context)
  if (steps.some(({ action }) => action === 'refused')) {
    printSteps(steps, format, args)
    args.err('Nothing was changed, because something is refused.')
    return 1
  }
  const words = { create: 'made', change: 'changed', unchanged: 'unchanged', refused: 'refused' }
  await applySteps(admin, steps, ({ topic, action }, made) => {
    if (format === 'table') args.out(made ? `${words[action]} ${topic}` : `${topic} was there meanwhile`)
  })
  if (format === 'json') args.out(JSON.stringify({ steps }))
  else if (steps.every(({ action }) => action === 'unchanged')) args.out('Nothing to do.')
  return 0
}

function printSteps(steps: readonly TopicStep[], format: 'table' | 'json', args: CommandArgs): void {
  if (format === 'json') return args.out(JSON.stringify({ steps }))
  const width = process.stdout.isTTY ? process.stdout.columns : undefined
  for (const line of stepLines(steps, width)) args.out(line)
  if (steps.length > 0) for (const line of ['', `${stepCounts(steps)}.`]) args.out(line)
}

async function stepsOf(context: TopicsContext): Promise<TopicStep[]> {
  const { admin } = context
  const wanted = await wantedOf(context)
  const names = [...new Set(wanted.flatMap(namesFor))]
  const [topics, { brokers }] = await Promise.all([admin.topics(names), admin.cluster()])
  const settings = await admin.settings([...topics.keys()])
  return planTopics(wanted, { topics, settings, brokers: brokers.length })
}

function namesFor({ name, partitions }: WantedTopic): string[] {
  return 'as' in partitions ? [name, partitions.as] : [name]
}

async function wantedOf({ environment, root, args }: TopicsContext): Promise<WantedTopic[]> {
  const files = args.positionals.slice(1)
  const path = join(root, 'schemas', 'catalogue.yaml')
  const [catalogue, names, given, whole] = await Promise.all([
    readCatalogue(args.cwd === process.cwd() ? shownPath(path, args.cwd) : path),
    internalNames(),
    loadPlans(topologyPaths(files, args), args.registry, args.env),
    projectPlans(root, args),
  ])
  const defaults = environment.kafka.topics
  const sources = { catalogue, defaults, names }
  if (files.length === 0) return wantedTopics({ ...sources, plans: whole, whole: true })
  // Whose state would suffer is to be known also of those that are not asked for.
  const everywhere = new Map(
    wantedTopics({ ...sources, plans: [...given, ...whole], whole: false }).map((topic) => [
      topic.name,
      topic,
    ]),
  )
  return wantedTopics({ ...sources, plans: given, whole: false }).map((topic) => ({
    ...topic,
    stateful: [...new Set(everywhere.get(topic.name)?.stateful ?? topic.stateful)],
  }))
}
