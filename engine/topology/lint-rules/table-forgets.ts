import type { TopicFacts } from '../facts.ts'
import { durationText, type LintRule, type LintSubject, type RuleFinding } from '../lint-rule.ts'
import { topicsOf } from '../plan-graph.ts'

/** ML037 */
export const tableForgets: LintRule = {
  code: 'ML037',
  title: 'A joined table that forgets',
  severity: 'warning',
  explanation:
    'A `join` reads a topic as a table: the last record of each key is its row, however old it is. If the topic deletes ' +
    'records by age, a key that has not changed for that long has no row for a topology that begins to read it, and none ' +
    'after the next start of a worker that joins it as a `global` table. With another `begin` than `earliest` what was ' +
    'written before is no part of the table.',
  remedy:
    'Compact the topic (`cleanup: compact`) or keep its records for ever, and read it from its beginning.',
  example: {
    topology: `name: known-orders
sources:
  orders: { type: topic, topic: orders, format: json }
  users: { type: topic, topic: users, format: json }
processors: { known: { type: join, from: orders, table: users, as: user, kind: left } }
sinks: { out: { type: console, from: known } }`,
    facts: { topics: { users: { retention: 604_800_000 } } },
  },
  *check({ plan, graph, facts }: LintSubject): Iterable<RuleFinding> {
    const streams = new Set(graph.streams)
    for (const source of graph.sources) {
      if (streams.has(source)) continue
      const node = source.name
      const { begin } = source.config
      if (begin !== undefined && begin !== 'earliest')
        yield {
          node,
          field: 'begin',
          message: 'Rows that were written before are no part of the table: begin with the earliest record.',
        }
      for (const topic of topicsOf(plan, source)) {
        const keeps = deletedAfter(facts.topic(topic))
        if (keeps === undefined) continue
        const message = `"${topic}" is joined as a table, and deletes rows that have not changed for ${durationText(keeps)}: compact it instead.`
        yield { node, field: 'topic', message }
      }
    }
  },
}

/** After how many milliseconds records are deleted; undefined where they are not, or nobody knows. */
function deletedAfter(topic: TopicFacts | undefined): number | undefined {
  const { retention, cleanup } = topic ?? {}
  if (retention === undefined || retention === 'forever') return undefined
  return cleanup === undefined || cleanup.includes('delete') ? retention : undefined
}
