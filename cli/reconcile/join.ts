import { compareRow, lookedUpCells, type LookedUpCell, type RowVerdict } from './compare.ts'
import { readExpected, readFound, type ExpectedRow, type FoundRow } from './rows.ts'
import type { Spill } from './spill.ts'
import { tableNumber, type ComparedTable } from './tables.ts'

/** What the comparison of one key came to; `older`: from before what the topics still hold. */
export type JoinVerdict = RowVerdict | { readonly kind: 'older' }

/** One key of either side, compared. */
export interface Joined {
  readonly table: ComparedTable
  readonly key: string
  /** What records make of it, in their order. */
  readonly rows: readonly ExpectedRow[]
  readonly verdict: JoinVerdict
  readonly lookedUp: readonly LookedUpCell[]
}

/** What is joined. */
export interface JoinOptions {
  readonly expected: Spill
  readonly found: Spill
  readonly tables: readonly ComparedTable[]
  /** The event time (ms) before which topics may have lost records. */
  readonly horizon: number
  /** Seconds since 1970. */
  readonly now: number
}

/** Joins one part of both sides by key, and compares. The expected rows of the part are in memory. */
export function* joinPart(part: number, options: JoinOptions): Generator<Joined> {
  const waiting = new Map<string, Buffer[]>()
  for (const { key, row } of options.expected.read(part)) {
    const rows = waiting.get(key)
    if (rows === undefined) waiting.set(key, [row])
    else rows.push(row)
  }
  for (const { key, row } of options.found.read(part)) {
    const rows = (waiting.get(key) ?? []).map(readExpected)
    waiting.delete(key)
    yield joined(key, rows, readFound(row), options)
  }
  for (const [key, rows] of waiting) yield joined(key, rows.map(readExpected), undefined, options)
}

function joined(
  key: string,
  rows: readonly ExpectedRow[],
  found: FoundRow | undefined,
  { tables, horizon, now }: JoinOptions,
): Joined {
  const table = tables[tableNumber(key)]!
  const verdict = compareRow(rows, found, { enriched: table.enriched, now })
  const lookedUp = found === undefined ? [] : lookedUpCells(rows, found, table.enriched)
  if (verdict.kind !== 'extra' || found === undefined || !isOlder(found, horizon))
    return { table, key, rows, verdict, lookedUp }
  return { table, key, rows, verdict: { kind: 'older' }, lookedUp }
}

/** Timestamps that are no event times (a sequence) look old, too: of such rows nobody can tell either. */
function isOlder({ cells }: FoundRow, horizon: number): boolean {
  if (horizon === -Infinity) return false
  return cells.every(({ timestamp }) => timestamp < horizon * 1000)
}
