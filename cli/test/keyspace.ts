import { cassandraOf } from '../cluster/cassandra.ts'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
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
  const { openClient, allRows, applyMigrations, migrationSession } = await cassandraRoom()
  const definitions = new ProjectDefinitions(options)
  const settings = { ...cassandraOf(environment), keyspace }
  const { replication, dialect } = settings
  const client = await openClient(settings, { useKeyspace: false })
  const migrations = readMigrations(readCqlFiles(join(definitions.root, 'cql'), options.cwd))
  const target = { session: migrationSession(client.driver), keyspace, replication, dialect, migrations }
  const close = async (): Promise<void> => {
    await client.driver.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`)
    await client.close()
  }
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
        if ((await allRows(client, table)).length > 0)
          await client.driver.execute(`TRUNCATE ${keyspace}.${table.name}`)
    },
    async rows(name) {
      const table = catalogue.tables.get(name)
      if (table === undefined) throw unknownTable(catalogue, name)
      return allRows(client, table)
    },
    close,
  }
}

async function cassandraRoom() {
  const { allRows } = await import('../../engine/cassandra/all-rows.ts')
  const [client, migrations, session] = await Promise.all([
    import('../../engine/cassandra/client.ts'),
    import('../../engine/cassandra/migrations.ts'),
    import('../../engine/cassandra/migration-session.ts'),
  ])
  return { allRows, ...client, ...migrations, ...session }
}
