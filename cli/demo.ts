import { join, relative, resolve } from 'node:path'
import { demoPlatform } from './demo/platform.ts'
import { showProgress } from './demo/progress.ts'
import { chooseHistory, type History } from './demo/history.ts'
import { reportDemo } from './demo/report.ts'
import { clearDemoStore, markDemoStore } from './demo/store.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { packageRoot } from './project/package-root.ts'
import { terminalProgress } from './terminal/progress.ts'
import { openProject } from './project/project.ts'
import { loadPlans, runTopologies } from './run/topologies.ts'
import type { TopologyPlan } from '../engine/topology/plan-types.ts'

export const command: Command = {
  name: 'demo',
  summary: 'Runs the audit topologies on a git history and shows what happened.',
  usage: 'millrace demo [--platform | --repo DIR] [-o json]',
  options: describedFlags({
    repo: {
      type: 'string',
      placeholder: 'DIR',
      description: 'the repository whose history is read (default: the one here, or a small bundled one)',
    },
    platform: {
      type: 'boolean',
      description:
        'the whole event platform of a made-up shop instead: orders, stock, figures, alerts, audit',
    },
    seed: { type: 'string', placeholder: 'N', description: 'with --platform: which shop (default: 7)' },
    events: {
      type: 'string',
      placeholder: 'N',
      description: 'with --platform: how many events (default: 10000)',
    },
    keep: { type: 'boolean', description: 'go on with the store of the last demo, instead of a new one' },
    output: commonFlags.output,
    store: commonFlags.store,
  }),
  help: `One topology turns the history of a git repository into audit events: who changed which file, when, and how. Another
one stores each of them once, in three tables. On the way some events are sent twice, some late, and a few broken, as
happens in life. Everything is kept in .millrace/demo, and nothing else is needed: no broker, no database.

With --platform a shop is made up: customers, sessions, orders, stock. Eleven topologies make read models, figures, alerts,
notifications and an audit of its events, which is compared with the topics in the end; one event is followed.

Examples:
  millrace demo --repo ../linux
  millrace demo --platform`,
  run,
}

/** What goes wrong on the way, on purpose. A broken event holds back its file for good, so there are only a few. */
function troubleFor(commits: number): object {
  const broken = Math.min(0.02, Math.max(0.0002, 2 / commits))
  return { duplicates: 0.02, disorder: 0.01, broken, seed: 1 }
}

async function run(args: CommandArgs): Promise<number> {
  const format = outputFlag(args.values, ['text', 'json'])
  const root = packageRoot()
  if (args.positionals.length > 0)
    throw usage(`demo takes no ${args.positionals[0]}: the folder of a repository is given with --repo.`)
  const named = textFlag(args.values, 'store')
  const store = resolve(args.cwd, named ?? join('.millrace', 'demo'))
  if (args.values['platform'] === true)
    return demoPlatform({ args, format, root, store, named: named !== undefined })
  refuseShopFlags(args)
  const history = await chooseHistory(textFlag(args.values, 'repo'), args.cwd, root)
  if (args.values['keep'] !== true) await clearDemoStore(store, named !== undefined)
  const tell = format === 'json' ? args.err : args.out
  tell(`Reading ${history.what}, oldest change first …`)
  const plans = await preparedPlans(args, root, history)
  const project = await openProject({ cwd: args.cwd, project: root, store })
  try {
    markDemoStore(store)
    project.acquireWorkerLock()
    const progress = terminalProgress()
    const started = performance.now()
    const summaries = await runTopologies({
      plans,
      project,
      untilEnd: true,
      signal: args.signal,
      print: args.out,
      trouble: (topology, sentence) => args.err(`${topology}: ${sentence}`),
      started: (workers) => showProgress(workers, (text) => progress.show(text), args.signal),
    }).finally(() => progress.clear())
    const seconds = (performance.now() - started) / 1000
    if (format === 'json') args.out(JSON.stringify(Object.fromEntries(summaries)))
    else
      await reportDemo({ args, project, plans, summaries, seconds, store: relative(args.cwd, store) || '.' })
    return 0
  } finally {
    await project.close()
  }
}

function refuseShopFlags({ values }: CommandArgs): void {
  for (const flag of ['seed', 'events'])
    if (values[flag] !== undefined) throw usage(`--${flag} is for the made-up shop: add --platform.`)
}

function demoFiles(root: string): string[] {
  return ['git-audit.yaml', 'audit-store.yaml'].map((name) => join(root, 'topologies', name))
}

async function preparedPlans(args: CommandArgs, root: string, history: History): Promise<TopologyPlan[]> {
  const plans = await loadPlans(demoFiles(root), args.registry, args.env)
  return plans.map((plan) => prepare(plan, history))
}

/** The topologies as they are, reading the chosen history, with some trouble on the way. */
function prepare(plan: TopologyPlan, history: History): TopologyPlan {
  const nodes = new Map(plan.nodes)
  for (const node of plan.nodes.values()) {
    if (node.kind !== 'source' || node.type !== 'git-log') continue
    const config = {
      ...node.config,
      repo: history.repo,
      name: history.name,
      trouble: troubleFor(history.commits),
    }
    nodes.set(node.name, { ...node, config })
  }
  return { ...plan, nodes }
}
