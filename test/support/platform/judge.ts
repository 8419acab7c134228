import { expectedTables, type ExpectedTable } from './expected-rows.ts'
import type { Facts, Findings, Row } from './facts.ts'
import {
  judgeAlerts,
  judgeAudit,
  judgeLetters,
  judgeNotifications,
  judgeViews,
  judgeTurns,
} from './judge-topics.ts'

/** How the platform is judged. */
export interface JudgeOptions {
  /** The figures of visits are complete only where stream time has closed the last of them; before, they may be behind. */
  readonly visitsAreOver: boolean
}

const mostOfAKind = 20

/** Everything that is wrong with what the platform has made of its topics; at most twenty findings of a kind. */
export function judge(facts: Facts, { visitsAreOver }: JudgeOptions): Findings {
  const { funnel_per_hour: funnel, ...tables } = expectedTables(facts)
  const found = (name: string): readonly Row[] => facts.tables[name] ?? []
  const kinds: Findings[] = [
    ...Object.entries(tables).map(([name, table]) => compareTable(name, table, found(name))),
    visitsAreOver
      ? compareTable('funnel_per_hour', funnel!, found('funnel_per_hour'))
      : notAbove('funnel_per_hour', funnel!, found('funnel_per_hour')),
    judgeTurns(facts),
    judgeViews(facts),
    judgeNotifications(facts),
    judgeAlerts(facts),
    judgeAudit(facts),
    judgeLetters(facts),
  ]
  return kinds.flatMap((some) => some.slice(0, mostOfAKind))
}

function byKey({ key }: ExpectedTable, rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [key.map((column) => `${column}=${row[column]}`).join(' '), row]))
}

/** The same rows, and in them the same cells; versions are no fact of the shop. */
function compareTable(name: string, table: ExpectedTable, rows: readonly Row[]): Findings {
  const [expected, found] = [byKey(table, table.rows), byKey(table, rows)]
  const wrong: string[] = []
  for (const [key, row] of expected) {
    const there = found.get(key)
    if (there === undefined) wrong.push(`${name}: ${key} is missing`)
    else wrong.push(...differences(row, there).map((text) => `${name}: ${key}: ${text}`))
  }
  for (const key of found.keys())
    if (!expected.has(key)) wrong.push(`${name}: ${key} is there, and should not be`)
  return wrong
}

function differences(expected: Row, found: Row): string[] {
  const columns = Object.keys({ ...found, ...expected }).filter((column) => column !== 'version')
  return columns
    .filter((column) => (expected[column] ?? null) !== (found[column] ?? null))
    .map(
      (column) => `${column} is ${String(found[column])}, and should be ${String(expected[column] ?? null)}`,
    )
}

/** Counts that still grow. */
function notAbove(name: string, table: ExpectedTable, rows: readonly Row[]): Findings {
  const expected = byKey(table, table.rows)
  return [...byKey(table, rows)].flatMap(([key, row]) =>
    ['visits', 'carts', 'checkouts', 'orders'].flatMap((column) => {
      const most = Number(expected.get(key)?.[column] ?? 0)
      return Number(row[column]) > most
        ? [`${name}: ${key}: ${column} is ${row[column]}, and at most ${most}`]
        : []
    }),
  )
}
