import { expectedTables, expectedVisits, type ExpectedTable } from './expected-rows.ts'
import type { Facts, Findings, Row } from './facts.ts'
import {
  judgeAlerts,
  judgeAudit,
  judgeLetters,
  judgeNotifications,
  judgeViews,
  judgeTurns,
} from './judge-topics.ts'

const mostOfAKind = 20

/** Everything that is wrong with what the platform has made of its topics; at most twenty findings of a kind. */
export function judge(facts: Facts): Findings {
  const kinds: Findings[] = [
    ...Object.entries(expectedTables(facts)).map(([name, table]) =>
      compareTable(name, table, facts.tables[name] ?? []),
    ),
    judgeVisits(facts),
    judgeTurns(facts),
    judgeViews(facts),
    judgeNotifications(facts),
    judgeAlerts(facts),
    judgeAudit(facts),
    judgeLetters(facts),
  ]
  return kinds.flatMap((some) => some.slice(0, mostOfAKind))
}

function byKey({ key }: Pick<ExpectedTable, 'key'>, rows: readonly Row[]): ReadonlyMap<string, Row> {
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

/** Each visit that is over counts once; one that may go on counts once, or not yet. */
function judgeVisits(facts: Facts): Findings {
  const name = 'funnel_per_hour'
  const { key, all, over } = expectedVisits(facts)
  const [most, least, found] = [all, over, facts.tables[name] ?? []].map((rows) => byKey({ key }, rows))
  return [...new Set([...most!.keys(), ...found!.keys()])].flatMap((hour) =>
    ['visits', 'carts', 'checkouts', 'orders'].flatMap((column) => {
      const [from, to, is] = [least!, most!, found!].map((rows) => Number(rows.get(hour)?.[column] ?? 0))
      return is! < from! || is! > to!
        ? [`${name}: ${hour}: ${column} is ${is}, and is from ${from} to ${to}`]
        : []
    }),
  )
}
