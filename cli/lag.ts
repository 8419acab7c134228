import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { kindOf, sentenceOf } from '../engine/errors.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { isOwnTopic, unknownGroup } from './lag/groups.ts'
import { lagRows, type LagRow } from './lag/rows.ts'
import { openPositions } from './positions/open.ts'
import type { Positions } from './positions/positions.ts'
import { findRoot } from '../project/root.ts'
import { projectPlans } from './project/plans.ts'
import { topologyPaths } from './project/topology-path.ts'
import { loadPlans, topicsFollowed } from './run/topologies.ts'
import { textTable } from './terminal/text-table.ts'

const watchMs = 2000

/** `millrace lag`. */
export const command: Command = {
  name: 'lag',
  summary: 'Shows how far topologies are behind, in records and in seconds.',
  usage: 'millrace lag [FILE…] [--group NAME] [--watch] [flags]',
  options: describedFlags({
    group: {
      type: 'string',
      placeholder: 'NAME',
      description: 'a consumer group, also one of another program',
    },
    watch: { type: 'boolean', description: 'show it again every two seconds, until Ctrl-C' },
    env: commonFlags.env,
    output: commonFlags.output,
    project: commonFlags.project,
    store: commonFlags.store,
  }),
  help: `
A row for each partition of the topics that the topologies of FILE… read; without FILE, of all of topologies/.

  committed  the next record to be processed, as committed
  end        the next record to be written (of Kafka the last stable offset: an open transaction holds it back)
  lag        records that wait. Those beyond the committed offset that are settled already do not count
  seconds    how long the oldest of them has been waiting, by its timestamp
  settled    records beyond the committed offset that are settled already
  letters    parked records: see millrace dlq list

Examples:
  millrace lag topologies/audit-store.yaml --env production
  millrace lag --group audit-store --watch
`,
  run,
}

interface Wanted {
  readonly group: string
  readonly topics: readonly string[]
}

async function run(args: CommandArgs): Promise<number> {
  const { values, positionals, cwd } = args
  const format = outputFlag(values, ['table', 'json'])
  const root = findRoot({ cwd, project: textFlag(values, 'project'), topology: positionals[0] })
  if (textFlag(values, 'group') !== undefined && positionals.length > 0)
    throw usage('lag takes files or --group, not both: a topology is the group of its name.')
  const positions = await openPositions(args, root)
  try {
    const watch = values['watch'] === true
    do {
      await showOnce(positions, args, root, format).catch((error: unknown) => tellPassing(error, watch, args))
    } while (watch && (await pause(watchMs, args.signal)))
    return 0
  } finally {
    await positions.close()
  }
}

async function showOnce(
  positions: Positions,
  args: CommandArgs,
  root: string,
  format: 'table' | 'json',
): Promise<void> {
  const rows: LagRow[] = []
  for (const { group, topics } of await wantedGroups(positions, args, root))
    rows.push(...(await lagRows(positions, group, topics, Date.now())))
  if (format === 'json') args.out(JSON.stringify(rows))
  else print(rows, args)
}

/** Who watches wants to see it come back. */
function tellPassing(error: unknown, watch: boolean, args: CommandArgs): void {
  if (!watch || kindOf(error) !== 'downstream') throw error
  args.err(sentenceOf(error))
}

async function wantedGroups(positions: Positions, args: CommandArgs, root: string): Promise<Wanted[]> {
  const group = textFlag(args.values, 'group')
  if (group !== undefined) {
    const topics = (await positions.committedTopics(group)).filter((topic) => !isOwnTopic(group, topic))
    if (topics.length > 0) return [{ group, topics }]
    throw unknownGroup(group, await positions.groups(), positions)
  }
  const plans =
    args.positionals.length > 0
      ? await loadPlans(topologyPaths(args.positionals, args), args.registry, args.env)
      : await projectPlans(root, args)
  if (plans.length === 0) {
    const where = existsSync(join(root, 'topologies')) ? 'topologies/ holds none' : 'there is no topologies/'
    throw usage(`lag needs topologies, and ${where}: give files, or --group NAME.`)
  }
  const names = new Set(await positions.topicNames())
  return plans.map((plan) => ({
    group: plan.name,
    topics: topicsThere(plan.name, topicsFollowed(plan), names),
  }))
}

/** Sources that read no topic name their partitions after themselves: there is nothing to be behind of. */
function topicsThere(group: string, topics: readonly string[], names: ReadonlySet<string>): string[] {
  return topics.filter((topic) => names.has(topic) && !isOwnTopic(group, topic))
}

function print(rows: readonly LagRow[], args: CommandArgs): void {
  if (rows.length === 0)
    return args.out('No partition is read: the topics do not exist yet, or this user may not see them.')
  const cells = rows.map((row) => [
    row.group,
    row.topic,
    String(row.partition),
    row.committed === null ? '-' : String(row.committed),
    String(row.end),
    String(row.lag),
    secondsText(row.seconds),
    row.foreign === undefined ? String(row.settled) : '?',
    String(row.letters),
  ])
  const headings = ['group', 'topic', 'partition', 'committed', 'end', 'lag', 'seconds', 'settled', 'letters']
  const width = process.stdout.isTTY ? process.stdout.columns : undefined
  for (const line of textTable(headings, cells, width)) args.out(line)
  for (const { topic, partition, foreign } of rows)
    if (foreign !== undefined) args.err(`${topic}/${partition}: ${foreign}`)
  const most = rows.reduce((worst, { seconds }) => Math.max(worst, seconds), 0)
  const lag = rows.reduce((sum, row) => sum + row.lag, 0)
  args.out('')
  args.out(`${lag} record${lag === 1 ? '' : 's'} behind, the oldest by ${secondsText(most)} s.`)
}

function secondsText(seconds: number): string {
  return seconds === 0 ? '0' : seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))
}

/** False when it was ended meanwhile. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve(true)
    }, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
