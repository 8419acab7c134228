import { nearest } from './schema.ts'
import type { Direction, OptionValue } from './schema.ts'
import { describeToken } from './token-cursor.ts'
import type { TokenCursor } from './token-cursor.ts'
import { cqlError, unsupported } from './tokens.ts'
import type { Token } from './tokens.ts'

/** What `WITH …` of a table says. */
export interface TableOptions {
  readonly order: readonly { readonly column: Token; readonly direction: Direction }[]
  readonly options: Readonly<Record<string, OptionValue>>
}

const knownOptions = new Set([
  'additional_write_policy', 'allow_auto_snapshot', 'bloom_filter_fp_chance', 'caching', 'cdc', 'comment', 'compaction',
  'compression', 'crc_check_chance', 'default_time_to_live', 'extensions', 'gc_grace_seconds', 'incremental_backups',
  'max_index_interval', 'memtable', 'memtable_flush_period_in_ms', 'min_index_interval', 'paxos_grace_seconds',
  'per_partition_rate_limit', 'read_repair', 'speculative_retry', 'tablets', 'tombstone_gc',
]) // prettier-ignore

/** The longest TTL that Cassandra takes, in seconds: twenty years. */
export const longestTtl = 630_720_000

/** Reads what follows `WITH`: options and CLUSTERING ORDER BY, joined by AND. */
export function parseOptions(cursor: TokenCursor): TableOptions {
  const order: { column: Token; direction: Direction }[] = []
  const options: Record<string, OptionValue> = {}
  do {
    if (cursor.accept('clustering', 'order', 'by')) order.push(...parseOrder(cursor))
    else if (cursor.sees('compact', 'storage')) {
      throw unsupported(cursor.peek().position, 'COMPACT STORAGE is not carried out: remove it.')
    } else parseOption(cursor, options)
  } while (cursor.accept('and'))
  return { order, options }
}

/** Reads `(a DESC, b)`, or the same without parentheses after ORDER BY in a SELECT. */
export function parseOrderList(cursor: TokenCursor): { column: Token; direction: Direction }[] {
  const order: { column: Token; direction: Direction }[] = []
  do {
    const column = cursor.identifier('a column')
    const direction = cursor.accept('desc') ? 'DESC' : 'ASC'
    if (direction === 'ASC') cursor.accept('asc')
    order.push({ column, direction })
  } while (cursor.accept(','))
  return order
}

function parseOrder(cursor: TokenCursor): { column: Token; direction: Direction }[] {
  cursor.expect('(')
  const order = parseOrderList(cursor)
  cursor.expect(')')
  return order
}

function parseOption(cursor: TokenCursor, options: Record<string, OptionValue>): void {
  const name = cursor.identifier('an option')
  if (!knownOptions.has(name.text)) {
    const near = nearest(name.text, knownOptions)
    const hint = near === undefined ? 'remove it' : `did you mean ${near}?`
    throw cqlError('CQL_SYNTAX', name.position, `there is no table option ${describeToken(name)}: ${hint}`)
  }
  cursor.expect('=')
  const value = cursor.peek()
  options[name.text] = parseValue(cursor)
  if (name.text === 'default_time_to_live' || name.text === 'gc_grace_seconds') {
    checkSeconds(name.text, options[name.text], value)
  }
}

function checkSeconds(name: string, value: OptionValue | undefined, token: Token): void {
  const longest = name === 'default_time_to_live' ? longestTtl : 2 ** 31 - 1
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= longest) return
  throw cqlError(
    'CQL_SYNTAX',
    token.position,
    `${name} is a whole number of seconds from 0 to ${longest}: correct it.`,
  )
}

function parseValue(cursor: TokenCursor): OptionValue {
  if (cursor.sees('{')) return parseMap(cursor)
  const token = cursor.next()
  if (token.kind === 'string') return token.text
  if (token.kind === 'number') return Number(token.text)
  if (token.kind === 'word' && (token.text === 'true' || token.text === 'false')) return token.text === 'true'
  return cursor.fail(
    `expected a string, a number, true, false or a map, found ${describeToken(token)}.`,
    token,
  )
}

/** Reads `{'class': 'SimpleStrategy', 'replication_factor': 1}`; values become strings. */
export function parseMap(cursor: TokenCursor): Readonly<Record<string, string>> {
  cursor.expect('{')
  const map: Record<string, string> = {}
  while (!cursor.accept('}')) {
    const key = cursor.next()
    if (key.kind !== 'string') cursor.fail(`expected a key in quotes, found ${describeToken(key)}.`, key)
    // `{'class':SimpleStrategy}` reads as a parameter, since nothing stands between colon and word.
    if (cursor.peek().kind !== 'param') cursor.expect(':')
    const value = cursor.next()
    if (!['string', 'number', 'word', 'param'].includes(value.kind)) {
      cursor.fail(`expected a value, found ${describeToken(value)}.`, value)
    }
    map[key.text] = value.text
    if (!cursor.sees('}')) cursor.expect(',')
  }
  return map
}
