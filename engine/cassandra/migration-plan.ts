import { hash } from 'node:crypto'
import type { Migration } from '../cql/migrations.ts'
import type { MigrationStep } from '../cql/migration-steps.ts'
import { tokenize } from '../cql/tokens.ts'
import type { Dialect, Statement } from './migration-cql.ts'
import { statementOf } from './migration-cql.ts'
import type { MigrationRecord } from './migration-records.ts'

/** One migration beside what the database has recorded of it. */
export interface PlannedMigration {
  readonly version: number
  readonly name: string
  readonly path: string
  /** `begun`: some of its statements are done, the next life goes on with the others. */
  readonly status: 'applied' | 'begun' | 'pending'
  /** Milliseconds since 1970, once applied. */
  readonly appliedAt: number | undefined
  readonly by: string | undefined
  /** How many statements are done. */
  readonly done: number
  readonly steps: readonly PlannedStep[]
}

/** One statement of a migration. */
export interface PlannedStep extends Statement {
  readonly step: MigrationStep
  /** Of this statement and all before it in its file. */
  readonly checksum: string
}

/** What is to be done, and why nothing may be done. */
export interface MigrationPlan {
  readonly migrations: readonly PlannedMigration[]
  /** Sentences; where there is one, nothing is applied. */
  readonly refused: readonly string[]
}

/** Compares the migrations of a project with the records of a keyspace. Pure. */
export function planMigrations(
  migrations: readonly Migration[],
  records: readonly MigrationRecord[],
  { keyspace, dialect }: { readonly keyspace: string; readonly dialect: Dialect },
): MigrationPlan {
  const byVersion = new Map(records.map((record) => [record.version, record]))
  const planned = migrations.map((migration): PlannedMigration => {
    const { version, name, path } = migration
    const record = byVersion.get(version)
    const checksums = checksumsOf(migration)
    const steps = migration.steps.map((step, index) => ({
      ...statementOf(step, keyspace, dialect),
      step,
      checksum: checksums[index] ?? '',
    }))
    const status = record === undefined ? 'pending' : record.appliedAt === undefined ? 'begun' : 'applied'
    return {
      ...{ version, name, path, status, steps, done: record?.done ?? 0 },
      appliedAt: record?.appliedAt,
      by: record?.by,
    }
  })
  return { migrations: planned, refused: refusals(planned, records, keyspace) }
}

function refusals(
  planned: readonly PlannedMigration[],
  records: readonly MigrationRecord[],
  keyspace: string,
): string[] {
  const refused: string[] = []
  for (const migration of planned) {
    const record = records.find(({ version }) => version === migration.version)
    const edited = record && editedSentence(migration, record)
    if (edited !== undefined) refused.push(edited)
    const named = migration.steps.find(({ step }) => foreignKeyspace(step, keyspace) !== undefined)
    if (named !== undefined && migration.status !== 'applied')
      refused.push(
        `${migration.path}: it names the keyspace ${foreignKeyspace(named.step, keyspace)}, and the environment's is ${keyspace}: leave the keyspace out, tables belong to that of the environment.`,
      )
  }
  const newest = planned.at(-1)?.version ?? 0
  const unknown = records.filter(({ version }) => version > newest)
  if (unknown.length > 0) {
    const names = unknown.map(({ version, name }) => `${number(version)}-${name}`).join(', ')
    refused.push(
      `The keyspace ${keyspace} has migrations that are not in cql/ (${names}): use the newer version of the project that has them.`,
    )
  }
  const gap = planned.find(
    ({ version, status }) => status !== 'applied' && records.some((record) => record.version > version),
  )
  if (gap !== undefined && records.some(({ version }) => version > gap.version && version <= newest)) {
    refused.push(
      `${gap.path}: a later migration was applied to ${keyspace} before it: give this one the next free number.`,
    )
  }
  return refused
}

/** The statements that are recorded as done must still be the first of the file, and all of them once it was applied. */
function editedSentence(migration: PlannedMigration, record: MigrationRecord): string | undefined {
  const { path, steps, status } = migration
  const same = record.done === 0 || steps[record.done - 1]?.checksum === record.checksum
  if (same && (status !== 'applied' || steps.length === record.done)) return undefined
  if (status === 'applied') {
    return `${path}: it was changed after it had been applied${when(record)}: restore it, and write what is new as a migration with the next number.`
  }
  return `${path}: of its statements the first ${record.done} were carried out${when(record)}, and they were changed since: restore them; only those behind may change.`
}

function when({ appliedAt, by }: MigrationRecord): string {
  return appliedAt === undefined ? ` (by ${by})` : ` (on ${new Date(appliedAt).toISOString()} by ${by})`
}

/** The keyspace that a statement names, where it is another than the environment's. */
function foreignKeyspace(step: MigrationStep, keyspace: string): string | undefined {
  const named = step.act === 'use' || step.act === 'create-keyspace' ? step.name : step.keyspace
  return named === undefined || named === keyspace ? undefined : named
}

/**
 * For each statement a checksum of it and all before it in the file: 32 hexadecimal digits of a SHA-256 over the tokens.
 * Comments and spaces do not count, so that a file may be explained and laid out anew.
 */
export function checksumsOf({ steps }: Migration): string[] {
  let before = ''
  return steps.map((step) => {
    const tokens = tokenize(step.position.path, step.text)
      .filter(({ kind }) => kind !== 'end')
      .map(({ kind, text }) => [kind, text])
    before = hash('sha256', JSON.stringify([before, step.only ?? null, tokens]), 'hex').slice(0, 32)
    return before
  })
}

function number(version: number): string {
  return String(version).padStart(4, '0')
}
