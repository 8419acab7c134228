import type { Dialect } from './migration-cql.ts'
import type { MigrationSession } from './migration-session.ts'

/** Tables that Scylla alone has, by their keyspaces. */
const scyllaTables: readonly (readonly [string, string])[] = [
  ['system', 'scylla_local'],
  ['system_schema', 'scylla_tables'],
]

/** Which database answers: what the environment says, or what its system tables tell. */
export async function detectDialect(
  session: Pick<MigrationSession, 'read'>,
  configured: 'auto' | 'cassandra' | 'scylla',
): Promise<Dialect> {
  const scylla = configured === 'auto' ? await isScylla(session) : configured === 'scylla'
  return scylla
    ? { name: 'scylla', tablets: await hasTablets(session) }
    : { name: 'cassandra', tablets: false }
}

async function isScylla(session: Pick<MigrationSession, 'read'>): Promise<boolean> {
  const found = await Promise.all(
    scyllaTables.map((names) =>
      session.read(
        'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?',
        names,
      ),
    ),
  )
  return found.some((rows) => rows.length > 0)
}

/** Versions that know tablets have a column for them; older ones refuse the keyspace's option. */
async function hasTablets(session: Pick<MigrationSession, 'read'>): Promise<boolean> {
  const rows = await session.read(
    'SELECT column_name FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ? AND column_name = ?',
    ['system_schema', 'scylla_keyspaces', 'initial_tablets'],
  )
  return rows.length > 0
}
