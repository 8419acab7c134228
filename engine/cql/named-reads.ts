import { bucketUnits } from './buckets.ts'
import type { BucketUnit } from './buckets.ts'
import { parseSelect } from './parse-select.ts'
import type { Operand, SelectStatement } from './parse-select.ts'
import { checkRanking, parseRanking } from './ranking.ts'
import type { Ranking } from './ranking.ts'
import { parseParameter } from './read-params.ts'
import type { ReadParameter } from './read-params.ts'
import { nearest } from './schema.ts'
import type { Catalogue, ColumnSchema } from './schema.ts'
import { TokenCursor } from './token-cursor.ts'
import { commentLines, cqlError, place, unsupported } from './tokens.ts'
import type { Position } from './tokens.ts'
import { sameType, typeName } from './types.ts'
import type { CqlType } from './types.ts'

/** How the time bucket in a partition key is walked. */
export interface BucketWalk {
  /** The partition key column that holds the bucket; `:column` in the SELECTs stands for the bucket being read. */
  readonly column: string
  readonly unit: BucketUnit
  /** The parameters (timestamps) whose buckets begin and end the walk, both included. */
  readonly from: string
  readonly to: string
  readonly newestFirst: boolean
  readonly position: Position
}

/** A read with a name, from `cql/queries/name.cql`. */
export interface NamedRead {
  readonly name: string
  readonly path: string
  readonly summary: string
  readonly params: readonly ReadParameter[]
  readonly buckets: BucketWalk | undefined
  /** Set where rows are answered in the order of a column's values; then there is one page. */
  readonly rank: Ranking | undefined
  /** One or several with the same columns, order and limit; their rows are merged. */
  readonly selects: readonly SelectStatement[]
  readonly columns: readonly ColumnSchema[]
}

interface Header {
  summary: string
  buckets: BucketWalk | undefined
  rank: Ranking | undefined
  readonly params: ReadParameter[]
}

const bucketForm =
  /^(\w+)\s+by\s+(\w+)\s+from\s+(?::(\w+)|\{(\w+)\})\s+to\s+(?::(\w+)|\{(\w+)\})\s*,\s*(newest|oldest)\s+first\.?$/i

/**
 * Reads a named read. Comments in front describe it:
 *
 *     -- summary: What happened to one entity, newest first.
 *     -- param entityId text        the entity's id
 *     -- param to timestamp = now   events before this time
 *     -- buckets: bucket by month from :from to :to, newest first
 *     -- rank: units, highest first, of at most 10000
 *
 * then come one or several SELECTs. Throws CQL_SYNTAX, CQL_UNSUPPORTED or TABLE_UNKNOWN with file, line and column.
 */
export function parseNamedRead(path: string, text: string, catalogue: Catalogue): NamedRead {
  const header = parseHeader(path, text)
  const cursor = new TokenCursor(path, text)
  const selects: SelectStatement[] = []
  while (cursor.peek().kind !== 'end') {
    if (cursor.accept(';')) continue
    selects.push(parseSelect(cursor, text, catalogue))
    if (cursor.peek().kind !== 'end') cursor.expect(';')
  }
  const [first] = selects
  if (first === undefined)
    throw cqlError('CQL_SYNTAX', cursor.peek().position, 'a named read needs a SELECT: write one.')
  for (const other of selects.slice(1)) checkAlike(first, other)
  if (header.buckets !== undefined)
    for (const select of selects) checkWalk(header.buckets, header.params, select)
  if (header.rank !== undefined) checkRanking(header.rank, first.columns)
  checkParameters(header, selects)
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.cql$/, '')
  return { name, path, ...header, selects, columns: first.columns }
}

function parseHeader(path: string, text: string): Header {
  const header: Header = { summary: '', params: [], buckets: undefined, rank: undefined }
  for (const line of commentLines(path, text)) {
    const directive = /^([a-z]+)\s*:\s*(.*)$/i.exec(line.text)
    const word = directive?.[1]?.toLowerCase()
    if (/^param\s/i.test(line.text)) addParameter(header, line.text, line.position)
    else if (word === 'summary') header.summary = directive?.[2] ?? ''
    else if (word === 'buckets') header.buckets = parseBuckets(directive?.[2] ?? '', line.position)
    else if (word === 'rank') header.rank = parseRanking(directive?.[2] ?? '', line.position)
    else if (word !== undefined) refuseMisspelt(word, line.position)
  }
  if (header.summary !== '') return header
  const position = { path, line: 1, column: 1 }
  throw cqlError(
    'CQL_SYNTAX',
    position,
    'a named read begins with "-- summary: …": say in one sentence what it answers.',
  )
}

function refuseMisspelt(word: string, position: Position): void {
  const near = nearest(word, ['summary', 'buckets', 'rank', 'param'])
  if (near === undefined) return
  const form = near === 'param' ? '"param name type  what it is", without a colon' : `"${near}: …"`
  throw cqlError('CQL_SYNTAX', position, `"${word}:" means nothing here: did you mean ${form}?`)
}

function addParameter(header: Header, text: string, position: Position): void {
  const parameter = parseParameter(text, position)
  if (header.params.some(({ name }) => name === parameter.name)) {
    throw cqlError('CQL_SYNTAX', position, `the parameter ${parameter.name} is described twice: remove one.`)
  }
  header.params.push(parameter)
}

function parseBuckets(text: string, position: Position): BucketWalk {
  const found = bucketForm.exec(text)
  const unit = bucketUnits.find((one) => one === found?.[2]?.toLowerCase())
  if (found === null || unit === undefined) {
    throw cqlError(
      'CQL_SYNTAX',
      position,
      `"${text}" does not say how to walk the buckets: write "buckets: COLUMN by ${bucketUnits.join('|')} from :from to :to, newest first" (or oldest first).`,
    )
  }
  const [, column = '', , from1, from2, to1, to2, end = ''] = found
  const newestFirst = end.toLowerCase() === 'newest'
  return { column, unit, from: from1 ?? from2 ?? '', to: to1 ?? to2 ?? '', newestFirst, position }
}

function checkAlike(first: SelectStatement, other: SelectStatement): void {
  const shape = (columns: readonly ColumnSchema[]): string => {
    return columns.map(({ name, type }) => `${name} ${typeName(type)}`).join(', ')
  }
  const refuse = (what: string): never => {
    throw unsupported(
      other.position,
      `the SELECTs of one read ${what} (the first is at ${place(first.position)}): make them agree.`,
    )
  }
  if (shape(first.columns) !== shape(other.columns)) refuse('return the same columns')
  const order = ({ table, reversed }: SelectStatement): string => {
    const directions = table.clusteringOrder.map((direction) => (direction === 'DESC') !== reversed)
    return table.clusteringKey.map(({ type }, index) => `${typeName(type)} ${directions[index]}`).join(', ')
  }
  if (order(first) !== order(other))
    refuse('are merged, so their rows come in the same order of the same clustering types')
  if (first.reversed !== other.reversed) refuse('are merged, so their tables have the same clustering order')
  const limit = (operand: Operand | undefined): string => {
    if (operand === undefined) return ''
    return operand.kind === 'param' ? `:${operand.name}` : `${operand.value as number}`
  }
  if (limit(first.limit) !== limit(other.limit))
    refuse('have one LIMIT, which counts for all of them together')
}

function checkWalk(walk: BucketWalk, params: readonly ReadParameter[], select: SelectStatement): void {
  const { table } = select
  const index = table.partitionKey.findIndex(({ name }) => name === walk.column)
  if (index < 0) {
    const key = table.partitionKey.map(({ name }) => name).join(', ')
    throw cqlError(
      'CQL_SYNTAX',
      walk.position,
      `the buckets are walked by ${walk.column}, which is not in the partition key of ${table.name} (${key}): name one of these columns.`,
    )
  }
  const operand = select.partition[index]
  const { kind } = table.partitionKey[index]?.type ?? { kind: undefined }
  if (operand?.kind !== 'param' || operand.name !== walk.column || (kind !== 'text' && kind !== 'ascii')) {
    throw cqlError(
      'CQL_SYNTAX',
      select.position,
      `the bucket column ${walk.column} is text and is compared as "${walk.column} = :${walk.column}" where buckets are walked: correct the SELECT.`,
    )
  }
  for (const end of [walk.from, walk.to]) {
    if (params.find(({ name }) => name === end)?.type.kind !== 'timestamp') {
      throw cqlError(
        'CQL_SYNTAX',
        walk.position,
        `the walk's end :${end} is not described as a timestamp: add "-- param ${end} timestamp  …".`,
      )
    }
  }
  // Without a prefix the first clustering column orders the rows; it must run the way of the walk.
  const leading = table.clusteringOrder[select.prefix.length]
  if (leading !== undefined && (leading === 'DESC') !== (walk.newestFirst !== select.reversed)) {
    throw unsupported(
      select.position,
      `the buckets are walked ${walk.newestFirst ? 'newest' : 'oldest'} first but the rows in them come the other way: change ORDER BY, or the walk.`,
    )
  }
}

function checkParameters(header: Header, selects: readonly SelectStatement[]): void {
  const used = new Set([header.buckets?.from, header.buckets?.to])
  for (const select of selects) {
    for (const { operand, type } of operandsOf(select)) {
      if (operand.kind !== 'param' || operand.name === header.buckets?.column) continue
      checkParameter(header.params, operand, type)
      used.add(operand.name)
    }
  }
  const unused = header.params.find(({ name }) => !used.has(name))
  if (unused === undefined) return
  throw cqlError(
    'CQL_SYNTAX',
    unused.position,
    `the parameter ${unused.name} is described but no SELECT uses it: remove it, or use :${unused.name}.`,
  )
}

function checkParameter(
  params: readonly ReadParameter[],
  operand: Extract<Operand, { kind: 'param' }>,
  type: CqlType,
): void {
  const parameter = params.find(({ name }) => name === operand.name)
  if (parameter === undefined) {
    const near = nearest(
      operand.name,
      params.map(({ name }) => name),
    )
    const hint =
      near === undefined
        ? `add "-- param ${operand.name} ${typeName(type)}  what it is"`
        : `did you mean :${near}?`
    throw cqlError('CQL_SYNTAX', operand.position, `the parameter :${operand.name} is not described: ${hint}`)
  }
  if (sameType(parameter.type, type)) return
  throw cqlError(
    'CQL_SYNTAX',
    operand.position,
    `:${operand.name} stands for a ${typeName(type)} but is described as ${typeName(parameter.type)} at ${place(parameter.position)}: make them agree.`,
  )
}

/** Every operand of a SELECT with the type that it must have. */
export function operandsOf(select: SelectStatement): { readonly operand: Operand; readonly type: CqlType }[] {
  const { table, partition, prefix, lower, upper, limit } = select
  const all: { operand: Operand | undefined; type: CqlType | undefined }[] = [
    ...partition.map((operand, index) => ({ operand, type: table.partitionKey[index]?.type })),
    ...prefix.map((operand, index) => ({ operand, type: table.clusteringKey[index]?.type })),
    ...[lower, upper].map((bound) => ({
      operand: bound?.operand,
      type: table.clusteringKey[prefix.length]?.type,
    })),
    { operand: limit, type: { kind: 'int' } },
  ]
  return all.flatMap(({ operand, type }) =>
    operand === undefined || type === undefined ? [] : [{ operand, type }],
  )
}
