import type { ScanOptions } from '../../engine/cassandra/scan.ts'
import type { TableSchema } from '../../engine/cql/schema.ts'
import { join } from 'node:path'
import type { CassandraClient } from '../../engine/cassandra/client.ts'
import { cassandraOf } from '../cluster/cassandra.ts'
import type { Project } from '../project/project.ts'

/** How whole tables are read, wherever they are. */
export interface TableScan {
  /** Where there is room for what is compared. */
  readonly spillDir: string
  scan(table: TableSchema, options: ScanOptions): Promise<void>
  close(): Promise<void>
}

/** How many rows of the embedded store are read before others have their turn. */
const rowsAtOnce = 2000

/** The tables of a project's environment. */
export async function openScan(project: Project): Promise<TableScan> {
  const { environment } = project
  if (environment === undefined) return embeddedScan(project)
  const [{ openClient }, { scanTable }] = await Promise.all([
    import('../../engine/cassandra/client.ts'),
    import('../../engine/cassandra/scan.ts'),
  ])
  const client: CassandraClient = await openClient(cassandraOf(environment))
  return {
    spillDir: join(environment.state.dir, 'reconcile'),
    scan: (table, options) => scanTable(client, table, options),
    close: () => client.close(),
  }
}

function embeddedScan(project: Project): TableScan {
  return {
    spillDir: join(project.storeDir, '.millrace', 'reconcile'),
    async scan(table, { visit, progress, signal }) {
      let rows = 0
      for (const row of project.storedTables.scan(table.name)) {
        visit(row)
        if (++rows % rowsAtOnce !== 0) continue
        await new Promise((resolve) => setImmediate(resolve))
        if (signal?.aborted === true) return
      }
      progress?.(1)
    },
    close: () => Promise.resolve(),
  }
}
