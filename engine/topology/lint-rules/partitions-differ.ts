import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { topicsOf } from '../plan-graph.ts'

/** ML016 */
export const partitionsDiffer: LintRule = {
  code: 'ML016',
  title: 'Topics that do not fit together',
  severity: 'error',
  explanation:
    'Sources of one sub-topology are read pairwise: partition 3 of the one with partition 3 of the other, in one task. With ' +
    'different numbers of partitions, records of one key come to different tasks.',
  remedy: 'Give the topics the same number of partitions, or handle them in topologies of their own.',
  example: {
    topology: `name: audit
sources:
  web: { type: topic, topic: audit-web, format: json }
  shop: { type: topic, topic: audit-shop, format: json }
sinks: { users: { type: table, from: [web, shop], table: audit_by_user } }`,
    facts: { topics: { 'audit-web': { partitions: 6 }, 'audit-shop': { partitions: 12 } } },
  },
  *check({ plan, facts, graph }: LintSubject): Iterable<RuleFinding> {
    for (const { sources } of plan.subTopologies) {
      const topics = graph.sources
        .filter(({ name }) => sources.includes(name))
        .flatMap((source) => topicsOf(plan, source).map((topic) => ({ source, topic })))
        .map((one) => ({ ...one, partitions: facts.topic(one.topic)?.partitions }))
        .filter(({ partitions }) => partitions !== undefined)
      const [first] = topics
      const other = topics.find(({ partitions }) => partitions !== first?.partitions)
      if (first === undefined || other === undefined) continue
      const message = `"${other.topic}" has ${other.partitions} partitions and "${first.topic}" has ${first.partitions}: they are read together and need the same number.`
      yield { node: other.source.name, field: 'topic', message }
    }
  },
}
