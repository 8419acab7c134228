import type { TopicPartition } from '../engine/component/contracts/position.ts'
import { nearest } from '../engine/config/suggest.ts'
import { permanentError } from '../engine/errors.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { groupOf, type MeantGroup } from './offsets/group.ts'
import { changeLines, changesTo, stateWarnings, type OffsetChange } from './offsets/changes.ts'
import { targetOf } from './offsets/target.ts'
import { openPositions } from './positions/open.ts'
import { partitionsUpTo, type Positions } from './positions/positions.ts'
import { findRoot } from '../project/root.ts'
import { textTable } from './terminal/text-table.ts'

/** `millrace offsets`. */
export const command: Command = {
  name: 'offsets',
  summary: 'Shows what a topology has committed, and sets it back or forth.',
  usage: 'millrace offsets show|set FILE [--to PLACE | --back DURATION] [--yes] [flags]',
  options: describedFlags({
    to: {
      type: 'string',
      multiple: true,
      placeholder: 'PLACE',
      description: 'set: earliest, latest, a time, or TOPIC/PARTITION:OFFSET (may be repeated)',
    },
    back: {
      type: 'string',
      placeholder: 'DURATION',
      description: 'set: to what came this long ago, such as 1h',
    },
    topic: { type: 'string', placeholder: 'TOPIC', description: 'only this topic' },
    group: { type: 'string', placeholder: 'NAME', description: 'a consumer group, instead of FILE' },
    'keep-state': {
      type: 'boolean',
      description: 'set: also where the topology keeps state, which stays as it is',
    },
    yes: {
      type: 'boolean',
      short: 'y',
      description: 'set: do it; without it, it is only said what would be done',
    },
    env: commonFlags.env,
    output: commonFlags.output,
    project: commonFlags.project,
    store: commonFlags.store,
  }),
  help: `
  show  the committed offset of each partition, beside the first and the end
  set   commits other offsets. The topology must not be running. Settled ranges beyond the offset are forgotten, so
        that everything from there on comes again; parked records stay parked

A topology with state (dedupe, windows) keeps it: what is passed over is unknown to it, what comes again goes to the
sinks again. It is told what that means, and wants --keep-state.

Examples:
  millrace offsets show topologies/audit-store.yaml --env production
  millrace offsets set topologies/audit-store.yaml --to 2026-11-20T10:00:00Z --env production
  millrace offsets set topologies/audit-store.yaml --back 1h --keep-state --yes
  millrace offsets set --group audit-store --to audit-events/0:1200 --yes
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { values, positionals, cwd } = args
  const [name, file] = positionals
  if (name !== 'show' && name !== 'set') {
    const near = name === undefined ? undefined : nearest(name, ['show', 'set'])
    if (near !== undefined) throw usage(`offsets has no "${name}": did you mean ${near}?`)
    throw usage('offsets needs to be told what to do: show or set.')
  }
  const change = name === 'set'
  if (!change) refuseSetFlags(args)
  const target = change ? targetOf(listFlag(args), textFlag(values, 'back'), Date.now()) : undefined
  const root = findRoot({ cwd, project: textFlag(values, 'project'), topology: file })
  const positions = await openPositions(args, root, { change: change && values['yes'] === true })
  try {
    const meant = await groupOf(positions, args)
    const partitions = await partitionsOf(positions, meant, args)
    if (target === undefined) return await show(positions, meant, partitions, args)
    const changes = await changesTo(positions, meant.group, partitions, target)
    return await set(positions, meant, changes, args)
  } finally {
    await positions.close()
  }
}

function refuseSetFlags({ values }: CommandArgs): void {
  for (const name of ['to', 'back', 'yes', 'keep-state'])
    if (values[name] !== undefined)
      throw usage(`--${name} belongs to offsets set: offsets show changes nothing.`)
}

function listFlag({ values }: CommandArgs): string[] {
  const given = values['to']
  return (Array.isArray(given) ? given : [given]).filter((one): one is string => typeof one === 'string')
}

async function partitionsOf(
  positions: Positions,
  { topics }: MeantGroup,
  { values }: CommandArgs,
): Promise<TopicPartition[]> {
  const only = textFlag(values, 'topic')
  if (only !== undefined && !topics.includes(only)) {
    const near = nearest(only, topics)
    const hint = near === undefined ? `it reads ${topics.join(', ')}.` : `did you mean ${near}?`
    throw permanentError('TOPIC_UNKNOWN', `The group does not read the topic ${only}: ${hint}`)
  }
  const wanted = only === undefined ? topics : [only]
  const all = await Promise.all(
    wanted.map(async (topic) => partitionsUpTo(topic, (await positions.partitionsOf(topic)) ?? 0)),
  )
  return all.flat()
}

async function show(
  positions: Positions,
  { group }: MeantGroup,
  partitions: readonly TopicPartition[],
  args: CommandArgs,
): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const [bounds, committed] = await Promise.all([
    positions.bounds(partitions),
    positions.committed(group, partitions),
  ])
  const rows = partitions.map((place, index) => ({
    group,
    ...place,
    committed: committed[index]?.offset ?? null,
    ...bounds[index]!,
    settledBeyond: (committed[index]?.metadata ?? '') !== '',
  }))
  if (format === 'json') args.out(JSON.stringify(rows))
  else {
    const headings = ['group', 'topic', 'partition', 'committed', 'first', 'end', 'settled beyond']
    const cells = rows.map((row) => [
      ...[row.group, row.topic, String(row.partition), row.committed === null ? '-' : String(row.committed)],
      ...[String(row.first), String(row.end), row.settledBeyond ? 'yes' : 'no'],
    ])
    for (const line of textTable(headings, cells)) args.out(line)
  }
  return 0
}

async function set(
  positions: Positions,
  meant: MeantGroup,
  changes: readonly OffsetChange[],
  args: CommandArgs,
): Promise<number> {
  const format = outputFlag(args.values, ['table', 'json'])
  const warnings = stateWarnings(changes, meant.stores)
  const asked = args.values['yes'] === true && changes.length > 0
  const members = await positions.members(meant.group)
  if (asked) refuse(meant, members, warnings, args)
  if (asked)
    await positions.set(
      meant.group,
      changes.map(({ to, ...place }) => ({ ...place, offset: to })),
    )
  if (format === 'json') {
    args.out(JSON.stringify({ group: meant.group, done: asked, changes, warnings, members }))
    return 0
  }
  if (changes.length === 0) args.out('Nothing to do: that is what is committed.')
  else
    for (const line of changeLines(changes, process.stdout.isTTY ? process.stdout.columns : undefined))
      args.out(line)
  for (const warning of warnings) args.err(warning)
  if (asked) args.out('\nDone.')
  else if (changes.length > 0) {
    for (const member of members) args.err(`${meant.group} is running: ${member}`)
    args.out('\nNothing was changed: --yes does it.')
  }
  return 0
}

function refuse(
  { group }: MeantGroup,
  members: readonly string[],
  warnings: readonly string[],
  args: CommandArgs,
): void {
  if (members.length > 0) {
    const who = members.length === 1 ? members[0]! : `${members.length} members, such as ${members[0]!}`
    throw permanentError('GROUP_BUSY', `The group ${group} is running (${who}): stop it first.`)
  }
  if (warnings.length === 0 || args.values['keep-state'] === true) return
  throw permanentError('STATE_CONTRADICTED', `${warnings.join(' ')} Add --keep-state if that is meant.`)
}
