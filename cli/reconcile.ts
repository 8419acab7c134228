import { resolve } from 'node:path'
import { planReading } from '../engine/topology/plan.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { openEnvironment } from './project/environment-file.ts'
import { commonFlags, describedFlags, numberFlag, outputFlag, textFlag } from './command-line/flags.ts'
import { bar, terminalProgress } from './terminal/progress.ts'
import { findRoot } from '../project/root.ts'
import { needStore, openProject, type Project } from './project/project.ts'
import { openScan } from './reconcile/scan.ts'
import { differencesIn, reconciliationLines } from './reconcile/result.ts'
import { reconcile, type ReconcileOptions } from './reconcile/run.ts'
import { readOne } from './replay/open-replay.ts'
import { replayedPart } from './replay/replayed-part.ts'

const formats = ['text', 'json'] as const
const defaultLimit = 20
/** Nothing is different, but there are tables of which nobody can tell. */
const exitNotCompared = 3

/** `millrace reconcile`. */
export const command: Command = {
  name: 'reconcile',
  summary: 'Compares the topics of a topology with its tables, row by row.',
  usage: 'millrace reconcile FILE [--env NAME|FILE] [flags]',
  options: describedFlags({
    limit: {
      type: 'string',
      placeholder: 'N',
      description: `differences to tell one by one (default: ${defaultLimit})`,
    },
    replay: {
      type: 'string',
      placeholder: 'NAME',
      description: 'compare what this replay has read with the tables that it writes',
    },
    env: commonFlags.env,
    output: commonFlags.output,
    project: commonFlags.project,
    store: commonFlags.store,
  }),
  help: `
It reads the topics once from their beginning, runs the topology over them without any effect, and compares the rows that
its table sinks would write with those that the tables have: keys, values, write timestamps, times to live. Every committed
record must have its rows, unless it is parked or was discarded; and no row may be without a record.

Workers may be at work meanwhile. Values that are looked up (enrich) may differ from run to run: of such columns the write
timestamps and times to live are compared, and it is told how many have what a lookup gives now, which is no difference.
Rows from before what the topics still hold cannot be judged, and are counted apart. What is compared takes room on the
disk: about 150 bytes for each row and side.

With --replay NAME it is about a replay of the topology (millrace replay): records of its time, and its side tables.

Not compared, and told with the reason, are tables behind a node whose output is not of the records alone: aggregate,
resequence and schedule send when it is time, a repartition deletes what has gone through, an inner join sends on what
had a row. Whether a record was lost is found out all the same.

Examples:
  millrace reconcile topologies/audit-store.yaml
  millrace reconcile topologies/audit-store.yaml --env production -o json
`,
  exits: {
    0: 'no differences',
    1: 'differences',
    3: 'no differences, but tables that cannot be compared',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { values, cwd, env, positionals, err } = args
  outputFlag(values, formats)
  const reading = await readOne('reconcile', args, positionals)
  const live = planReading(reading)
  const replay = textFlag(values, 'replay')
  const where = { cwd, topology: resolve(cwd, positionals[0]!), project: textFlag(values, 'project') }
  const environment = await openEnvironment(values, { cwd, root: findRoot(where), env })
  const trouble = (sentence: string): void => err(sentence)
  const project = await openProject({ ...where, store: textFlag(values, 'store'), environment, trouble })
  try {
    needStore(project)
    if (replay === undefined) return await compare({ plan: live }, project, args)
    const { plan, ...part } = await replayedPart(project, reading, replay)
    return await compare({ plan, part }, project, args)
  } finally {
    await project.close()
  }
}

async function compare(
  what: Pick<ReconcileOptions, 'plan' | 'part'>,
  project: Project,
  { values, out, err, signal }: CommandArgs,
): Promise<number> {
  const limit = numberFlag(values, 'limit', 0, 1_000_000) ?? defaultLimit
  const progress = terminalProgress()
  const scan = await openScan(project)
  try {
    const result = await reconcile({
      ...{ ...what, project, scan, limit, signal },
      trouble: (sentence) => {
        progress.clear()
        err(sentence)
      },
      progress: (what, share) =>
        progress.show(() => `${bar(share)} ${String(Math.floor(share * 100)).padStart(3)} %  ${what}`),
    })
    progress.clear()
    if (outputFlag(values, formats) === 'json') out(JSON.stringify(result))
    else for (const line of reconciliationLines(result)) out(line)
    if (differencesIn(result) > 0) return 1
    return result.notCompared.length > 0 ? exitNotCompared : 0
  } finally {
    progress.clear()
    await scan.close()
  }
}
