import type { TableSchema } from '../cql/schema.ts'
import type { CqlValue } from '../cql/types.ts'
import type { CassandraClient } from './client.ts'
import { clientError } from './client-errors.ts'
import { quoted } from './migration-cql.ts'
import { askPage, fromDriver } from './pages.ts'
import { whereOf } from './settings.ts'

const pageRows = 1000

/** All rows of a small table, by column; null where a cell is not there. Rejects with one sentence. */
export async function allRows(
  { driver, settings }: CassandraClient,
  table: TableSchema,
): Promise<Record<string, CqlValue | null>[]> {
  const what = table.columns.map(({ name }, index) => `${quoted(name)} AS c${index}`).join(', ')
  const question = {
    text: `SELECT ${what} FROM ${quoted(settings.keyspace)}.${quoted(table.name)}`,
    values: [],
  }
  const rows: Record<string, CqlValue | null>[] = []
  let state: string | undefined
  try {
    do {
      const page = await askPage(driver, question, { rows: pageRows, state })
      for (const row of page.rows) {
        const cells = table.columns.map(
          ({ name, type }, index) => [name, fromDriver(type, row[`c${index}`])] as const,
        )
        rows.push(Object.fromEntries(cells))
      }
      state = page.state
    } while (state !== undefined)
  } catch (error) {
    throw clientError(error, `The rows of ${table.name}`, whereOf(settings))
  }
  return rows
}
