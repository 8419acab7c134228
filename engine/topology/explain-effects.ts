import { durationText, quoted } from './lint-rule.ts'
import { weakensExactly, weakensOnce, weakensSame } from './explain-weakens.ts'
import { isDedupe, isForPeople, type PlanGraph, tablesOf, textSetting } from './plan-graph.ts'
import type { PlanNode, SinkNode, TopologyPlan } from './plan-types.ts'
import type { Statement } from './statement.ts'

/** What becomes of records at a sink, how often. */
export function effects(plan: TopologyPlan, graph: PlanGraph, sink: SinkNode): Statement[] {
  const commit = durationText(plan.commitInterval)
  const dedupe = [...graph.upstream(sink)].find(isDedupe)
  const isRaw = graph.undeduped(sink).length + graph.asideOf(sink).length > 0
  const unique = !isRaw && dedupe !== undefined
  if (isForPeople(sink)) return []
  if (plan.delivery === 'exactly-once' && sink.type === 'topic')
    return [inTheCommit(sink), unique ? onceEach(sink, dedupe) : duplicates(graph, sink)]
  if (!sink.definition.idempotent) {
    const repeats: Statement = {
      holds: false,
      about: sink.name,
      says: `Exactly once: after a crash, what was written since the last commit (${commit}) is written again.`,
      because: `Writing to ${targetOf(sink)} twice leaves two records.`,
      provided: 'Whoever reads it can tell repeats by an id of the record.',
    }
    return unique
      ? [onceEach(sink, dedupe, 'but for those repeats'), repeats]
      : [repeats, duplicates(graph, sink)]
  }
  return [
    {
      holds: true,
      about: sink.name,
      says: 'Writing a record again leaves the same result: replays do no harm, so that each record takes effect once.',
      because: `What is written to ${targetOf(sink)} is made of the record alone, ${stampOf(sink)}.`,
      ...(graph.upstream(sink).some(({ type }) => type === 'enrich')
        ? { provided: 'Looked-up values stand outside the key: a replay may bring newer ones.' }
        : {}),
      weaker: weakensSame(graph, sink),
    },
    ...(unique ? [onceEach(sink, dedupe)] : [duplicates(graph, sink)]),
  ]
}

function inTheCommit(sink: SinkNode): Statement {
  return {
    holds: true,
    about: sink.name,
    says: 'Exactly once: what a record becomes is written once, whatever crashes.',
    because: `What is written to ${targetOf(sink)} is in one transaction with state and offsets.`,
    provided: 'Whoever reads it reads committed records only (isolation.level: read_committed).',
    weaker: weakensExactly(sink),
  }
}

function stampOf(sink: SinkNode): string {
  const sequence = textSetting(sink, 'sequence')
  return sequence === undefined ? 'with its own time as timestamp' : `and the highest ${sequence} stays`
}

function onceEach(sink: SinkNode, dedupe: PlanNode, but?: string): Statement {
  const by = textSetting(dedupe, 'by') ?? 'id'
  return {
    holds: true,
    about: sink.name,
    says: `One ${by} has one effect${but === undefined ? '' : `, ${but}`}.`,
    because: `Every way to ${sink.name} leads through "${dedupe.name}".`,
    provided: `What is said of ${dedupe.name}.`,
    weaker: weakensOnce(sink, dedupe),
  }
}

function duplicates(graph: PlanGraph, sink: SinkNode): Statement {
  const sources = graph.undeduped(sink)
  const aside = graph.asideOf(sink).map(({ name }) => name)
  return {
    holds: false,
    about: sink.name,
    says: 'Duplicates that a producer sent are not known here.',
    because:
      sources.length === 0
        ? `What comes from a side output of ${quoted(aside)} is what was not let through.`
        : `No dedupe stands on the way from ${quoted(sources.map(({ name }) => name))}.`,
    ...(sink.definition.idempotent
      ? { provided: 'Duplicates that are equal in every field make the same row.' }
      : {}),
  }
}

function targetOf(sink: SinkNode): string {
  const target = tablesOf(sink)[0] ?? sink.definition.topic?.(sink.config)
  return target === undefined ? `the ${sink.type} sink` : `"${target}"`
}
