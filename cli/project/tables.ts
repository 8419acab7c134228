import type {
  ColumnInfo,
  TableInfo,
  TableOutcome,
  TableRow,
  Tables,
} from '../../engine/component/contracts/tables.ts'
import type { Catalogue, TableSchema } from '../../engine/cql/schema.ts'
import { unknownTable } from '../../engine/cql/schema.ts'
import { typeName } from '../../engine/cql/types.ts'
import type { EmbeddedTables, RowOutcome, WriteRow } from '../../engine/embedded/tables.ts'
import { asMillraceError } from '../../engine/errors.ts'

const stored: TableOutcome = { outcome: 'stored' }
const untried: TableOutcome = { outcome: 'untried' }

/** The tables of the embedded store as components see them. */
export function embeddedTables(tables: EmbeddedTables, catalogue: Catalogue): Tables {
  return {
    order: 'batch',
    describe: (name) => {
      const schema = catalogue.tables.get(name)
      return schema === undefined ? undefined : tableInfo(schema)
    },
    write: (rows) => {
      try {
        return tables.writeRows(rows.map(toWrite)).map(toOutcome)
      } catch (error) {
        // The contract says "rejects", so that nobody needs to expect both.
        return Promise.reject(asMillraceError(error, 'STORE_FAILED'))
      }
    },
    lookup: (name) => {
      const schema = catalogue.tables.get(name)
      if (schema === undefined) throw unknownTable(catalogue, name)
      const key = [...schema.partitionKey, ...schema.clusteringKey].map((column) => column.name)
      return { key, get: (row) => tables.get(name, row) }
    },
  }
}

/** A row without TTL lives for ever here, whatever the table's default is: the topology says how long rows are kept. */
function toWrite(row: TableRow): WriteRow {
  return row.ttlSeconds === undefined ? { ...row, ttlSeconds: 0 } : row
}

function toOutcome(outcome: RowOutcome): TableOutcome {
  if (outcome.stored) return stored
  return outcome.unattempted === true ? untried : { outcome: 'refused', error: outcome.error }
}

/** A table as components see it. */
export function tableInfo({ name, columns }: TableSchema): TableInfo {
  const shown = columns.map((column): ColumnInfo => ({
    name: column.name,
    type: typeName(column.type),
    kind: column.kind,
  }))
  return { name, columns: shown }
}
