import { durationText, quoted } from './lint-rule.ts'
import {
  isDedupe,
  isForPeople,
  numberSetting,
  type PlanGraph,
  tablesOf,
  textSetting,
  topicsOf,
} from './plan-graph.ts'
import type { PlanNode, SinkNode, SourceNode, TopologyPlan } from './plan-types.ts'

/** What holds on the ways from a source to a sink, as a whole. */
export interface EndToEnd {
  /** The source and the sink. */
  readonly from: string
  readonly to: string
  /** For people: the topics, and what is written. */
  readonly ends: string
  /** What becomes of a record there, how often. */
  readonly effects: string
  /** In which order. */
  readonly order: string
  /** What becomes of one that fails. */
  readonly failing: string
  /** The nodes on the ways, each with what it does for that; those that only work on values are left out. */
  readonly by: readonly string[]
  /** The weakest point of it. */
  readonly weakest: string
}

/** Every source with every sink that its records come to, but for sinks that are only looked at. */
export function endsOf(plan: TopologyPlan, graph: PlanGraph): EndToEnd[] {
  return graph.sinks
    .filter((sink) => !isForPeople(sink))
    .flatMap((sink) => graph.sourcesOf(sink).map((source) => endOf(plan, graph, source, sink)))
}

function endOf(plan: TopologyPlan, graph: PlanGraph, source: SourceNode, sink: SinkNode): EndToEnd {
  const way = graph.upstream(sink).filter((node) => node === source || graph.upstream(node).includes(source))
  const isRaw = graph.undeduped(sink).includes(source) || graph.asideOf(sink).length > 0
  const dedupe = isRaw ? undefined : way.find(isDedupe)
  const settled = way.find((node) => node.kind === 'processor' && node.definition.commitsFirst === true)
  return {
    from: source.name,
    to: sink.name,
    ends: `${topicsOf(plan, source).join(', ')} → ${targetOf(sink)}`,
    effects: effectsOf(plan, sink, dedupe, settled),
    order: settled === undefined ? orderOf(plan, sink) : `of a key as "${settled.name}" sends it`,
    failing: {
      park: 'parked, with what follows in its key',
      skip: 'skipped, and lost',
      halt: 'stops the worker',
    }[plan.errors.then],
    by: [...way.toReversed().flatMap(doneBy), ...sinkDoes(plan, sink)],
    weakest: weakestOf(plan, { way, sink, source, dedupe }),
  }
}

function effectsOf(
  plan: TopologyPlan,
  sink: SinkNode,
  dedupe: PlanNode | undefined,
  settled: PlanNode | undefined,
): string {
  const id =
    dedupe === undefined
      ? undefined
      : `of each ${textSetting(dedupe, 'by')} within ${durationText(numberSetting(dedupe, 'window') ?? 0)}`
  const exact = plan.delivery === 'exactly-once' && sink.type === 'topic'
  if (settled !== undefined)
    return `what "${settled.name}" makes of ${id === undefined ? 'all records' : `the first ${id}`}, ${exact ? 'once' : 'at least once'}`
  if (exact || sink.definition.idempotent)
    return id === undefined ? 'one for each record, also for one that a producer repeats' : `one ${id}`
  return `at least one ${id ?? 'for each record'}, and again after a crash`
}

function orderOf(plan: TopologyPlan, sink: SinkNode): string {
  if (sink.type === 'topic' && sink.config.key !== undefined) return 'of the old key; under the new one none'
  return plan.errors.then === 'skip' ? 'of a key, with holes' : 'of a key'
}

function doneBy(node: PlanNode): string[] {
  if (node.kind === 'source') return [`${node.name}: offsets are committed when all is done`]
  if (isDedupe(node)) return [`${node.name}: knows ids`]
  if (node.type === 'validate') return [`${node.name}: refuses what breaks a rule`]
  if (node.type === 'enrich')
    return [`${node.name}: ${node.config.otherwise === 'fail' ? 'waits for' : 'asks for'} a row`]
  if (node.kind === 'processor' && node.definition.commitsFirst === true)
    return [`${node.name}: its state and the offsets are one commit`]
  return []
}

function sinkDoes(plan: TopologyPlan, sink: SinkNode): string[] {
  if (sink.definition.idempotent) return [`${sink.name}: writes the same again`]
  if (plan.delivery === 'exactly-once' && sink.type === 'topic') return [`${sink.name}: writes in the commit`]
  return [`${sink.name}: answers when it is stored`]
}

interface Way {
  readonly way: readonly PlanNode[]
  readonly sink: SinkNode
  readonly source: SourceNode
  readonly dedupe: PlanNode | undefined
}

/** What breaks first: something that is lost, then something that is doubled, then something that is missing. */
function weakestOf(plan: TopologyPlan, { way, sink, source, dedupe }: Way): string {
  if (plan.errors.then === 'skip') return 'a record that fails is lost (errors: { then: skip })'
  const passed = String(source.config.outOfRange)
  if (passed === 'earliest' || passed === 'latest')
    return `${source.name} passes over what retention deleted (outOfRange: ${passed})`
  const exact = plan.delivery === 'exactly-once' && sink.type === 'topic'
  if (!exact && !sink.definition.idempotent)
    return `${sink.name} appends: a crash repeats up to ${durationText(plan.commitInterval)}`
  if (dedupe === undefined)
    return `no dedupe on the way from ${quoted([source.name])}: a producer's repeats pass`
  const passing = way.find(({ type, config }) => type === 'enrich' && config.otherwise !== 'fail')
  if (passing !== undefined) return `${passing.name} lets a record pass without a row`
  return `a repeat that comes later than the window of "${dedupe.name}"`
}

function targetOf(sink: SinkNode): string {
  return tablesOf(sink)[0] ?? sink.definition.topic?.(sink.config) ?? sink.name
}

/** The ends as lines; those that are alike stand together. */
export function endLines(ends: readonly EndToEnd[]): string[] {
  const alike = Map.groupBy(ends, ({ from, effects, order, failing, weakest }) =>
    JSON.stringify([from, effects, order, failing, weakest]),
  )
  return [...alike.values()].flatMap((group) => {
    const [{ from, effects, order, failing, weakest }] = group as [EndToEnd]
    return [
      `  ${from} to ${group.map(({ to }) => to).join(', ')}`,
      ...group.map(({ ends: what }) => `    way       ${what}`),
      `    effects   ${effects}`,
      `    order     ${order}`,
      `    failing   ${failing}`,
      `    by        ${[...new Set(group.flatMap(({ by }) => by))].join('; ')}`,
      `    weakest   ${weakest}`,
    ]
  })
}
