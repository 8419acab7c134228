import type { PlanChange } from './change-kinds.ts'
import { globalTables, tableSources } from './plan-facts.ts'
import { PlanGraph, topicsOf } from './plan-graph.ts'
import type { TopologyPlan } from './plan-types.ts'

/** How the group reads a topic, and by which source. */
interface Reading {
  readonly source: string
  readonly as: 'stream' | 'partitioned' | 'global'
}

/** What it does that a topic is read as a table, or no longer: rows are what was read since it is one. */
export function* compareTables(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
  if (before.name !== after.name) return
  const old = readings(before)
  for (const [topic, now] of readings(after)) {
    const was = old.get(topic)
    if (was === undefined) continue
    const same = was.as === now.as && (was.source === now.source || now.as !== 'partitioned')
    if (same) continue
    const message = now.as === 'partitioned' ? withoutRows(topic, was, now) : readOtherwise(topic, was, now)
    const code = now.as === 'partitioned' && was.as !== 'global' ? 'MC025' : 'MC026'
    yield { code, node: now.source, field: 'topic', message }
  }
}

function readings(plan: TopologyPlan): Map<string, Reading> {
  const globals = new Set(globalTables(plan))
  const tables = new Set(plan.subTopologies.flatMap((sub) => tableSources(plan, sub)))
  const as = (source: string): Reading['as'] =>
    globals.has(source) ? 'global' : tables.has(source) ? 'partitioned' : 'stream'
  return new Map(
    new PlanGraph(plan).sources.flatMap((node) =>
      topicsOf(plan, node).map((topic) => [topic, { source: node.name, as: as(node.name) }] as const),
    ),
  )
}

function withoutRows(topic: string, was: Reading, now: Reading): string {
  if (was.as === 'global')
    return `"${topic}" has been a global table, of which nothing is committed: the table of each partition is read from where the source begins.`
  const begins = `it begins empty, behind what the group has read of "${topic}", and has no row of that.`
  const remedy = `set the offsets of "${topic}" to its beginning before the first start (millrace offsets set).`
  return was.as === 'stream'
    ? `"${now.source}" has been no table, and is one now: ${begins} For them, ${remedy}`
    : `"${now.source}" was the table "${was.source}", and rows belong to the name of the source: ${begins} Keep the name; or ${remedy}`
}

function readOtherwise(topic: string, was: Reading, now: Reading): string {
  if (now.as === 'global') {
    const left =
      was.as === 'partitioned'
        ? ` The rows in the changelog of "${was.source}" stay, and nobody uses them.`
        : ''
    return `"${now.source}" is a global table now: each worker reads "${topic}" from its beginning, and nothing more is committed of it.${left}`
  }
  return was.as === 'global'
    ? `"${now.source}" has been a global table, of which nothing is committed: "${topic}" is read from where the source begins.`
    : `"${now.source}" has been a table: what is committed of "${topic}" was rows, and goes through no node. Set the offsets before the first start if it should.`
}
