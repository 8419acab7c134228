import type { NamedRead } from '../engine/cql/named-reads.ts'
import type { ReadPage } from '../engine/cql/read-pages.ts'
import { plainValue } from '../engine/cql/read-params.ts'
import { MillraceError } from '../engine/errors.ts'
import type { EnvironmentConfig } from '../engine/config/environment-config.ts'
import { cassandraOf, withCassandra } from './cluster/cassandra.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { openEnvironment } from './project/environment-file.ts'
import { commonFlags, describedFlags, numberFlag, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { needStore, openProject, type Project } from './project/project.ts'
import { textTable } from './terminal/text-table.ts'

const formats = ['table', 'json', 'jsonl'] as const
const defaultLimit = 100
const mostRows = 100_000

/** `millrace query`. */
export const command: Command = {
  name: 'query',
  summary: 'Runs a named read of cql/queries/.',
  usage: 'millrace query [NAME] [PARAMETER=VALUE…] [--limit N] [--page TOKEN] [flags]',
  options: describedFlags({
    limit: { type: 'string', placeholder: 'N', description: `rows of a page (default: ${defaultLimit})` },
    page: { type: 'string', placeholder: 'TOKEN', description: 'go on where the page before ended' },
    output: { ...commonFlags.output, description: 'table (the default), json or jsonl' },
    env: commonFlags.env,
    project: commonFlags.project,
    store: commonFlags.store,
  }),
  help: `
Without NAME it lists the reads there are, with their parameters. Times are given as 2026-05-01T12:00:00Z, or as now,
now-30d. A page that is not the last ends with the command for the next one. With --env the tables are those in Cassandra;
pages, their tokens and what is printed are the same.

Examples:
  millrace query
  millrace query audit-by-entity store=berlin entityType=order entityId=A-17 --limit 20
  millrace query audit-by-user userId=ada --env production -o json
`,
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { values, positionals, cwd } = args
  const format = outputFlag(values, formats)
  const limit = numberFlag(values, 'limit', 1, mostRows) ?? defaultLimit
  const project = await openProject({
    cwd,
    project: textFlag(values, 'project'),
    store: textFlag(values, 'store'),
  })
  try {
    const [name, ...pairs] = positionals
    if (name === undefined) return listReads(project, format, args)
    const environment = await openEnvironment(values, { cwd, root: project.root, env: args.env })
    const options = { limit, pageToken: textFlag(values, 'page') }
    const page = await readPage({ project, environment }, name, parametersOf(pairs), options)
    const next = page.nextPageToken === undefined ? undefined : nextCommand(args, page.nextPageToken)
    printPage(page, format, next, args)
    return 0
  } finally {
    await project.close()
  }
}

function parametersOf(pairs: readonly string[]): Record<string, string> {
  const given: Record<string, string> = Object.create(null) as Record<string, string>
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw usage(`A parameter is given as name=value, and "${pair}" is not: correct it.`)
    const name = pair.slice(0, at)
    if (name in given) throw usage(`The parameter ${name} is given twice: leave one out.`)
    given[name] = pair.slice(at + 1)
  }
  return { ...given }
}

async function readPage(
  {
    project,
    environment,
  }: { readonly project: Project; readonly environment: EnvironmentConfig | undefined },
  name: string,
  given: Readonly<Record<string, string>>,
  options: { readonly limit: number; readonly pageToken: string | undefined },
): Promise<ReadPage> {
  try {
    const read = project.namedRead(name)
    if (environment !== undefined) return await clusterPage(environment, read, given, options)
    needStore(project)
    return project.storedTables.executeNamedRead(read, given, options)
  } catch (error) {
    // The read, its parameters and its page are all named on the command line.
    if (error instanceof MillraceError && error.code === 'QUERY_REFUSED') throw usage(error.message)
    throw error
  }
}

async function clusterPage(
  environment: EnvironmentConfig,
  read: NamedRead,
  given: Readonly<Record<string, string>>,
  options: { readonly limit: number; readonly pageToken: string | undefined },
): Promise<ReadPage> {
  const { CassandraReads } = await import('../engine/cassandra/named-reads.ts')
  // Statements name the keyspace: one that is missing is told with the read that wanted it.
  return withCassandra(cassandraOf(environment), { useKeyspace: false }, (client) =>
    new CassandraReads(client).executeNamedRead(read, given, options),
  )
}

function printPage(
  page: ReadPage,
  format: (typeof formats)[number],
  next: string | undefined,
  args: CommandArgs,
): void {
  const rows = page.rows.map((row) =>
    Object.fromEntries(page.columns.map(({ name, type }) => [name, plainValue(type, row[name] ?? null)])),
  )
  if (format === 'json') {
    args.out(JSON.stringify({ rows, nextPage: page.nextPageToken ?? null }))
    return
  }
  if (format === 'jsonl') {
    for (const row of rows) args.out(JSON.stringify(row))
    if (next !== undefined) args.err(`next page: ${next}`)
    return
  }
  const names = page.columns.map(({ name }) => name)
  const cells = rows.map((row) => names.map((name) => cellText(row[name])))
  for (const line of textTable(names, cells, terminalWidth())) args.out(line)
  const count = rows.length === 1 ? '1 row' : `${rows.length} rows`
  args.out('')
  args.out(next === undefined ? count : `${count}, and there are more:`)
  if (next !== undefined) args.out(`  ${next}`)
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Undefined where the answer does not go to a terminal: then nothing is cut. */
function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined
}

function nextCommand({ positionals, values }: CommandArgs, token: string): string {
  const flags = ['limit', 'output', 'env', 'project', 'store'].flatMap((name) => {
    const value = textFlag(values, name)
    return value === undefined ? [] : [`--${name}`, value]
  })
  return ['millrace', 'query', ...positionals, ...flags, '--page', token].map(shellWord).join(' ')
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function listReads(project: Project, format: (typeof formats)[number], args: CommandArgs): number {
  const reads = project.readNames().map((name) => project.namedRead(name))
  if (format !== 'table') {
    const shown = reads.map(({ name, summary, params }) => ({
      name,
      summary,
      parameters: params.map(parameterInfo),
    }))
    if (format === 'json') args.out(JSON.stringify(shown))
    else for (const read of shown) args.out(JSON.stringify(read))
    return 0
  }
  if (reads.length === 0) args.out(`There are no named reads in ${project.root}/cql/queries/.`)
  for (const read of reads) for (const line of readLines(read)) args.out(line)
  return 0
}

function parameterInfo({ name, type, otherwise, description }: NamedRead['params'][number]) {
  return { name, type: type.kind, required: otherwise === undefined, default: otherwise ?? null, description }
}

function readLines({ name, summary, params }: NamedRead): string[] {
  const rows = params.map((param) => {
    const value = param.otherwise === undefined ? `${param.name}=…` : `[${param.name}=${param.otherwise}]`
    return [`  ${value}`, param.type.kind, param.description]
  })
  return [`${name}: ${summary}`, ...(rows.length === 0 ? [] : alignedRows(rows)), '']
}

function alignedRows(rows: readonly (readonly string[])[]): string[] {
  return textTable(['', '', ''], rows).slice(1)
}
