import type { BeyondComparison } from './beyond.ts'
import type { CellDifference, RowVerdict } from './compare.ts'
import type { ExpectedRow } from './rows.ts'
import { plainKey, type ComparedTable } from './tables.ts'

/** What a table came to, in rows. */
export interface TableCounts {
  readonly table: string
  /** Rows that the records make. */
  expected: number
  /** Rows that the table has. */
  found: number
  /** Rows that the sinks would no longer write, since they have outlived their retention. */
  expired: number
  missing: number
  different: number
  extra: number
  /** Rows without a record from before what the topics still hold: nobody can tell. */
  older: number
}

/** Cells of rows that records make, by whether they have what a lookup gives now. Both are right. */
export interface LookedUpCounts {
  /** `table.column` */
  readonly column: string
  same: number
  other: number
}

/** One thing that is not as it must be. */
export interface Difference {
  /** `lost`: a record fails, and is neither stored nor parked. */
  readonly kind: 'missing' | 'different' | 'extra' | 'lost'
  readonly table: string | null
  readonly key: Readonly<Record<string, unknown>> | null
  /** `topic/partition@offset` of the first record of the key. */
  readonly position: string | null
  readonly cells: readonly {
    readonly column: string
    readonly what: CellDifference['what']
    readonly expected?: number
    readonly found?: number
  }[]
}

/** What a comparison came to. */
export interface Reconciliation {
  readonly topology: string
  readonly events: {
    readonly read: number
    /** Records whose id another one had. */
    readonly duplicates: number
    /** Records that fail when they are processed. */
    readonly failed: number
    /** Failed records that are committed and yet not parked, though the topology parks. */
    readonly lost: number
    /** Letters by what became of them; `parked` are the open ones. */
    readonly parked: number
    readonly released: number
    readonly discarded: number
    /** Records that the group has not committed yet: their rows may be there or not. */
    readonly uncommitted: number
  }
  readonly tables: readonly Readonly<TableCounts>[]
  /** Tables of which nobody can tell, and why. */
  readonly notCompared: readonly BeyondComparison[]
  /** Columns whose values are looked up: what they were when the row was written nobody can tell. */
  readonly lookedUp: readonly Readonly<LookedUpCounts>[]
  /** The first ones. */
  readonly differences: readonly Difference[]
}

export function emptyCounts(table: string): TableCounts {
  return { table, expected: 0, found: 0, expired: 0, missing: 0, different: 0, extra: 0, older: 0 }
}

/** How many differences there are. */
export function differencesIn({ tables, events }: Reconciliation): number {
  return tables.reduce((sum, one) => sum + one.missing + one.different + one.extra, events.lost)
}

/** One difference for people and machines. */
export function differenceOf(
  table: ComparedTable,
  key: string,
  verdict: Extract<RowVerdict, { readonly kind: 'missing' | 'different' | 'extra' }>,
  rows: readonly ExpectedRow[],
  topics: readonly string[],
): Difference {
  const first = rows.find(({ required }) => required) ?? rows[0]
  const names = [...table.columns.keys()]
  const cells = verdict.kind === 'different' ? verdict.cells : []
  return {
    kind: verdict.kind,
    table: table.schema.name,
    key: plainKey(table, key),
    position: first === undefined ? null : `${topics[first.topic]}/${first.partition}@${first.offset}`,
    cells: cells.map(({ column, ...rest }) => ({ column: names[column]!, ...rest })),
  }
}

/** The answer for people. */
export function reconciliationLines(result: Reconciliation): string[] {
  const { events, tables, notCompared, lookedUp, differences, topology } = result
  const lines = [`${topology}: ${eventsLine(events)}`]
  for (const one of tables) lines.push(`  ${tableLine(one)}`)
  for (const one of lookedUp) lines.push(`  ${lookedUpLine(one)}`)
  for (const one of notCompared) lines.push(`  ${one.table}: not compared: ${one.because}`)
  const total = differencesIn(result)
  if (total === 0) return [...lines, '', endOf(result)]
  const shown = differences.length < total ? `, the first ${differences.length} of them:` : ':'
  lines.push('', `${total} ${total === 1 ? 'difference' : 'differences'}${shown}`)
  for (const difference of differences) lines.push(`  ${differenceLine(difference)}`)
  return lines
}

function endOf({ tables, notCompared }: Reconciliation): string {
  if (notCompared.length === 0) return 'No differences.'
  if (tables.length > 0) return 'No differences in what was compared.'
  return 'No table was compared, and no record is lost.'
}

function eventsLine(events: Reconciliation['events']): string {
  const parts = [`${events.read} records`]
  const name = (count: number, what: string): void => {
    if (count > 0) parts.push(`${count} ${what}`)
  }
  name(events.duplicates, 'duplicates')
  name(events.failed, 'that fail')
  name(events.parked, 'parked')
  name(events.released, 'released')
  name(events.discarded, 'discarded')
  name(events.uncommitted, 'not committed yet')
  name(events.lost, 'lost')
  return parts.join(', ')
}

function tableLine(one: TableCounts): string {
  const parts = [`${one.table}: ${one.expected} rows expected, ${one.found} found`]
  for (const what of ['missing', 'different', 'extra', 'expired'] as const)
    if (one[what] > 0) parts.push(`${one[what]} ${what}`)
  if (one.older > 0) parts.push(`${one.older} older than what the topics still hold`)
  return parts.join(', ')
}

function lookedUpLine({ column, same, other }: LookedUpCounts): string {
  const times = 'write times and ends compared, values not'
  return `${column}: looked up, so ${times}: ${same} as a lookup gives now, ${other} otherwise`
}

/** A difference in a line. */
export function differenceLine({ kind, table, key, position, cells }: Difference): string {
  const where = position === null ? '' : ` from ${position}`
  if (table === null) return `lost${where}: it fails, and is neither stored nor parked`
  const which = Object.entries(key ?? {})
    .map(([column, value]) => `${column}=${String(value)}`)
    .join(' ')
  // Cells that were written together end together.
  const how = [...Map.groupBy(cells, cellText)]
    .map(([text, some]) => `${some.map(({ column }) => column).join(', ')}: ${text}`)
    .join('; ')
  return `${kind} in ${table}: ${which}${where}${how === '' ? '' : `: ${how}`}`
}

function cellText({ what, expected, found }: Difference['cells'][number]): string {
  const shown = (value: number | undefined): string => {
    if (what === 'timestamp') return `${value} µs`
    return value === undefined || value <= 0
      ? 'never'
      : new Date(value * 1000).toISOString().replace('.000Z', 'Z')
  }
  const between = expected === undefined ? '' : ` ${shown(expected)} expected, ${shown(found)} found`
  const words = {
    value: 'another value',
    absent: 'no value',
    unexpected: 'a value where none must be',
    timestamp: 'write timestamp',
    expiry: 'end',
  }
  return `${words[what]}${between}`
}
