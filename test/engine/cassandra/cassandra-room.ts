import { openClient, type CassandraClient } from '../../../engine/cassandra/client.ts'
import { migrationSession } from '../../../engine/cassandra/migration-session.ts'
import { applyMigrations } from '../../../engine/cassandra/migrations.ts'
import type { CassandraSettings } from '../../../engine/cassandra/settings.ts'
import { CassandraTables } from '../../../engine/cassandra/tables.ts'
import { readMigrations } from '../../../engine/cql/migrations.ts'
import type { Catalogue } from '../../../engine/cql/schema.ts'
import type { CassandraAdmin } from '../../support/servers/cassandra-admin.ts'
import type { CassandraAddresses } from '../../support/servers/cassandra.ts'
import { cassandraSettings } from './cassandra-settings.ts'

type Server = CassandraAddresses & CassandraAdmin

/** A keyspace with the tables of some migrations, for one test file. */
export class CassandraRoom {
  readonly server: Server
  readonly keyspace: string
  readonly catalogue: Catalogue
  readonly settings: CassandraSettings
  readonly #opened: { close(): Promise<void> }[] = []

  private constructor(server: Server, keyspace: string, catalogue: Catalogue, settings: CassandraSettings) {
    this.server = server
    this.keyspace = keyspace
    this.catalogue = catalogue
    this.settings = settings
  }

  static async make(
    server: Server,
    text: string,
    more: Partial<CassandraSettings> = {},
  ): Promise<CassandraRoom> {
    const keyspace = await server.newKeyspace('tables')
    const settings = { ...cassandraSettings(server, keyspace), ...more }
    const migrations = readMigrations([{ path: 'cql/0001-tables.cql', text }])
    const client = await openClient(settings)
    const session = migrationSession(client.driver)
    await applyMigrations({ session, keyspace, dialect: 'cassandra', migrations }, { by: 'test' })
    await client.close()
    return new CassandraRoom(server, keyspace, migrations.catalogue, settings)
  }

  /** Opens the tables once more, with a client of their own. */
  async open(more: Partial<CassandraSettings> = {}): Promise<Opened> {
    const client = await openClient({ ...this.settings, ...more })
    const tables = await CassandraTables.open(client, this.catalogue)
    const opened = { client, tables, close: () => tables.close().then(() => client.close()) }
    this.#opened.push(opened)
    return opened
  }

  /** Deletes all rows. */
  async empty(): Promise<void> {
    for (const table of this.catalogue.tables.keys())
      await this.server.cql(`TRUNCATE ${table}`, this.keyspace)
  }

  async close(): Promise<void> {
    for (const opened of this.#opened) await opened.close()
    await this.server.cql(`DROP KEYSPACE IF EXISTS ${this.keyspace}`)
  }
}

export interface Opened {
  readonly client: CassandraClient
  readonly tables: CassandraTables
  close(): Promise<void>
}
