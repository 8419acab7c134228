import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { MillraceError, fatalError } from '../engine/errors.ts'
import type { FileResult } from '../engine/testing/report.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { entryAt, findRoot, shownPath } from '../project/root.ts'
import type { Where } from './test/file.ts'
import { topologiesOf, topologyPath } from './project/topology-path.ts'
import type { WatchedFolder } from './test/watch-folders.ts'

export const command: Command = {
  name: 'test',
  summary: 'Runs the test cases of topologies, on the engine, without servers.',
  usage:
    'millrace test [FILE|FOLDER…] [--filter TEXT] [--on embedded|cluster] [--coverage] [--watch] [-o json|junit]',
  options: describedFlags({
    filter: {
      type: 'string',
      placeholder: 'TEXT',
      description: 'only cases whose name has this in it',
    },
    on: {
      type: 'string',
      placeholder: 'WHERE',
      description:
        'embedded: each life of the worker opens the store anew; cluster: that of --env, under names of its own',
    },
    env: { ...commonFlags.env, description: 'the cluster of environments/NAME.yaml, for --on cluster' },
    coverage: {
      type: 'boolean',
      description: 'say which nodes and outputs no case reached, and fail where there are any',
    },
    watch: {
      type: 'boolean',
      description: 'run them again after every change of topologies, cases, schemas and tables',
    },
    output: { ...commonFlags.output, description: 'text, json or junit (default: text)' },
    project: commonFlags.project,
  }),
  help: `The cases of topologies/NAME.yaml are in topologies/NAME.test.yaml: what comes in, what goes wrong, what must be there in
the end. Each runs in a store of its own, on a clock of its own: retries, windows and crashes take milliseconds. Without
a file or folder, the cases in topologies/ are run.

The same cases run in a cluster: topics, groups and a keyspace are made for them and deleted, and nothing else is touched.

Examples:
  millrace test
  millrace test topologies/audit-store.yaml --filter duplicate
  millrace test topologies/audit-store.yaml --watch
  millrace test --coverage -o junit > cases.xml
  millrace test --on cluster --env local`,
  exits: {
    0: 'all cases hold',
    1: 'a case does not, a file cannot be read, or with --coverage something is not reached',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  if (args.values['watch'] === true) return runAgainAndAgain(args)
  return runOnce(args)
}

async function runOnce(args: CommandArgs): Promise<number> {
  const { values, out } = args
  const [{ testFormats, formatResults, countCases, hasGaps }, { runFile }] = await Promise.all([
    import('../engine/testing/report.ts'),
    import('./test/file.ts'),
  ])
  const format = outputFlag(values, testFormats)
  const filter = textFlag(values, 'filter')
  const on = whereFlag(args)
  const results: FileResult[] = []
  for (const file of caseFiles(args)) {
    if (args.signal.aborted) return 1
    results.push(await runFile(file, { args, filter, on, coverage: values['coverage'] === true }))
  }
  refuseNothing(results, filter)
  out(formatResults(results, format))
  const { passed, failed, passedOver } = countCases(results)
  const nothingTried = passed + failed === 0 && passedOver > 0
  return failed > 0 || nothingTried || results.some(hasGaps) ? 1 : 0
}

function whereFlag({ values }: CommandArgs): Where {
  const on = textFlag(values, 'on')
  if (on !== undefined && on !== 'embedded' && on !== 'cluster')
    throw usage(`--on takes embedded or cluster, not "${on}".`)
  if (on !== 'cluster' && textFlag(values, 'env') !== undefined)
    throw usage('--env is for cases in a cluster: add --on cluster.')
  return on
}

/** Runs the cases now and after every change, until Ctrl-C. What cannot be run now may be so after the next change. */
async function runAgainAndAgain(args: CommandArgs): Promise<number> {
  const { values, cwd, out, err, signal } = args
  if (textFlag(values, 'output') !== undefined)
    throw usage('--watch is for people: leave -o out, or --watch.')
  const attempt = async (): Promise<void> => {
    try {
      await runOnce(args)
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      err(`millrace: ${error.message}`)
    }
    if (!signal.aborted) out('Waiting for a change; Ctrl-C ends.')
  }
  const files = caseFiles(args).map((file) => resolve(cwd, file))
  const { watchFolders } = await import('./test/watch-folders.ts')
  await watchFolders(watchedFolders(files, args), signal, attempt)
  return 0
}

/** Where topologies, cases, schemas and tables are. */
function watchedFolders(files: readonly string[], { cwd, values }: CommandArgs): WatchedFolder[] {
  const near = [...new Set(files.map((file) => dirname(file)))]
  const project = textFlag(values, 'project')
  const roots = files.map((topology) => findRoot({ cwd, project, topology }))
  const parts = [...new Set(roots)].flatMap((root) => ['schemas', 'cql'].map((part) => join(root, part)))
  return [...near.map((path) => ({ path, deep: false })), ...parts.map((path) => ({ path, deep: true }))]
}

/** Nothing that was run shows nothing. */
function refuseNothing(results: readonly FileResult[], filter: string | undefined): void {
  if (results.some(({ cases, problem }) => cases.length > 0 || problem !== undefined)) return
  throw fatalError('USAGE', `No case has "${filter ?? ''}" in its name: leave --filter out to see them all.`)
}

/** The case files that are meant: of a topology, in a folder, or given themselves. */
function caseFiles({ positionals, cwd, values }: CommandArgs): string[] {
  const given = positionals.length === 0 ? [topologiesOf({ cwd, values })] : positionals
  const found = given.flatMap((one) => {
    const given = resolve(cwd, one)
    const path = existsSync(given) ? given : resolve(cwd, topologyPath(one, { cwd, values }))
    const stat = entryAt(path)
    if (stat === undefined)
      throw fatalError(
        'CONFIG_UNREADABLE',
        `${one} does not exist: give a topology, its test file or a folder.`,
      )
    if (stat.isDirectory()) return filesIn(path, one)
    return [path.endsWith('.test.yaml') ? path : testFileOf(path, one)]
  })
  // As they were given where that works, since problems show them.
  return [...new Set(found)].map((path) => (cwd === process.cwd() ? shownPath(path, cwd) : path))
}

function filesIn(folder: string, given: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.test.yaml'))
  if (names.length > 0) return names.sort().map((name) => join(folder, name))
  throw fatalError('CONFIG_UNREADABLE', `There is no NAME.test.yaml in ${given}: write one beside NAME.yaml.`)
}

function testFileOf(topology: string, given: string): string {
  const path = topology.replace(/\.ya?ml$/, '.test.yaml')
  if (entryAt(path) !== undefined) return path
  const name = shownPath(path, dirname(topology))
  throw new MillraceError(
    'fatal',
    'CONFIG_UNREADABLE',
    `${given} has no test cases: write ${name} beside it.`,
  )
}
