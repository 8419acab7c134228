import type { GroupHistory, Row, Sum } from './history.ts'
import { discardsOf, placeOf, type Anomaly, type Truth } from './truth.ts'

/** The output of an exactly-once topology: each id once, none missing, each key in the order of first occurrences. */
export function checkOutputs(group: GroupHistory, truth: Truth): Anomaly[] {
  const { outputs = [] } = group
  const { certain, possible } = discardsOf(group)
  const wrong: Anomaly[] = []
  const seen = new Set<string>()
  const last = new Map<string, number>()
  for (const { id, key } of outputs) {
    const all = truth.occurrences.get(id)
    const first = all?.[0]
    if (first === undefined || first.key !== key) {
      wrong.push({ kind: 'phantom effect', what: `the output has ${id} under the key ${key}` })
      continue
    }
    if (seen.has(id)) wrong.push({ kind: 'output twice', what: `the output has ${id} twice` })
    seen.add(id)
    if (all!.every((one) => certain.has(placeOf(one))))
      wrong.push({ kind: 'phantom effect', what: `the output has ${id}, whose letters were discarded` })
    // Where the first was given up, another occurrence has taken its place.
    if (possible.has(placeOf(first))) continue
    const before = last.get(key) ?? -1
    if (first.offset < before)
      wrong.push({
        kind: 'output reordered',
        what: `${key}: ${id} of ${placeOf(first)} is behind that of ${before}`,
      })
    last.set(key, Math.max(before, first.offset))
  }
  for (const [id, all] of truth.occurrences)
    if (!seen.has(id) && !all.some((one) => possible.has(placeOf(one))))
      wrong.push({ kind: 'output gap', what: `the output has no ${id} of ${placeOf(all[0]!)}` })
  return wrong
}

/** A row for each id, with its values; and for each key the state with the highest sequence number. */
export function checkTables({ rows, latest }: GroupHistory, truth: Truth): Anomaly[] {
  const newest = new Map<string, Row>()
  for (const { key, id, seq, value } of truth.firsts)
    if (seq > (newest.get(key)?.seq ?? 0)) newest.set(key, { key, id, seq, value })
  return [
    ...(rows === undefined ? [] : compareRows('chaos_rows', rows, truth.firsts, ({ id }) => id)),
    ...(latest === undefined
      ? []
      : compareRows('chaos_latest', latest, [...newest.values()], ({ key }) => key)),
  ]
}

function compareRows(
  table: string,
  rows: readonly Row[],
  expected: readonly Row[],
  nameOf: (row: Row) => string,
): Anomaly[] {
  const left = new Map(expected.map((row) => [nameOf(row), row]))
  const wrong: string[] = []
  for (const row of rows) {
    const name = nameOf(row)
    const wanted = left.get(name)
    left.delete(name)
    if (wanted === undefined) wrong.push(`${table}: a row of ${name} that should not be there`)
    else if (
      wanted.key !== row.key ||
      wanted.id !== row.id ||
      wanted.seq !== row.seq ||
      wanted.value !== row.value
    )
      wrong.push(
        `${table}: ${name} has ${row.id}, ${row.seq}, ${row.value}, and not ${wanted.id}, ${wanted.seq}, ${wanted.value}`,
      )
  }
  for (const name of left.keys()) wrong.push(`${table}: no row of ${name}`)
  return wrong.map((what) => ({ kind: 'table', what }))
}

/** Counts and sums of each key, as plain arithmetic has them; each version at most once, and in order. */
export function checkSums({ sums }: GroupHistory, truth: Truth): Anomaly[] {
  if (sums === undefined) return []
  const expected = new Map<string, { count: number; total: number }>()
  for (const { key, value } of truth.firsts) {
    const sum = expected.get(key) ?? { count: 0, total: 0 }
    expected.set(key, { count: sum.count + 1, total: sum.total + value })
  }
  const wrong: string[] = []
  const last = new Map<string, Sum>()
  for (const sum of sums) {
    const before = last.get(sum.key)
    if (before !== undefined && sum.version <= before.version)
      wrong.push(`${sum.key}: version ${sum.version} comes after ${before.version}`)
    last.set(sum.key, sum)
  }
  for (const [key, { count, total }] of expected) {
    const found = last.get(key)
    if (found?.count !== count || found.total !== total)
      wrong.push(`${key}: ${found?.count} events of ${found?.total}, and not ${count} of ${total}`)
    last.delete(key)
  }
  for (const key of last.keys()) wrong.push(`${key} has a sum, and no events`)
  return wrong.map((what) => ({ kind: 'aggregate', what }))
}
