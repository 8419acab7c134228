import { MillraceError } from '../errors.ts'
import { parseOrderList } from './parse-options.ts'
import { nearest, unknownTable } from './schema.ts'
import type { Catalogue, ColumnSchema, TableSchema } from './schema.ts'
import { describeToken } from './token-cursor.ts'
import type { TokenCursor } from './token-cursor.ts'
import { cqlError, place, unsupported } from './tokens.ts'
import type { Position, Token } from './tokens.ts'
import type { CqlValue } from './types.ts'
import { toCqlValue } from './values.ts'

/** What a column is compared with: a value of the statement, or a parameter of the read. */
export type Operand =
  | { readonly kind: 'value'; readonly value: CqlValue }
  | { readonly kind: 'param'; readonly name: string; readonly position: Position }

/** One end of a clustering range. */
export interface Bound {
  readonly operand: Operand
  readonly inclusive: boolean
}

/** A SELECT by full partition key, with a clustering range, order and limit. */
export interface SelectStatement {
  readonly table: TableSchema
  readonly columns: readonly ColumnSchema[]
  /** One operand for each column of the partition key. */
  readonly partition: readonly Operand[]
  /** One operand for each leading clustering column that is fixed by `=`. */
  readonly prefix: readonly Operand[]
  /** The range of the clustering column behind the prefix. */
  readonly lower: Bound | undefined
  readonly upper: Bound | undefined
  /** Whether rows come in the opposite of the table's clustering order. */
  readonly reversed: boolean
  readonly limit: Operand | undefined
  /** The statement as written, with its `:name` parameters. */
  readonly text: string
  readonly position: Position
}

interface Restriction {
  readonly column: ColumnSchema
  readonly token: Token
  readonly operator: string
  readonly operand: Operand
}

const allowed = 'reads go by the full partition key, then a range of clustering columns'

/** Reads one SELECT. Whatever goes beyond key, clustering range, order and limit is refused with what is allowed. */
export function parseSelect(cursor: TokenCursor, text: string, catalogue: Catalogue): SelectStatement {
  const first = cursor.expect('select')
  const selected = parseSelected(cursor)
  cursor.expect('from')
  const { name } = cursor.qualifiedName('a table')
  const table = catalogue.tables.get(name.text)
  if (table === undefined) {
    const { code, message } = unknownTable(catalogue, name.text)
    throw cqlError(code, name.position, message)
  }
  const restrictions = cursor.accept('where') ? parseRestrictions(cursor, table) : []
  const columns = selected === '*' ? table.columns : selected.map((token) => columnOf(table, token))
  const range = clusteringRange(table, restrictions)
  const partition = partitionOf(table, restrictions, name)
  const reversed = cursor.accept('order', 'by') ? parseReversed(cursor, table, range.prefix.length) : false
  const limit = cursor.accept('limit') ? parseLimit(cursor) : undefined
  refuseRest(cursor)
  const written = text.slice(first.start, cursor.previous().end)
  return { table, columns, partition, ...range, reversed, limit, text: written, position: first.position }
}

function parseSelected(cursor: TokenCursor): Token[] | '*' {
  if (cursor.accept('*')) return '*'
  if (cursor.sees('distinct') || cursor.sees('json')) {
    throw unsupported(
      cursor.peek().position,
      `SELECT ${cursor.peek().text.toUpperCase()} is not carried out: name the columns.`,
    )
  }
  const columns: Token[] = []
  do {
    const column = cursor.identifier('a column or *')
    if (cursor.sees('(') || cursor.sees('as') || cursor.sees('[')) {
      throw unsupported(
        column.position,
        'functions and aliases are not carried out in reads: name the columns alone.',
      )
    }
    columns.push(column)
  } while (cursor.accept(','))
  return columns
}

function columnOf(table: TableSchema, token: Token): ColumnSchema {
  const column = table.columns.find(({ name }) => name === token.text)
  if (column !== undefined) return column
  const near = nearest(
    token.text,
    table.columns.map(({ name }) => name),
  )
  const hint =
    near === undefined
      ? `it has ${table.columns.map(({ name }) => name).join(', ')}`
      : `did you mean ${near}?`
  throw cqlError('CQL_SYNTAX', token.position, `${table.name} has no column ${describeToken(token)}: ${hint}`)
}

function parseRestrictions(cursor: TokenCursor, table: TableSchema): Restriction[] {
  const restrictions: Restriction[] = []
  do {
    const token = cursor.peek()
    if (cursor.sees('(') || cursor.sees('token', '(')) {
      throw unsupported(
        token.position,
        `comparisons of several columns and token(…) are not carried out: ${allowed}.`,
      )
    }
    const column = columnOf(table, cursor.identifier('a column'))
    const operator = cursor.next()
    if (!['=', '<', '<=', '>', '>='].includes(operator.text) || operator.kind !== 'symbol') {
      throw unsupported(
        operator.position,
        `${describeToken(operator)} is not carried out in WHERE (only =, <, <=, > and >= are): ${allowed}.`,
      )
    }
    if (column.kind === 'regular') {
      throw unsupported(
        token.position,
        `${column.name} is no key column of ${table.name}, and filtering is not carried out: ${allowed}; a table with ${column.name} in its key can answer this.`,
      )
    }
    restrictions.push({ column, token, operator: operator.text, operand: parseOperand(cursor, column) })
  } while (cursor.accept('and'))
  return restrictions
}

function parseOperand(cursor: TokenCursor, column: ColumnSchema): Operand {
  const token = cursor.next()
  if (token.kind === 'param') return { kind: 'param', name: token.text, position: token.position }
  if (token.text === '?')
    throw unsupported(token.position, 'parameters have names here: write :name instead of ?.')
  let literal: unknown = ['string', 'uuid', 'blob'].includes(token.kind) ? token.text : undefined
  if (token.kind === 'number') literal = /^-?\d+$/.test(token.text) ? BigInt(token.text) : Number(token.text)
  if (token.text === 'true' || token.text === 'false') literal = token.text === 'true'
  if (literal === undefined)
    cursor.fail(`expected a value or a :parameter, found ${describeToken(token)}.`, token)
  // A whole number compared with a double is meant as one.
  if (typeof literal === 'bigint' && ['double', 'float'].includes(column.type.kind)) literal = Number(literal)
  try {
    return { kind: 'value', value: toCqlValue(column.type, literal, column.name) as CqlValue }
  } catch (error) {
    if (error instanceof MillraceError) throw cqlError('CQL_SYNTAX', token.position, error.message)
    throw error
  }
}

function partitionOf(table: TableSchema, restrictions: readonly Restriction[], name: Token): Operand[] {
  const key = table.partitionKey.map((column) => column.name)
  return table.partitionKey.map((column) => {
    const own = restrictions.filter((restriction) => restriction.column === column)
    const wrong = own.find((restriction, index) => restriction.operator !== '=' || index > 0)
    if (wrong !== undefined) {
      throw unsupported(
        wrong.token.position,
        `${column.name} belongs to the partition key of ${table.name} and is compared once, with =: ${allowed}.`,
      )
    }
    const found = own[0]
    if (found !== undefined) return found.operand
    throw unsupported(
      name.position,
      `the partition key of ${table.name} is (${key.join(', ')}) and ${column.name} is not given: add "${column.name} = :${column.name}" to WHERE.`,
    )
  })
}

function clusteringRange(
  table: TableSchema,
  restrictions: readonly Restriction[],
): Pick<SelectStatement, 'prefix' | 'lower' | 'upper'> {
  const prefix: Operand[] = []
  let ends: Pick<SelectStatement, 'lower' | 'upper'> = { lower: undefined, upper: undefined }
  let open: string | undefined
  for (const column of table.clusteringKey) {
    const own = restrictions.filter((restriction) => restriction.column === column)
    const [first] = own
    if (open !== undefined && first !== undefined) {
      throw unsupported(
        first.token.position,
        `${column.name} can be compared only where ${open}, which stands before it in the key of ${table.name}, is fixed with =: ${allowed}.`,
      )
    }
    if (open !== undefined) continue
    if (first?.operator === '=' && own.length === 1) prefix.push(first.operand)
    else [open, ends] = [column.name, endsOf(own)]
  }
  return { prefix, ...ends }
}

function endsOf(own: readonly Restriction[]): Pick<SelectStatement, 'lower' | 'upper'> {
  let lower: Bound | undefined
  let upper: Bound | undefined
  for (const { operator, operand, token, column } of own) {
    const bound = { operand, inclusive: operator.endsWith('=') }
    if (operator === '=' || (operator.startsWith('>') ? lower : upper) !== undefined) {
      throw unsupported(
        token.position,
        `${column.name} is compared too often: use one =, or at most one lower and one upper end.`,
      )
    }
    if (operator.startsWith('>')) lower = bound
    else upper = bound
  }
  return { lower, upper }
}

function parseReversed(cursor: TokenCursor, table: TableSchema, fixed: number): boolean {
  const order = parseOrderList(cursor)
  let reversed: boolean | undefined
  // Columns that = fixes may be left out of ORDER BY.
  const skipped = order[0]?.column.text === table.clusteringKey[0]?.name ? 0 : fixed
  for (const [index, { column, direction }] of order.entries()) {
    const at = index + skipped
    const expected = table.clusteringKey[at]
    if (expected?.name !== column.text) {
      const names = table.clusteringKey.map(({ name }) => name).join(', ')
      throw unsupported(
        column.position,
        `rows of ${table.name} are sorted by (${names}) only: ORDER BY names these columns in this order.`,
      )
    }
    const opposite = direction !== table.clusteringOrder[at]
    if (reversed !== undefined && reversed !== opposite) {
      throw unsupported(
        column.position,
        `rows of ${table.name} come in the order of ${place(table.position)} or all the way reversed: turn every column or none.`,
      )
    }
    reversed = opposite
  }
  return reversed ?? false
}

function parseLimit(cursor: TokenCursor): Operand {
  const token = cursor.next()
  if (token.kind === 'param') return { kind: 'param', name: token.text, position: token.position }
  if (token.kind === 'number' && /^[1-9]\d{0,8}$/.test(token.text))
    return { kind: 'value', value: Number(token.text) }
  return cursor.fail(
    `LIMIT takes a whole number from 1 or a :parameter, found ${describeToken(token)}.`,
    token,
  )
}

function refuseRest(cursor: TokenCursor): void {
  const token = cursor.peek()
  if (token.kind === 'end' || token.text === ';') return
  if (['allow', 'group', 'per', 'using', 'bypass'].includes(token.text)) {
    const words = `${token.text} ${cursor.peek(1).text}`.toUpperCase()
    throw unsupported(token.position, `${words} is not carried out: ${allowed}, with ORDER BY and LIMIT.`)
  }
  cursor.fail(`expected AND, ORDER BY, LIMIT or ; and found ${describeToken(token)}.`, token)
}
