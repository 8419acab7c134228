import type { PlanChange } from './change-kinds.ts'
import { quoted } from './lint-rule.ts'
import { PlanGraph, tablesOf } from './plan-graph.ts'
import type { TopologyPlan } from './plan-types.ts'

/** What a change does to what the sinks of a topology write. */
export function* compareSinks(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
  for (const sink of new PlanGraph(after).sinks) {
    const old = before.nodes.get(sink.name)
    if (old?.kind !== 'sink' || old.type !== sink.type) {
      yield sinkIsNew(sink.name)
      continue
    }
    const [was, is] = [old, sink].map((one) =>
      [one.definition.topic?.(one.config) ?? [], tablesOf(one)].flat(),
    )
    if (is!.some((place) => !was!.includes(place))) yield sinkIsNew(sink.name)
    for (const [field, what] of Object.entries(places)) {
      if (settingText(old.config[field]) === settingText(sink.config[field])) continue
      yield {
        code: 'MC013',
        node: sink.name,
        field,
        message: `"${sink.name}" has another \`${field}\`: ${what}`,
      }
    }
  }
  const left = new PlanGraph(before).sinks.filter(({ name }) => after.nodes.get(name)?.kind !== 'sink')
  if (left.length === 0) return
  const message = `${quoted(left.map(({ name }) => name))} is written no more: what is there stays, and gets old.`
  yield { code: 'MC012', field: 'sinks', message }
}

/** The same for settings that are the same: in a mapping the order means nothing. */
function settingText(setting: unknown): string | undefined {
  return JSON.stringify(setting, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}

function sinkIsNew(name: string): PlanChange {
  return {
    code: 'MC011',
    node: name,
    message: `"${name}" gets what comes from the committed offsets on, nothing of before. To fill it, run a topology of another name over the history, or reset this one.`,
  }
}

/** Settings of sinks that decide where something comes to lie. */
const places = {
  key: 'records of one new key lie apart from those of before, perhaps in another partition. Their order across the change is not kept: let readers finish first.',
  columns: 'rows that are written again fill other columns. What was written before stays as it is.',
  bucket: 'rows that are written again, and reads, go to other buckets. Rewrite the table, or read both.',
  hash: 'an event that is written again gets a second row, since its hash is part of the key. Let all letters and retries end first.',
  mode: 'cell timestamps are made in another way, and an older state may win over a newer one. Write a new table.',
  sequence:
    'cell timestamps come from another number: a row that has a higher one already is not overwritten. Raise `base` above it.',
  base: 'cell timestamps move: a lower base makes new states lose against stored ones.',
  variants:
    'some records go to another table than before. Rows that are there stay where they are: let readers look into both.',
  retention: 'rows that were written before keep the end that they were given.',
} as const satisfies Readonly<Record<string, string>>
