import type { TopicFacts } from '../facts.ts'
import type { LintRule, LintSubject, RuleFinding } from '../lint-rule.ts'
import { durationText } from '../lint-rule.ts'
import { storesOf } from '../plan-facts.ts'
import { topicsOf } from '../plan-graph.ts'

/** ML028 */
export const keptTopics: LintRule = {
  code: 'ML028',
  title: 'A topic of its own that forgets',
  severity: 'error',
  explanation:
    'A topology keeps its parked records in `NAME.TOPIC.parked` and the ids of a `dedupe` in `NAME.NODE.changelog`: both ' +
    'without time limit, since a letter waits until somebody releases it, and the worker itself deletes what its state no ' +
    'longer needs. The parked topic has a partition for each of its source, so that a key finds its letters. Here the ' +
    'catalogue says otherwise of one of them.',
  remedy: 'Take the topic out of `schemas/catalogue.yaml`: `millrace topics plan` knows what it has to be.',
  example: {
    topology: `name: audit
sources: { events: { type: topic, topic: audit-events, format: json } }
sinks: { users: { type: table, from: events, table: audit_by_user } }`,
    facts: { topics: { 'audit.audit-events.parked': { retention: 604_800_000 } } },
  },
  *check({ plan, facts, graph }: LintSubject): Iterable<RuleFinding> {
    for (const source of graph.sources) {
      for (const topic of topicsOf(plan, source)) {
        const name = `${plan.name}.${topic}.parked`
        const declared = facts.topic(name)
        const wanted = facts.topic(topic)?.partitions
        const wrong = declared === undefined ? undefined : (fault(declared) ?? tooFew(declared, wanted))
        if (wrong !== undefined) yield { node: source.name, field: 'topic', message: sentence(name, wrong) }
      }
    }
    for (const sub of plan.subTopologies) {
      for (const store of storesOf(plan, sub)) {
        const name = `${plan.name}.${store.name}.changelog`
        const declared = facts.topic(name)
        const wrong = declared === undefined || store.kind !== 'ids' ? undefined : fault(declared)
        if (wrong !== undefined) yield { node: store.name, message: sentence(name, wrong) }
      }
    }
  },
}

function fault({ retention, cleanup }: TopicFacts): string | undefined {
  if (cleanup?.includes('compact') === true) return `is compacted (cleanup: ${cleanup}), which drops records`
  if (retention === undefined || retention === 'forever') return undefined
  return `keeps records for ${durationText(retention)} only`
}

function tooFew({ partitions }: TopicFacts, wanted: number | undefined): string | undefined {
  if (partitions === undefined || wanted === undefined || partitions === wanted) return undefined
  return `has ${partitions} partitions and its source ${wanted}`
}

function sentence(name: string, wrong: string): string {
  return `In the catalogue the topic "${name}" ${wrong}.`
}
