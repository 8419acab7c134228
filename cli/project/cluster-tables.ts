import type { Lookup, Row } from '../../engine/component/contracts/lookup.ts'
import type { TableInfo, Tables } from '../../engine/component/contracts/tables.ts'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import { type Catalogue, unknownTable } from '../../engine/cql/schema.ts'
import type { CassandraClient } from '../../engine/cassandra/client.ts'
import type { CassandraTables } from '../../engine/cassandra/tables.ts'
import { cassandraOf } from '../cluster/cassandra.ts'
import { tableInfo } from './tables.ts'

interface Connected {
  readonly client: CassandraClient
  readonly tables: CassandraTables
}

/** The tables of a cluster, and how to let go of them. */
export interface OpenTables {
  readonly tables: Tables
  close(): Promise<void>
}

/**
 * The tables of a cluster. Cassandra is connected to when it is first needed or checked, so that a topology of topics alone
 * needs none, and one that is away at the start is waited for as it would be later.
 */
export function clusterTables(
  environment: EnvironmentConfig,
  catalogue: Catalogue,
  connectTo: typeof connect = connect,
): OpenTables {
  let opening: Promise<Connected> | undefined
  let opened: CassandraTables | undefined
  const open = async (): Promise<CassandraTables> => {
    // What failed is tried anew by whoever comes next.
    opening ??= connectTo(environment, catalogue).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return (opened = (await opening).tables)
  }
  return {
    tables: {
      order: 'batch',
      describe: (name): TableInfo | undefined => {
        const schema = catalogue.tables.get(name)
        return schema === undefined ? undefined : tableInfo(schema)
      },
      check: async (names) => {
        const connected = await open()
        for (const name of names) connected.describe(name)
      },
      write: async (rows, options) => (await open()).write(rows, options),
      load: (writer) => opened?.load(writer),
      lookup: (name) => lateLookup(open, catalogue, name),
    },
    close: async () => {
      const connected = await opening?.catch(() => undefined)
      await connected?.tables.close()
      await connected?.client.close()
    },
  }
}

function lateLookup(open: () => Promise<CassandraTables>, catalogue: Catalogue, name: string): Lookup {
  const schema = catalogue.tables.get(name)
  if (schema === undefined) throw unknownTable(catalogue, name)
  const key = [...schema.partitionKey, ...schema.clusteringKey].map((column) => column.name)
  let lookup: Lookup | undefined
  return {
    key,
    get: (row: Row) => {
      if (lookup !== undefined) return lookup.get(row)
      return open().then((tables) => {
        lookup = tables.lookup(name)
        return lookup.get(row)
      })
    },
  }
}

async function connect(environment: EnvironmentConfig, catalogue: Catalogue): Promise<Connected> {
  const [{ openClient }, { CassandraTables }] = await Promise.all([
    import('../../engine/cassandra/client.ts'),
    import('../../engine/cassandra/tables.ts'),
  ])
  const client = await openClient(cassandraOf(environment))
  try {
    return { client, tables: await CassandraTables.open(client, catalogue) }
  } catch (error) {
    await client.close()
    throw error
  }
}
