import { encodeCell } from '../cql/cells.ts'
import { primaryKey, primaryKeyBytes, type StoredCell, type StoredRow } from '../cql/stored-rows.ts'
import type { ColumnSchema, TableSchema } from '../cql/schema.ts'
import type { CqlType, CqlValue } from '../cql/types.ts'
import { kindOf } from '../errors.ts'
import type { CassandraClient } from './client.ts'
import { clientError } from './client-errors.ts'
import { quoted } from './migration-cql.ts'
import { askPage, fromDriver, type AnsweredPage, type Question } from './pages.ts'
import { whereOf } from './settings.ts'

/** How a table is scanned. */
export interface ScanOptions {
  /** Gets every live row once; those of a partition in order. */
  readonly visit: (row: StoredRow) => void
  /** Told after each range of tokens: the share of the ring that is done, from 0 to 1. */
  readonly progress?: (share: number) => void
  readonly signal?: AbortSignal
}

/** Into how many ranges the ring is cut, and how many of them are read at once. */
const ranges = 128
const lanes = 4
const pageRows = 1000
const attempts = 6

const int64: CqlType = { kind: 'bigint' }

/**
 * Reads a whole table by ranges of tokens, at the client's consistency, page by page: what is in memory is a page of each
 * lane. A page that fails for trouble that passes is asked for again. Rejects with one sentence.
 */
export async function scanTable(
  client: CassandraClient,
  table: TableSchema,
  options: ScanOptions,
): Promise<void> {
  const regular = table.columns.filter(({ kind }) => kind === 'regular')
  const scan: Scan = { client, table, regular, text: scanText(client.settings.keyspace, table, regular) }
  let next = 0
  let done = 0
  const lane = async (): Promise<void> => {
    while (next < ranges && options.signal?.aborted !== true) {
      await scanRange(scan, next++, options)
      options.progress?.(++done / ranges)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

interface Scan {
  readonly client: CassandraClient
  readonly table: TableSchema
  readonly regular: readonly ColumnSchema[]
  readonly text: string
}

function scanText(keyspace: string, table: TableSchema, regular: readonly ColumnSchema[]): string {
  const key = primaryKey(table).map(({ name }, index) => `${quoted(name)} AS k${index}`)
  const cells = regular.map(
    ({ name }, index) =>
      `${quoted(name)} AS c${index}, WRITETIME(${quoted(name)}) AS w${index}, TTL(${quoted(name)}) AS t${index}`,
  )
  const token = `token(${table.partitionKey.map(({ name }) => quoted(name)).join(', ')})`
  // The time to live counts from the server's clock.
  const what = [...key, ...cells, 'toUnixTimestamp(now()) AS clock'].join(', ')
  return `SELECT ${what} FROM ${quoted(keyspace)}.${quoted(table.name)} WHERE ${token} > ? AND ${token} <= ?`
}

/** The first token is nobody's: the hash gives the last one instead. */
function boundsOf(range: number): readonly [bigint, bigint] {
  const at = (index: number): bigint =>
    index === ranges ? 2n ** 63n - 1n : -(2n ** 63n) + (2n ** 64n / BigInt(ranges)) * BigInt(index)
  return [at(range), at(range + 1)]
}

async function scanRange(scan: Scan, range: number, { visit, signal }: ScanOptions): Promise<void> {
  const [low, high] = boundsOf(range)
  const question: Question = {
    text: scan.text,
    values: [
      { type: int64, value: low },
      { type: int64, value: high },
    ],
  }
  let state: string | undefined
  do {
    const page = await askAgain(scan, question, state)
    for (const row of page.rows) visit(storedRow(scan, row))
    state = page.state
  } while (state !== undefined && signal?.aborted !== true)
}

async function askAgain(
  { client, table }: Scan,
  question: Question,
  state: string | undefined,
): Promise<AnsweredPage> {
  for (let tries = 1; ; tries++) {
    try {
      return await askPage(client.driver, question, { rows: pageRows, state })
    } catch (error) {
      const explained = clientError(error, `The scan of ${table.name}`, whereOf(client.settings))
      if (tries === attempts || kindOf(explained) !== 'downstream') throw explained
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** tries))
    }
  }
}

function storedRow({ table, regular }: Scan, row: Readonly<Record<string, unknown>>): StoredRow {
  const key = primaryKey(table).map(({ type }, index) => fromDriver(type, row[`k${index}`]) as CqlValue)
  const now = Math.floor(Number(row['clock']) / 1000)
  const cells = new Map<string, StoredCell>()
  for (const [index, { name, type }] of regular.entries()) {
    const value = fromDriver(type, row[`c${index}`])
    if (value === null) continue
    const ttl = row[`t${index}`] as number | null
    cells.set(name, {
      bytes: encodeCell(type, value),
      timestamp: Number(row[`w${index}`]),
      expiresAt: ttl === null ? 0 : now + ttl,
    })
  }
  return { key: primaryKeyBytes(table, key), cells }
}
