import { fatalError } from '../errors.ts'
import type { TableSchema } from '../cql/schema.ts'
import { typeName } from '../cql/types.ts'
import type { LiveTable } from './migration-schema.ts'

const remedy = 'see what is to be done with `millrace cql plan`, and run `millrace cql apply`'

/**
 * Throws TABLE_UNKNOWN where the keyspace lacks a table, TABLE_INCOMPATIBLE where it has another one of that name. More
 * columns than the migrations make do no harm: they are those of a later version.
 */
export function checkTable(schema: TableSchema, live: LiveTable | undefined, keyspace: string): void {
  const { name, columns, partitionKey, clusteringKey } = schema
  if (live === undefined) {
    throw fatalError(
      'TABLE_UNKNOWN',
      `The keyspace ${keyspace} has no table ${name}, which the migrations make: ${remedy}.`,
      { facts: { table: name } },
    )
  }
  const different = (what: string): Error =>
    fatalError(
      'TABLE_INCOMPATIBLE',
      `The table ${keyspace}.${name} is not what the migrations make: ${what}: ${remedy}.`,
      {
        facts: { table: name },
      },
    )
  for (const column of columns) {
    const found = live.columns.get(column.name)
    const type = typeName(column.type)
    if (found === undefined) throw different(`it has no column ${column.name}`)
    if (found.type !== type)
      throw different(`its column ${column.name} is ${found.type} and should be ${type}`)
  }
  const key = [...live.columns].filter(([, { kind }]) => kind === 'partition_key' || kind === 'clustering')
  const order = (kind: string): string =>
    key
      .filter(([, column]) => column.kind === kind)
      .sort(([, one], [, other]) => one.position - other.position)
      .map(([column]) => column)
      .join(', ')
  const names = (columns: TableSchema['columns']): string => columns.map((column) => column.name).join(', ')
  if (order('partition_key') !== names(partitionKey))
    throw different(`its partition key is (${order('partition_key')}) and should be (${names(partitionKey)})`)
  if (order('clustering') !== names(clusteringKey))
    throw different(`its clustering key is (${order('clustering')}) and should be (${names(clusteringKey)})`)
}
