import {
  fatalError,
  FieldAccess,
  permanentError,
  type RecordBatch,
  type SinkContext,
  type TableInfo,
  type TableRow,
} from '../../engine/component/index.ts'
import { canonicalHash } from './canonical-hash.ts'
import { fieldOfColumn } from './columns.ts'

/** The config of a table sink, checked. `sinks/table.ts` says what its fields mean. */
export interface TableConfig {
  readonly table: string
  readonly mode: 'insert' | 'latest'
  readonly columns: Readonly<Record<string, string | null>>
  readonly bucket?: { readonly column: string; readonly by: 'year' | 'month' | 'day' | 'hour' } | undefined
  readonly hash?: { readonly column: string; readonly of: readonly string[] } | undefined
  /** Milliseconds. */
  readonly retention: Retention
  readonly variants?: Variants | undefined
  readonly sequence?: string | undefined
  readonly base: number
}

type Retention = number | 'unlimited'

interface Variants {
  readonly by: string
  readonly when: Readonly<Record<string, { readonly table: string; readonly retention: Retention }>>
}

/** The longest time to live that Cassandra and Scylla take: twenty years, in seconds. */
const longestTtl = 630_720_000

/** How the values of one table's row are read from a record. */
interface Target {
  readonly table: string
  readonly retention: number | undefined
  readonly columns: readonly Column[]
  readonly bucket: boolean
  readonly hashAsBlob: boolean
}

interface Column {
  readonly name: string
  readonly field: FieldAccess
  readonly inKey: boolean
}

/** Makes the row of a record; undefined when it has outlived its retention. Throws permanent errors for bad records. */
export type RowMaker = (batch: RecordBatch, i: number, orderKey: string | undefined) => TableRow | undefined

/** Checks the config against the tables, and answers what makes rows. Throws fatal errors. */
export async function rowMaker(given: TableConfig, { clock, tables }: SinkContext): Promise<RowMaker> {
  // The reads walk the same buckets.
  const { bucketOf } = await import('../../engine/cql/buckets.ts')
  const { bucket, hash, sequence, base, variants } = given
  const bucketAt = remembering(bucketOf)
  const targetOf = targetChooser(given, (name) => tables.describe(name))
  const digestOf = hash === undefined ? undefined : hasher(hash.of)
  const numbered = sequence === undefined ? undefined : new FieldAccess(sequence)
  const chooser = variants === undefined ? undefined : new FieldAccess(variants.by)

  return (batch, i, orderKey) => {
    if (batch.isTombstone(i)) throw tombstone(given.table)
    const eventTime = batch.timestamp(i)
    const target = targetOf(chooser?.read(batch, i))
    const ttlSeconds = ttlOf(eventTime, target.retention, clock.now())
    if (ttlSeconds < 0) return undefined
    const values = valuesOf(target, batch, i, given.mode)
    if (bucket !== undefined && target.bucket) values[bucket.column] = bucketAt(eventTime, bucket.by)
    if (hash !== undefined && digestOf !== undefined) {
      const digest = digestOf(batch, i)
      values[hash.column] = target.hashAsBlob ? Buffer.from(digest, 'hex') : digest
    }
    const micros =
      numbered === undefined ? eventTime * 1000 : base + sequenceOf(numbered.read(batch, i), sequence!)
    return {
      table: target.table,
      values,
      timestampMicros: micros,
      mode: 'insert',
      ...(ttlSeconds > 0 ? { ttlSeconds } : {}),
      ...(orderKey === undefined ? {} : { orderKey }),
    }
  }
}

/** The hash of some fields. Sinks that hash the same fields of a record do it once. */
function hasher(paths: readonly string[]): (batch: RecordBatch, i: number) => string {
  const fields = paths.map((path) => new FieldAccess(path))
  const name = `hash of ${JSON.stringify(paths)}`
  return (batch, i) => {
    const known = batch.shared(name, () => new Array<string | undefined>(batch.length))
    return (known[i] ??= canonicalHash(fields.map((field) => field.read(batch, i))))
  }
}

const hour = 3_600_000

type BucketOf = (timestamp: number, by: 'year' | 'month' | 'day' | 'hour') => string

/** Events of one hour have one bucket, and mostly come together. */
function remembering(bucketOf: BucketOf): BucketOf {
  let known = NaN
  let bucket = ''
  return (timestamp, by) => {
    const at = Math.floor(timestamp / hour)
    if (at !== known) {
      bucket = bucketOf(timestamp, by)
      known = at
    }
    return bucket
  }
}

/** Seconds that a row still has; 0 = for ever, -1 = none. A TTL of 0 would keep what should be gone for ever. */
export function ttlOf(eventTime: number, retention: number | undefined, now: number): number {
  if (retention === undefined) return 0
  const seconds = Math.floor((eventTime + retention - now) / 1000)
  return seconds < 1 ? -1 : Math.min(seconds, longestTtl)
}

function targetChooser(
  given: TableConfig,
  describe: (table: string) => TableInfo | undefined,
): (by: unknown) => Target {
  const main = targetFor(given, given.table, given.retention, describe)
  const others = new Map<string, Target>()
  for (const [value, { table, retention }] of Object.entries(given.variants?.when ?? {})) {
    others.set(value, targetFor(given, table, retention, describe))
  }
  return (by) => (by === undefined || by === null ? main : (others.get(`${by as string}`) ?? main))
}

function targetFor(
  given: TableConfig,
  table: string,
  retention: Retention,
  describe: (table: string) => TableInfo | undefined,
): Target {
  const info = describe(table)
  if (info === undefined) {
    throw fatalError(
      'TABLE_UNKNOWN',
      `No migration in cql/ creates the table "${table}": add one, or correct the name.`,
    )
  }
  const computed = [given.bucket?.column, given.hash?.column].filter((name) => name !== undefined)
  const known = new Set(info.columns.map(({ name }) => name))
  const wrong = [...computed, ...Object.keys(given.columns)].find((name) => !known.has(name))
  if (wrong !== undefined) {
    throw fatalError(
      'CONFIG_INVALID',
      `The table ${table} has no column ${wrong}: correct the sink that writes it.`,
    )
  }
  const columns = info.columns.flatMap(({ name, kind }): Column[] => {
    const path = fieldOfColumn(given, name)
    if (path === undefined) return []
    return [{ name, field: new FieldAccess(path), inKey: kind !== 'regular' }]
  })
  return {
    table,
    retention: retention === 'unlimited' ? undefined : retention,
    columns,
    bucket: given.bucket !== undefined,
    hashAsBlob: info.columns.find(({ name }) => name === given.hash?.column)?.type === 'blob',
  }
}

function valuesOf(
  target: Target,
  batch: RecordBatch,
  i: number,
  mode: TableConfig['mode'],
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const { name, field, inKey } of target.columns) {
    const value = field.read(batch, i)
    if (inKey && (value === undefined || value === null)) throw noKey(target.table, name, field)
    // In the latest state no value means that the cell goes. An event's row is new: a null would only be a tombstone.
    if (mode === 'latest') values[name] = value ?? null
    else if (value != null) values[name] = value
  }
  return values
}

function sequenceOf(value: unknown, path: string): number {
  const sequence = typeof value === 'bigint' ? Number(value) : value
  if (typeof sequence === 'number' && Number.isSafeInteger(sequence)) return sequence
  throw permanentError(
    'RECORD_INVALID',
    `The field ${path} is no sequence: it must be a whole number below 2^53.`,
  )
}

function noKey(table: string, column: string, field: FieldAccess): Error {
  const path = field.path.join('.')
  return permanentError(
    'RECORD_INVALID',
    `The field ${path} is absent or null, but ${column} is in the key of ${table}.`,
  )
}

function tombstone(table: string): Error {
  return permanentError(
    'RECORD_INVALID',
    `A record without value has no columns for ${table}: filter such records out.`,
  )
}
