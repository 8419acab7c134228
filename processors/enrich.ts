import { z } from 'zod'
import {
  defineProcessor,
  downstreamError,
  Duration,
  fatalError,
  FieldPath,
  mapValueAsync,
  MillraceError,
  recordError,
  TableName,
  valueAt,
  type Clock,
  type Lookup,
  type Row,
} from '../engine/component/index.ts'

const Key = z.union([FieldPath, z.record(TableName, FieldPath)])
const Name = z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of a field')
const Columns = z.array(TableName).min(1)
const Missing = z.enum(['pass', 'fail'])
const Value = z.record(z.string(), z.json()).meta({ description: 'What stands for the row.' })
const Answer = z.union([Missing, z.strictObject({ value: Value })])
const otherwise =
  'The answer when a lookup fails or is late: `pass` on with null, `fail` (and try on), or a `value` for the row.'

const Cache = z.strictObject({
  entries: z.int().min(0).prefault(10_000).meta({ description: 'The most rows kept for each task.' }),
  ttl: Duration.prefault('60s').meta({ description: 'How long a row is taken from the cache.' }),
  missing: Duration.prefault('5s').meta({ description: 'How long a key without a row is known as such.' }),
})

const config = z.strictObject({
  table: TableName.meta({ description: 'The table that holds the rows.', examples: ['users'] }),
  key: Key.meta({ description: 'The field that holds the key, or key column: field.', examples: ['userId'] }),
  as: Name.meta({ description: 'The field that gets the row.', examples: ['user'] }),
  columns: Columns.optional().meta({ description: 'The columns taken; if not given, all but the key.' }),
  within: Duration.prefault('200ms').meta({ description: 'How long one lookup may take.' }),
  otherwise: Answer.prefault('fail').meta({ description: otherwise, examples: ['pass'] }),
  missing: Missing.prefault('pass').meta({ description: 'No row: `pass` on with null, or `fail`.' }),
  cache: Cache.prefault({}).meta({ description: 'The rows that are kept in memory.' }),
})

type Given = z.output<typeof config>
type Found = Row | null

export const enrich = defineProcessor({
  name: 'enrich',
  summary: 'Adds the row of a table to each record.',
  notes: `
Lookups run concurrently across keys and in order within a key; records with one lookup key share one lookup. A row is
at most \`cache.ttl\` old. A key field that is null or absent has no row. A key of a wrong type is a permanent error,
whatever \`otherwise\` says. Columns that are null are left out. A tombstone passes as it is. Each task keeps \`cache.entries\` rows at most, the latest used.
`,
  config,

  examples: [
    {
      title: 'A user that the table does not know',
      config: { table: 'users', key: 'userId', as: 'user', otherwise: 'pass' },
      input: [{ userId: 'nobody', action: 'added' }],
      output: [{ userId: 'nobody', action: 'added', user: null }],
    },
  ],

  reads: ({ key }) => (typeof key === 'string' ? [key] : Object.values(key)),
  looksUp: (given) => [given.as],
  table: (given) => given.table,

  create(given, { clock, tables }) {
    const lookup = tables.lookup(given.table)
    const keyOf = keyReader(given.key, lookup)
    const find = cached(lookup, clock, given)
    const joined = (value: Row, row: Found) => ({ ...value, [given.as]: row })
    return mapValueAsync<Row | null, unknown>((value) => {
      if (value === null) return null
      const key = keyOf(value)
      const row = key === undefined ? null : find(key)
      return row instanceof Promise ? row.then((late) => joined(value, late)) : joined(value, row)
    })
  },
})

/** Reads the key of a record; undefined where a part of it is null or absent. */
function keyReader(key: Given['key'], lookup: Lookup): (value: unknown) => Row | undefined {
  const fields = typeof key === 'string' ? [[lookup.key[0]!, key] as const] : Object.entries(key)
  const parts = fields.map(([column, field]) => ({ column, path: field.split('.') }))
  if (parts.length !== lookup.key.length || parts.some(({ column }) => !lookup.key.includes(column)))
    throw fatalError(
      'CONFIG_INVALID',
      `The key of the table is ${lookup.key.join(', ')}: name a field for each.`,
    )
  return (value) => {
    const row: Record<string, unknown> = {}
    for (const { column, path } of parts) {
      const part = valueAt(value, path) ?? null
      if (part === null) return undefined
      row[column] = part
    }
    return row
  }
}

/** Finds rows through the cache; answers at once where the cache or the table can. */
function cached(lookup: Lookup, clock: Clock, given: Given): (key: Row) => Found | Promise<Found> {
  const { entries, ttl, missing } = given.cache
  const cache = new Map<string, { readonly row: Found; readonly until: number }>()
  const underWay = new Map<string, Promise<Found>>()

  const finish = (text: string, answer: Row | undefined): Found => {
    if (answer === undefined && given.missing === 'fail') throw noRow(given.table)
    const row = answer === undefined ? null : pick(answer, lookup, given)
    cache.delete(text)
    cache.set(text, { row, until: clock.now() + (row === null ? missing : ttl) })
    if (cache.size > entries) cache.delete(cache.keys().next().value!)
    return row
  }

  return (key) => {
    const text = JSON.stringify(Object.values(key), exact)
    const known = cache.get(text)
    if (known !== undefined && known.until > clock.now()) {
      cache.delete(text)
      cache.set(text, known)
      return known.row
    }
    const shared = underWay.get(text)
    if (shared !== undefined) return shared
    try {
      const answer = lookup.get(key)
      if (!(answer instanceof Promise)) return finish(text, answer)
      const found = answer.then((row) => finish(text, row))
      const limited = limit(found, clock, given).finally(() => underWay.delete(text))
      underWay.set(text, limited)
      return limited
    } catch (error) {
      return answerFor(error, given)
    }
  }
}

function exact(_name: string, part: unknown): unknown {
  return typeof part === 'bigint' ? { bigint: String(part) } : part
}

/** The row, or what `otherwise` says when it is late or the lookup fails. A late row still gets into the cache. */
function limit(found: Promise<Found>, clock: Clock, given: Given): Promise<Found> {
  const late = Promise.withResolvers<Found>()
  const tooLate = `A lookup in ${given.table} took longer than ${given.within} ms.`
  const cancel = clock.after(given.within, () => late.reject(downstreamError('LOOKUP_FAILED', tooLate)))
  return Promise.race([found, late.promise])
    .catch((error: unknown) => answerFor(error, given))
    .finally(cancel)
}

function answerFor(error: unknown, { otherwise, table }: Given): Found {
  // A missing row that shall fail, or a key that can't be, is no trouble of the table.
  if (error instanceof MillraceError && (error.kind !== 'downstream' || otherwise === 'fail')) throw error
  if (otherwise === 'fail')
    throw downstreamError('LOOKUP_FAILED', `A lookup in ${table} failed.`, { cause: error })
  return otherwise === 'pass' ? null : otherwise.value
}

function pick(row: Row, lookup: Lookup, { columns }: Given): Row {
  const names = columns ?? Object.keys(row).filter((name) => !lookup.key.includes(name))
  return Object.fromEntries(names.flatMap((name) => (row[name] == null ? [] : [[name, row[name]]])))
}

function noRow(table: string): Error {
  return recordError('LOOKUP_FAILED', `The table ${table} has no row for the key of the record.`)
}
