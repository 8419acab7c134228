import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { quoted } from '../lint-rule.ts'
import { topicsOf } from '../plan-graph.ts'

/** ML024 */
export const topicReadTwice: LintRule = {
  code: 'ML024',
  title: 'A topic that is read twice',
  severity: 'error',
  explanation:
    'A topology is one consumer group, which keeps one position for each partition. Two sources of one topic would move ' +
    'the same position, and lose records of each other.',
  remedy: 'Let both nodes read from one source, or write two topologies.',
  example: {
    topology: `name: audit
sources:
  a: { type: topic, topic: audit-events, format: json }
  b: { type: topic, topic: audit-events, format: json }
sinks:
  users: { type: table, from: a, table: audit_by_user }
  stores: { type: table, from: b, table: audit_by_store }`,
  },
  *check({ plan, graph }: LintSubject): Iterable<RuleFinding> {
    const readers = new Map<string, string[]>()
    for (const source of graph.sources) {
      for (const topic of topicsOf(plan, source))
        readers.set(topic, [...(readers.get(topic) ?? []), source.name])
    }
    for (const [topic, names] of readers) {
      if (names.length < 2) continue
      yield {
        node: names.at(-1)!,
        field: 'topic',
        message: `The topic "${topic}" is read by ${quoted(names)}, which share one position.`,
      }
    }
  },
}
