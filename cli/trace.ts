import { readTopologyFile } from '../engine/config/load.ts'
import { planReading } from '../engine/topology/plan.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, numberFlag, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { bar, terminalProgress } from './terminal/progress.ts'
import { projectOptions } from './project/options.ts'
import { replayedPart } from './replay/replayed-part.ts'
import { needStore, openProject, type Project } from './project/project.ts'
import { shownJson } from './terminal/stored-value.ts'
import { topologyPath } from './project/topology-path.ts'
import { tracingLines } from './trace/report.ts'
import { traceEvent, type TraceOptions } from './trace/run.ts'
import type { Wanted } from './trace/scan.ts'
import { openTimes, timeFlag } from './trace/times.ts'

const formats = ['text', 'json'] as const
const defaultLimit = 20

/** `millrace trace`. */
export const command: Command = {
  name: 'trace',
  summary: 'Says where an event went: positions, each node, letters, rows, outputs.',
  usage: 'millrace trace EVENTID --topology FILE [--by FIELD] [--since TIME] [--env NAME|FILE] [flags]',
  options: describedFlags({
    topology: { type: 'string', placeholder: 'FILE', description: 'the topology that it went through' },
    replay: { type: 'string', placeholder: 'NAME', description: 'as this replay of the topology has it' },
    by: {
      type: 'string',
      placeholder: 'FIELD',
      description:
        'the field that holds EVENTID, or "key" (default: what the topology removes duplicates by)',
    },
    since: {
      type: 'string',
      placeholder: 'TIME',
      description: 'search records of this time and later: 2h, or a time',
    },
    until: { type: 'string', placeholder: 'TIME', description: 'search up to the first record of this time' },
    last: { type: 'string', placeholder: 'N', description: 'search the last N records of each partition' },
    limit: { type: 'string', placeholder: 'N', description: `positions to tell (default: ${defaultLimit})` },
    values: {
      type: 'boolean',
      description: 'show values, too: of the record, and those that nodes make of it',
    },
    output: commonFlags.output,
    env: commonFlags.env,
    project: commonFlags.project,
    store: commonFlags.store,
  }),
  help: `
It searches the topics of the topology for records with that id, runs the topology on them without any effect, and says what
each node does with them: which filter drops them, which output a branch takes, whose duplicate they are. Then it looks
whether what the sinks make of them is there: rows by their keys, records in topics by key, time and bytes. Letters are told
with what became of them. EVENTID may be a position, too: audit-events/2@1234.

The topology, and the tables that it looks things up in, are those of now. Nodes are asked with the state that the topology
has committed; in a cluster it is read from the changelogs, once for each position that is told.

Examples:
  millrace trace evt-17 --topology topologies/audit-store.yaml
  millrace trace evt-17 --topology topologies/audit-store.yaml --since 2h --env production -o json
  millrace trace A-17 --by entityId --topology topologies/audit-store.yaml --last 10000
`,
  exits: {
    0: 'found',
    1: 'not found',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { values, positionals } = args
  outputFlag(values, formats)
  const now = Date.now()
  const bounds = {
    since: timeFlag('since', textFlag(values, 'since'), now),
    until: timeFlag('until', textFlag(values, 'until'), now),
    last: numberFlag(values, 'last', 1, 1_000_000_000),
    limit: numberFlag(values, 'limit', 1, 1000) ?? defaultLimit,
  }
  const [id, ...others] = positionals
  const file = textFlag(values, 'topology')
  if (id === undefined) throw usage('trace needs an event: millrace trace EVENTID --topology FILE.')
  if (others.length > 0) throw usage(`trace takes one event at a time: leave "${others[0]}" out.`)
  if (file === undefined) throw usage(`trace needs a topology: millrace trace ${id} --topology FILE.`)
  const path = topologyPath(file, args)
  const reading = await readTopologyFile(path, args.registry, args.env)
  const live = planReading(reading)
  const wanted = wantedOf(id, textFlag(values, 'by'), live)
  const replay = textFlag(values, 'replay')
  const project = await openProject(await projectOptions(args, path))
  try {
    needStore(project)
    const part = replay === undefined ? { plan: live } : await replayedPart(project, reading, replay)
    return await answer(args, { ...bounds, ...part, project, wanted })
  } finally {
    await project.close()
  }
}

async function answer(
  { values, out, err, signal }: CommandArgs,
  what: Pick<TraceOptions, 'plan' | 'includes' | 'project' | 'wanted' | 'since' | 'until' | 'last' | 'limit'>,
): Promise<number> {
  const progress = terminalProgress()
  try {
    const tracing = await withTimes(what.project, (firstSince) =>
      traceEvent({
        ...{ ...what, firstSince, signal },
        values: values['values'] === true,
        trouble: (sentence) => {
          progress.clear()
          err(sentence)
        },
        progress: (doing, share) =>
          progress.show(() => `${bar(share)} ${String(Math.floor(share * 100)).padStart(3)} %  ${doing}`),
      }),
    )
    progress.clear()
    if (outputFlag(values, formats) === 'json') out(shownJson(tracing))
    else for (const line of tracingLines(tracing, what.plan)) out(line)
    return tracing.positions.length > 0 ? 0 : 1
  } finally {
    progress.clear()
  }
}

async function withTimes<T>(
  project: Project,
  work: (firstSince: Awaited<ReturnType<typeof openTimes>>['firstSince']) => Promise<T>,
): Promise<T> {
  const times = await openTimes(project)
  try {
    return await work(times.firstSince)
  } finally {
    await times.close()
  }
}

/** What the words of the command line look for. Throws USAGE where nobody says which field is meant. */
export function wantedOf(id: string, by: string | undefined, plan: TopologyPlan): Wanted {
  const place = /^([A-Za-z0-9._-]+)\/(\d{1,9})@(\d{1,15})$/.exec(id)
  if (place !== null && by === undefined)
    return { kind: 'position', topic: place[1]!, partition: Number(place[2]), offset: Number(place[3]) }
  if (by === 'key') return { kind: 'key', id }
  const path = by ?? idField(plan)
  if (path !== undefined) return { kind: 'field', path, id }
  throw usage(
    `${plan.file} removes no duplicates, so that it names no id: say which field it is, with --by FIELD.`,
  )
}

/** The field that a topology knows its events by. */
function idField(plan: TopologyPlan): string | undefined {
  for (const { kind, type, config } of plan.nodes.values())
    if (kind === 'processor' && type === 'dedupe' && typeof config['by'] === 'string') return config['by']
  return undefined
}
