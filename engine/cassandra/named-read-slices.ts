import { decodeKey } from '../cql/keys.ts'
import type { ResumedSelect } from '../cql/merge-reads.ts'
import type { SelectStatement } from '../cql/parse-select.ts'
import { valueOf, type Parameters } from '../cql/read-pages.ts'
import type { ColumnSchema } from '../cql/schema.ts'
import type { CqlValue } from '../cql/types.ts'
import { quoted } from './migration-cql.ts'
import type { BoundValue, Question } from './pages.ts'

/** One end of a slice, of the column behind its fixed ones. */
interface SliceEnd {
  readonly value: CqlValue
  readonly inclusive: boolean
}

/** Rows of one partition that one SELECT of CQL can answer: clustering columns fixed, then a range of the next one. */
export interface Slice {
  readonly fixed: readonly CqlValue[]
  readonly lower?: SliceEnd | undefined
  readonly upper?: SliceEnd | undefined
}

/**
 * The slices of a SELECT in the order of reading. From the middle of a partition on, these are several: of a key (a, b, c)
 * first the rest of the same (a, b), then the rest of the same a, then what lies behind a. CQL could say that in one only
 * where all columns are sorted the same way.
 */
export function slicesOf(
  select: SelectStatement,
  params: Parameters,
  resumed: ResumedSelect | undefined,
): Slice[] {
  const { table, prefix, lower, upper } = select
  const types = table.clusteringKey.map(({ type }) => type)
  const end = (bound: SelectStatement['lower']): SliceEnd | undefined => {
    const type = types[prefix.length]
    if (bound === undefined || type === undefined) return undefined
    return { value: valueOf(bound.operand, type, params), inclusive: bound.inclusive }
  }
  const whole: Slice = {
    fixed: prefix.map((operand, index) => valueOf(operand, types[index]!, params)),
    lower: end(lower),
    upper: end(upper),
  }
  if (resumed === undefined) return [whole]
  if (prefix.length === types.length) return resumed.again ? [whole] : []
  const { values } = decodeKey(types, resumed.key, table.clusteringOrder)
  const slices: Slice[] = []
  for (let level = types.length - 1; level >= prefix.length; level--) {
    const inclusive = resumed.again && level === types.length - 1
    const beyond = { value: values[level]!, inclusive }
    const rises = (table.clusteringOrder[level] === 'ASC') !== select.reversed
    const far: Pick<Slice, 'lower' | 'upper'> = level === prefix.length ? whole : {}
    slices.push({
      fixed: values.slice(0, level),
      ...(rises ? { lower: beyond, upper: far.upper } : { lower: far.lower, upper: beyond }),
    })
  }
  return slices
}

/** The columns that are asked for: those of the SELECT, and the clustering key, by which rows are merged. */
export function columnsOf({ columns, table }: SelectStatement): readonly ColumnSchema[] {
  return [...columns, ...table.clusteringKey.filter((column) => !columns.includes(column))]
}

/** The question for a slice of a SELECT, for at most `limit` rows. */
export function questionOf(
  select: SelectStatement,
  slice: Slice,
  {
    keyspace,
    params,
    limit,
  }: { readonly keyspace: string; readonly params: Parameters; readonly limit: number },
): Question {
  const { table, partition } = select
  const conditions: string[] = []
  const values: BoundValue[] = []
  const compare = (column: ColumnSchema, operator: string, value: CqlValue): void => {
    conditions.push(`${quoted(column.name)} ${operator} ?`)
    values.push({ type: column.type, value })
  }
  for (const [index, column] of table.partitionKey.entries())
    compare(column, '=', valueOf(partition[index]!, column.type, params))
  for (const [index, value] of slice.fixed.entries()) compare(table.clusteringKey[index]!, '=', value)
  const next = table.clusteringKey[slice.fixed.length]
  if (next !== undefined && slice.lower !== undefined)
    compare(next, slice.lower.inclusive ? '>=' : '>', slice.lower.value)
  if (next !== undefined && slice.upper !== undefined)
    compare(next, slice.upper.inclusive ? '<=' : '<', slice.upper.value)
  values.push({ type: { kind: 'int' }, value: limit })
  const names = columnsOf(select).map(({ name }) => quoted(name))
  const from = `${quoted(keyspace)}.${quoted(table.name)}`
  const text = `SELECT ${names.join(', ')} FROM ${from} WHERE ${conditions.join(' AND ')}${orderOf(select)} LIMIT ?`
  return { text, values }
}

function orderOf({ table, reversed }: SelectStatement): string {
  if (!reversed) return ''
  const order = table.clusteringKey.map(
    ({ name }, index) => `${quoted(name)} ${table.clusteringOrder[index] === 'DESC' ? 'ASC' : 'DESC'}`,
  )
  return ` ORDER BY ${order.join(', ')}`
}
