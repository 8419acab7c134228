import { randomUUID } from 'node:crypto'
import type { DialectName } from '../cql/migration-steps.ts'
import type { Migrations } from '../cql/migrations.ts'
import { downstreamError, fatalError } from '../errors.ts'
import { detectDialect } from './dialect.ts'
import { createKeyspace, createMigrationsTable, migrationsTable, type Dialect } from './migration-cql.ts'
import { MigrationLock } from './migration-lock.ts'
import {
  planMigrations,
  type MigrationPlan,
  type PlannedMigration,
  type PlannedStep,
} from './migration-plan.ts'
import { MigrationRecords, type LockHolder } from './migration-records.ts'
import { readSchema, stateOf, tableDifferences, type LiveSchema } from './migration-schema.ts'
import type { MigrationSession } from './migration-session.ts'

/** Which migrations, of which keyspace. */
export interface MigrationTarget {
  readonly session: MigrationSession
  readonly keyspace: string
  /** The keyspace's replication, for where it is missing. */
  readonly replication?: Readonly<Record<string, number | string>> | undefined
  readonly dialect: 'auto' | DialectName
  readonly migrations: Migrations
  /** How long the lock holds when its holder is gone, seconds; 60 by default. */
  readonly lockSeconds?: number
}

/** What is to be done in a keyspace. */
export interface KeyspacePlan extends MigrationPlan {
  readonly dialect: DialectName
  /** The statement that makes the keyspace; undefined where it is there. */
  readonly keyspaceStatement: string | undefined
  /** Where the tables of applied migrations differ from what these say, a text each. */
  readonly differences: readonly string[]
  readonly holder: LockHolder | undefined
}

/** What `apply` tells while it works. */
export interface StepReport {
  readonly migration: PlannedMigration
  readonly step: PlannedStep
  /** From 1 in its file. */
  readonly number: number
  /** `there`: the database was as the statement would make it; `skipped`: nothing to send to this database. */
  readonly outcome: 'sending' | 'sent' | 'there' | 'skipped'
}

/** How migrations are applied. */
export interface ApplyOptions {
  /** The user and machine, for the records. */
  readonly by: string
  /** Takes the lock from whoever has it. */
  readonly breakLock?: boolean
  readonly report?: (report: StepReport) => void
  /** Between statements only. */
  readonly signal?: AbortSignal
  /** For tests: called after each statement took effect, and before it is recorded. */
  readonly onSent?: (report: StepReport) => void
}

const defaultLockSeconds = 60
const agreementMs = 30_000
const agreementPauseMs = 100

/** Says what `applyMigrations` would do. Changes nothing. Rejects with the client's error, or as the keyspace is missing. */
export async function planKeyspace(target: MigrationTarget): Promise<KeyspacePlan> {
  const { session, keyspace, migrations } = target
  const dialect = await detectDialect(session, target.dialect)
  const keyspaceStatement = await missingKeyspace(target, dialect)
  const schema: LiveSchema = keyspaceStatement === undefined ? await readSchema(session, keyspace) : new Map()
  const records = schema.has(migrationsTable) ? recordsOf(target) : undefined
  const plan = planMigrations(migrations.migrations, (await records?.all()) ?? [], { keyspace, dialect })
  return {
    ...plan,
    dialect: dialect.name,
    keyspaceStatement,
    differences: differencesOf(target, plan, schema),
    holder: await records?.holder(),
  }
}

function recordsOf({
  session,
  keyspace,
  lockSeconds = defaultLockSeconds,
}: MigrationTarget): MigrationRecords {
  return new MigrationRecords(session, keyspace, lockSeconds)
}

/** Only where everything is applied: before that, the tables are on their way to what the last migration says. */
function differencesOf({ migrations }: MigrationTarget, plan: MigrationPlan, schema: LiveSchema): string[] {
  const touched = new Set<string>()
  for (const { status, steps } of plan.migrations) {
    if (status === 'applied') continue
    for (const { step } of steps) touched.add('table' in step ? step.table.name : step.name)
  }
  if (plan.refused.length > 0) return []
  return [...migrations.catalogue.tables.values()]
    .filter(({ name }) => !touched.has(name))
    .flatMap((table) => tableDifferences(table, schema.get(table.name)))
}

/** The statement for a keyspace that is not there. Throws where nothing says how to make it. */
async function missingKeyspace(
  { session, keyspace, replication }: MigrationTarget,
  dialect: Dialect,
): Promise<string | undefined> {
  const found = await session.read(
    'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?',
    [keyspace],
  )
  if (found.length > 0) return undefined
  if (replication !== undefined) return createKeyspace(keyspace, replication, dialect)
  throw fatalError(
    'TABLE_UNKNOWN',
    `There is no keyspace ${keyspace}: create it, or give its replication in the environment file (cassandra.replication), and millrace cql apply will.`,
  )
}

/**
 * Applies the migrations that a keyspace does not have yet, statement by statement. Each is recorded once it took effect
 * and all nodes agree on the schema, so that what was cut short goes on with the first that is not recorded; where that
 * one took effect nevertheless, the schema tells. Answers the plan as it was. Rejects with one sentence.
 */
export async function applyMigrations(
  target: MigrationTarget,
  options: ApplyOptions,
): Promise<MigrationPlan> {
  const { session, keyspace, migrations, lockSeconds = defaultLockSeconds } = target
  const dialect = await detectDialect(session, target.dialect)
  const statement = await missingKeyspace(target, dialect)
  if (statement !== undefined) await change(session, statement)
  const schema = await readSchema(session, keyspace)
  if (!schema.has(migrationsTable)) await change(session, createMigrationsTable(keyspace))
  const records = recordsOf(target)
  if (options.breakLock === true) {
    const holder = await records.holder()
    if (holder !== undefined) await records.release(holder.owner)
  }
  const owner = randomUUID()
  const lock = await MigrationLock.take(records, { owner, by: options.by, ttlSeconds: lockSeconds })
  try {
    const plan = planMigrations(migrations.migrations, await records.all(), { keyspace, dialect })
    const [refused] = plan.refused
    if (refused !== undefined) throw fatalError('CQL_MIGRATIONS_INVALID', refused)
    for (const migration of plan.migrations) {
      if (migration.status !== 'applied') await applyOne(migration, { target, options, lock })
    }
    return plan
  } finally {
    await lock.release()
  }
}

interface Work {
  readonly target: MigrationTarget
  readonly options: ApplyOptions
  readonly lock: MigrationLock
}

async function applyOne(migration: PlannedMigration, work: Work): Promise<void> {
  const { steps, version, name, done } = migration
  const { by } = work.options
  const record = (count: number, applied: boolean): Promise<void> =>
    work.lock.save({
      ...{ version, name, statements: steps.length, done: count, by },
      checksum: steps[count - 1]?.checksum ?? '',
      appliedAt: applied ? Date.now() : undefined,
    })
  for (const [index, step] of steps.entries()) {
    if (index < done) continue
    if (work.options.signal?.aborted === true) throw stopped(migration, index)
    await applyStep({ migration, step, number: index + 1 }, work)
    await record(index + 1, index + 1 === steps.length)
  }
  // A file of comments, or one whose statements were all done when its last record could not be written.
  if (done >= steps.length) await record(steps.length, true)
}

async function applyStep(at: Omit<StepReport, 'outcome'>, { target, options, lock }: Work): Promise<void> {
  const { session, keyspace } = target
  const { step, migration } = at
  const tell = (outcome: StepReport['outcome']): void => options.report?.({ ...at, outcome })
  if (step.text === undefined) return tell('skipped')
  await lock.check()
  const { done, problem } = stateOf(step.step, await readSchema(session, keyspace))
  if (problem !== undefined) {
    throw fatalError(
      'TABLE_INCOMPATIBLE',
      `${migration.path}:${step.step.position.line}: ${problem}: correct the keyspace ${keyspace} by hand, or the migration, then apply again.`,
    )
  }
  if (done) return tell('there')
  tell('sending')
  await change(session, step.text)
  options.onSent?.({ ...at, outcome: 'sent' })
  tell('sent')
}

/** Changes the schema, and waits until every node that is up has the change. */
async function change(session: MigrationSession, statement: string): Promise<void> {
  await session.change(statement)
  const until = performance.now() + agreementMs
  while (!(await session.agreed())) {
    if (performance.now() > until) {
      throw downstreamError(
        'TIMED_OUT',
        `The nodes have not agreed on the schema for ${agreementMs / 1000} s: see that they reach each other (nodetool describecluster), then run millrace cql apply again.`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, agreementPauseMs))
  }
}

function stopped({ path, steps }: PlannedMigration, index: number): Error {
  return fatalError(
    'CQL_MIGRATIONS_INVALID',
    `${path}: stopped with ${index} of its ${steps.length} statements done: run millrace cql apply again for the others.`,
  )
}
