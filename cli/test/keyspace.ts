import { cassandraOf } from '../cluster/cassandra.ts'
import type { MigrationSession } from '../../engine/cassandra/migration-session.ts'
import type { CassandraSettings, EnvironmentConfig } from '../../engine/config/environment-config.ts'
import { readMigrations } from '../../engine/cql/migrations.ts'
import { unknownTable } from '../../engine/cql/schema.ts'
import { join } from 'node:path'
import { ProjectDefinitions } from '../project/definitions.ts'
import { readCqlFiles } from '../project/cql-files.ts'
import type { PlaceOptions } from './place.ts'

/** A keyspace with the project's tables, for test cases alone. */
export interface TestKeyspace {
  /** The environment with this keyspace in place of its own. */
  readonly environment: EnvironmentConfig
  /** Empties the tables. */
  empty(): Promise<void>
  /** All rows of a table. Throws TABLE_UNKNOWN. */
  rows(table: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Drops it. */
  close(): Promise<void>
}

/** Makes a keyspace as the environment says how, with the migrations of the project. */
export async function openKeyspace(
  options: PlaceOptions,
  environment: EnvironmentConfig,
  keyspace: string,
): Promise<TestKeyspace> {
  const room = await cassandraRoom()
  const { openClient, allRows, applyMigrations, migrationSession } = room
  const definitions = new ProjectDefinitions(options)
  const settings = { ...cassandraOf(environment), keyspace }
  const { replication, dialect } = settings
  const client = await openClient(settings, { useKeyspace: false })
  const migrations = readMigrations(readCqlFiles(join(definitions.root, 'cql'), options.cwd))
  const session = migrationSession(client.driver)
  const target = { session, keyspace, replication, dialect, migrations }
  const change = changesOf(session, `The keyspace ${keyspace} of the cases`, settings, room)
  const close = (): Promise<void> =>
    change(`DROP KEYSPACE IF EXISTS ${keyspace}`).finally(() => client.close())
  try {
    await applyMigrations(target, { by: 'millrace test' })
  } catch (error) {
    await close()
    throw error
  }
  const { catalogue } = definitions
  return {
    environment: { ...environment, cassandra: settings },
    async empty() {
      for (const table of catalogue.tables.values())
        if ((await allRows(client, table)).length > 0) await change(`TRUNCATE ${keyspace}.${table.name}`)
    },
    async rows(name) {
      const table = catalogue.tables.get(name)
      if (table === undefined) throw unknownTable(catalogue, name)
      return allRows(client, table)
    },
    close,
  }
}

/** Changes the keyspace. A busy node takes its time over that, and what it says then is no defect of ours. */
function changesOf(
  session: MigrationSession,
  what: string,
  settings: CassandraSettings,
  { clientError, whereOf }: Awaited<ReturnType<typeof cassandraRoom>>,
): (statement: string) => Promise<void> {
  return async (statement) => {
    try {
      await session.change(statement)
    } catch (error) {
      throw clientError(error, what, whereOf(settings))
    }
  }
}

async function cassandraRoom() {
  const { allRows } = await import('../../engine/cassandra/all-rows.ts')
  const [client, errors, settings, migrations, session] = await Promise.all([
    import('../../engine/cassandra/client.ts'),
    import('../../engine/cassandra/client-errors.ts'),
    import('../../engine/cassandra/settings.ts'),
    import('../../engine/cassandra/migrations.ts'),
    import('../../engine/cassandra/migration-session.ts'),
  ])
  const { clientError } = errors
  const { whereOf } = settings
  return { allRows, clientError, whereOf, ...client, ...migrations, ...session }
}
