import { hostname, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { CassandraClient } from '../engine/cassandra/client.ts'
import type { KeyspacePlan, MigrationTarget } from '../engine/cassandra/migrations.ts'
import type { CassandraSettings } from '../engine/config/environment-config.ts'
import { nearest } from '../engine/config/suggest.ts'
import { readMigrations } from '../engine/cql/migrations.ts'
import { fatalError } from '../engine/errors.ts'
import { cassandraOf, withCassandra } from './cluster/cassandra.ts'
import type { Command, CommandArgs } from './command-line/command.ts'
import { pendingStatements, planJson, planLines, stepLine } from './cql/report.ts'
import { openEnvironment } from './project/environment-file.ts'
import { commonFlags, describedFlags, outputFlag, textFlag, usage } from './command-line/flags.ts'
import { terminalProgress } from './terminal/progress.ts'
import { readCqlFiles } from './project/cql-files.ts'
import { findRoot } from '../project/root.ts'

type Act = (target: MigrationTarget, args: CommandArgs) => Promise<number>

const acts: Readonly<Record<string, Act>> = { plan, apply }
const formats = ['text', 'json'] as const

/** `millrace cql`. */
export const command: Command = {
  name: 'cql',
  summary: 'Applies the migrations of cql/ to Cassandra or Scylla.',
  usage: 'millrace cql plan|apply [--env NAME|FILE] [flags]',
  options: describedFlags({
    env: commonFlags.env,
    yes: { type: 'boolean', short: 'y', description: 'apply: also drop tables, with what is in them' },
    'break-lock': {
      type: 'boolean',
      description: 'apply: take the lock from whoever is at work; only if that one is gone for sure',
    },
    output: commonFlags.output,
    project: commonFlags.project,
  }),
  help: `
  plan   what apply would do, and where the tables differ from what the migrations say; changes nothing
  apply  carries out what is missing, statement by statement, and makes the keyspace where the environment says how

What was applied is recorded in the table millrace_migrations of the keyspace, with a checksum: an applied file may not
change any more (comments and spaces may). One process works at a time. What is cut short goes on where it stopped.
A statement for one database alone has the line "-- millrace:scylla" or "-- millrace:cassandra" in front of it.

Examples:
  millrace cql plan --env production
  millrace cql apply --env production
`,
  exits: {
    0: 'plan: nothing to do; apply: done',
    1: 'something is refused, or tables differ from what the migrations say',
    3: 'plan: something is to be done',
  },
  run,
}

async function run(args: CommandArgs): Promise<number> {
  const { positionals, values, cwd, env } = args
  const [name, more] = positionals
  const act = name !== undefined && Object.hasOwn(acts, name) ? acts[name] : undefined
  if (act === undefined) {
    const near = name === undefined ? undefined : nearest(name, Object.keys(acts))
    if (near !== undefined) throw usage(`cql has no "${name}": did you mean ${near}?`)
    throw usage('cql needs to be told what to do: plan or apply.')
  }
  if (more !== undefined) throw usage(`cql ${name} has no use for "${more}": leave it out.`)
  outputFlag(values, formats)
  const root = findRoot({ cwd, project: textFlag(values, 'project') })
  const environment = await openEnvironment(values, { cwd, root, env })
  if (environment === undefined) {
    throw usage(
      `cql ${name} needs an environment: give --env NAME. (Embedded tables follow cql/ by themselves.)`,
    )
  }
  const settings = cassandraOf(environment)
  const migrations = readMigrations(readCqlFiles(join(root, 'cql'), resolve(cwd)))
  if (migrations.migrations.length === 0) {
    throw fatalError(
      'CQL_MIGRATIONS_INVALID',
      `There are no migrations in ${join(root, 'cql')}: nothing to do.`,
    )
  }
  return connected(settings, (client, session) => {
    const { keyspace, replication, dialect } = settings
    return act({ session, keyspace, replication, dialect, migrations }, args)
  })
}

async function connected(
  settings: CassandraSettings,
  work: (client: CassandraClient, session: MigrationTarget['session']) => Promise<number>,
): Promise<number> {
  const [{ migrationSession }, { clientError }, { whereOf }] = await Promise.all([
    import('../engine/cassandra/migration-session.ts'),
    import('../engine/cassandra/client-errors.ts'),
    import('../engine/cassandra/settings.ts'),
  ])
  // The keyspace may be missing, and statements name it.
  return withCassandra(settings, { useKeyspace: false }, async (client) => {
    try {
      return await work(client, migrationSession(client.driver))
    } catch (error) {
      throw clientError(error, `A statement for the keyspace ${settings.keyspace}`, whereOf(settings))
    }
  })
}

async function plan(target: MigrationTarget, { values, out }: CommandArgs): Promise<number> {
  const { planKeyspace } = await import('../engine/cassandra/migrations.ts')
  const planned = await planKeyspace(target)
  if (outputFlag(values, formats) === 'json') out(JSON.stringify(planJson(target.keyspace, planned)))
  else for (const line of planLines(target.keyspace, planned)) out(line)
  if (planned.refused.length > 0 || planned.differences.length > 0) return 1
  return pendingStatements(planned.migrations) > 0 ? 3 : 0
}

async function apply(target: MigrationTarget, args: CommandArgs): Promise<number> {
  const { values, out, err, signal } = args
  const { applyMigrations, planKeyspace } = await import('../engine/cassandra/migrations.ts')
  const json = outputFlag(values, formats) === 'json'
  refuseDrops(await planKeyspace(target), values['yes'] === true)
  const breakLock = values['break-lock'] === true
  if (breakLock)
    err('The lock is taken from whoever has it: see that nobody else is at work on the migrations.')
  const progress = terminalProgress()
  let carriedOut = 0
  try {
    await applyMigrations(target, {
      by: whoami(),
      breakLock,
      signal,
      report: (report) => {
        if (report.outcome === 'sending') return progress.show(() => stepLine(report))
        carriedOut++
        progress.clear()
        if (!json) out(stepLine(report))
      },
    })
  } finally {
    progress.clear()
  }
  const after = await planKeyspace(target)
  if (json) out(JSON.stringify({ ...planJson(target.keyspace, after), carriedOut }))
  else {
    for (const difference of after.differences) err(`differs: ${difference}`)
    out(
      carriedOut === 0
        ? `Nothing to do: ${target.keyspace} has all migrations.`
        : `${target.keyspace} has all migrations.`,
    )
  }
  return after.differences.length > 0 ? 1 : 0
}

/** A dropped table is gone with its rows. */
function refuseDrops({ migrations, refused }: KeyspacePlan, yes: boolean): void {
  if (refused.length > 0) return
  const dropped = migrations.flatMap(({ status, steps, done }) =>
    status === 'applied'
      ? []
      : steps.slice(done).flatMap(({ step }) => (step.act === 'drop-table' ? [step.name] : [])),
  )
  if (dropped.length === 0 || yes) return
  throw usage(`This drops ${dropped.join(', ')} with all rows: give --yes if that is meant.`)
}

/** Who applies, for the records. */
function whoami(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // A container's user may have no name.
    return hostname()
  }
}
