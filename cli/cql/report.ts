import type { KeyspacePlan, StepReport } from '../../engine/cassandra/migrations.ts'
import type { PlannedMigration } from '../../engine/cassandra/migration-plan.ts'

/** A plan for people. */
export function planLines(keyspace: string, plan: KeyspacePlan): string[] {
  const { migrations, refused, differences, holder, keyspaceStatement, dialect } = plan
  const lines = [`${keyspace} (${dialect})`]
  if (keyspaceStatement !== undefined) lines.push('  make the keyspace', `    ${keyspaceStatement}`)
  for (const migration of migrations) lines.push(...migrationLines(migration))
  if (holder !== undefined)
    lines.push('', `${holder.by} is at work on the migrations (last heard of at ${iso(holder.beat)}).`)
  if (refused.length > 0) lines.push('', ...refused.map((sentence) => `refused: ${sentence}`))
  if (differences.length > 0) lines.push('', ...differences.map((text) => `differs: ${text}`))
  const waiting = pendingStatements(migrations)
  if (refused.length === 0)
    lines.push(
      '',
      waiting === 0 ? 'Nothing to do.' : `${statements(waiting)} to carry out: millrace cql apply`,
    )
  return lines
}

function migrationLines({ version, name, status, appliedAt, by, steps, done }: PlannedMigration): string[] {
  const title = `${String(version).padStart(4, '0')}-${name}`
  if (status === 'applied')
    return [`  ${title}  applied ${appliedAt === undefined ? '' : iso(appliedAt)} by ${by}`]
  const begun = status === 'begun' ? `  ${done} of ${steps.length} statements done by ${by}` : ''
  return [
    `  ${title}${begun}`,
    ...steps
      .slice(done)
      .flatMap(({ summary, notes, text }) => [
        `    ${text === undefined ? '·' : '+'} ${summary}`,
        ...notes.map((note) => `        ${note}`),
      ]),
  ]
}

/** How many statements wait. */
export function pendingStatements(migrations: readonly PlannedMigration[]): number {
  return migrations.reduce(
    (sum, { status, steps, done }) => sum + (status === 'applied' ? 0 : steps.length - done),
    0,
  )
}

function statements(count: number): string {
  return count === 1 ? '1 statement' : `${count} statements`
}

/** A plan for machines. */
export function planJson(keyspace: string, plan: KeyspacePlan): Record<string, unknown> {
  const { migrations, refused, differences, holder, keyspaceStatement, dialect } = plan
  return {
    keyspace,
    dialect,
    keyspaceStatement: keyspaceStatement ?? null,
    pending: pendingStatements(migrations),
    migrations: migrations.map(({ version, name, status, appliedAt, by, done, steps }) => ({
      version,
      name,
      status,
      appliedAt: appliedAt === undefined ? null : iso(appliedAt),
      by: by ?? null,
      done,
      statements: steps.map(({ summary, notes, text }) => ({ summary, notes, cql: text ?? null })),
    })),
    refused,
    differences,
    lock:
      holder === undefined ? null : { by: holder.by, beat: iso(holder.beat), expiresIn: holder.expiresIn },
  }
}

/** A statement that is, or was, carried out. */
export function stepLine({ migration, step, number, outcome }: StepReport): string {
  const place = `${String(migration.version).padStart(4, '0')}-${migration.name} ${number}/${migration.steps.length}`
  const what = { sending: '…', sent: 'done', there: 'was there', skipped: 'not for this database' }[outcome]
  return `${place}  ${step.summary}  ${what}`
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
