import { durationText, quoted } from './lint-rule.ts'
import { numberSetting, type PlanGraph, recordSetting, textSetting } from './plan-graph.ts'
import type { PlanNode, ProcessorNode, SinkNode, SourceNode, TopologyPlan } from './plan-types.ts'

// What would make each guarantee weaker, or does so now: one sentence each. What the topology already says comes first.

/** "No record is lost". */
export function weakensDelivery(plan: TopologyPlan, graph: PlanGraph): string[] {
  const topics = graph.sources.filter(({ type }) => type === 'topic')
  const skipping = plan.errors.then === 'skip'
  return [
    ...(skipping ? ['errors: { then: skip }, as it is here: a record that fails is lost.'] : []),
    ...topics.flatMap(beginsLater),
    ...outOfRange(topics),
    'Retention of a topic that is shorter than the longest time that no worker runs.',
    ...(topics.length === 0
      ? []
      : ['Producers that do not wait for all replicas (acks=1), or a topic with min.insync.replicas=1.']),
    ...(skipping ? [] : ['errors: { then: skip }: a record that fails would be lost.']),
    ...(plan.foreignMetadata === 'ignore'
      ? [
          'commit: { foreignMetadata: ignore }, as it is here: what was settled beyond the offset is done again, not lost.',
        ]
      : []),
  ]
}

function beginsLater(source: SourceNode): string[] {
  const { begin = 'earliest' } = source.config
  if (begin === 'earliest' || begin === 'none') return []
  const text = typeof begin === 'number' ? new Date(begin).toISOString() : String(begin)
  return [
    `begin: ${text}, as "${source.name}" has it: what was written before the first start is passed over.`,
  ]
}

function outOfRange(sources: readonly SourceNode[]): string[] {
  const said = sources.filter((source) => ['earliest', 'latest'].includes(String(source.config.outOfRange)))
  const now = said.map(
    (source) =>
      `outOfRange: ${String(source.config.outOfRange)}, as "${source.name}" has it: what retention deleted before it was read is passed over, and told in the log alone.`,
  )
  if (said.length === sources.length) return now
  return [
    ...now,
    'outOfRange: earliest or latest (it is fail): the worker would pass over what retention has deleted, instead of stopping.',
  ]
}

/** "Records of one key come in order". */
export function weakensOrder(plan: TopologyPlan, graph: PlanGraph): string[] {
  const rekeyed = graph.sinks.filter((sink) => sink.type === 'topic' && sink.config.key !== undefined)
  return [
    ...(plan.errors.then === 'skip'
      ? ['errors: { then: skip }, as it is here: what follows a record that fails goes on without it.']
      : []),
    ...rekeyed.map(
      (sink) =>
        `key, as "${sink.name}" has it: records of one new key that come from different keys have no order among them.`,
    ),
    'A producer that writes without keys, with other keys, or with another partitioner: its records of one thing are in several partitions.',
    'More partitions of a topic: a key may then have records in two of them (a topology with state refuses to go on).',
    'A producer without idempotence (enable.idempotence=false): its own retries may change the order before records are here.',
  ]
}

/** "The first of one id goes on, and no other". */
export function weakensDedupe(graph: PlanGraph, node: ProcessorNode): string[] {
  const by = textSetting(node, 'by') ?? 'id'
  const window = durationText(numberSetting(node, 'window') ?? 0)
  const topics = graph.sourcesOf(node)
  return [
    ...unguardedTime(graph, node),
    ...(topics.length > 1
      ? [
          `One ${by} in several of ${quoted(topics.map(({ name }) => name))} under different keys: they may be in partitions of different numbers, which do not know each other.`,
        ]
      : []),
    `A window shorter than the longest time after which a producer sends again: its delivery time-out, the age of its spool, how far a relay goes back (it is ${window}).`,
    `A producer that gives the same ${by} another key, or more partitions of the topic: twins in two partitions do not meet.`,
    `A new name for "${node.name}" or for the topology, millrace reset, or a changelog that is deleted: all ids are forgotten.`,
    'errors: { then: skip }: the id of a record that is skipped is free again, and a later twin takes its place.',
  ]
}

/** Event times of the far future end the window of everything before them, where nobody refuses them. */
function unguardedTime(graph: PlanGraph, node: ProcessorNode): string[] {
  const fields = new Set(
    graph.sourcesOf(node).flatMap((source) => source.definition.eventTime?.(source.config) ?? []),
  )
  const guarded = [...graph.upstream(node)]
    .filter(({ type }) => type === 'validate')
    .flatMap((one) => Object.entries(recordSetting(one, 'fields')))
    .filter(([, rules]) => (rules as { readonly notAfter?: unknown } | undefined)?.notAfter !== undefined)
    .map(([name]) => name)
  return [...fields]
    .filter((field) => !guarded.includes(field))
    .map(
      (field) =>
        `A ${field} in the far future: stream time goes there, and the ids before it are forgotten early (validate with notAfter stands in the way; nothing does here).`,
    )
}

/** "Writing again leaves the same result". */
export function weakensSame(graph: PlanGraph, sink: SinkNode): string[] {
  if (sink.type !== 'table') return []
  const retention = numberSetting(sink, 'retention')
  const looked = [...graph.upstream(sink)].filter(({ type }) => type === 'enrich').map(({ name }) => name)
  return [
    ...(looked.length > 0
      ? [
          `A value that ${quoted(looked)} looked up, in the key of the table: a replay would write another row.`,
        ]
      : []),
    ...(textSetting(sink, 'mode') === 'latest' ? latestRows(sink) : insertedRows(sink)),
    ...(retention === undefined
      ? ['default_time_to_live of the table: a row that is replayed would live longer than the first time.']
      : [
          `A retention shorter than what a replay goes back (it is ${durationText(retention)}): older records leave no row, and are counted as dropped.`,
        ]),
    'Another program that writes the same rows: the later timestamp stays.',
  ]
}

function latestRows(sink: SinkNode): string[] {
  const sequence = textSetting(sink, 'sequence') ?? 'sequence'
  return [
    `A ${sequence} that does not grow with each change of its key, or begins anew: an older state stays.`,
    'A time to live in the table: of a row that changes seldom the newest state would expire.',
    'gc_grace_seconds shorter than what a replay goes back: what was deleted comes back.',
  ]
}

function insertedRows(sink: SinkNode): string[] {
  return sink.config.hash === undefined
    ? ['Two bodies with the same key of the table (hash is not set): the cells of both are mixed in one row.']
    : ['A field that differs between replays in hash: each replay would be a row of its own.']
}

/** "Exactly once" at a topic. */
export function weakensExactly(sink: SinkNode): string[] {
  const topic = sink.definition.topic?.(sink.config) ?? sink.name
  return [
    `A reader of "${topic}" with isolation.level: read_uncommitted: it sees what is aborted.`,
    'delivery: at-least-once: what was written since the last commit would be there again after a crash.',
    `min.insync.replicas=1 of "${topic}": a committed record may go with its broker.`,
  ]
}

/** "One id has one effect". */
export function weakensOnce(sink: SinkNode, dedupe: PlanNode): string[] {
  return [`A second way to "${sink.name}" that does not lead through "${dedupe.name}".`]
}

/** "A record that fails is parked with all that follow it". */
export function weakensParking(plan: TopologyPlan): string[] {
  return [
    'Retention on the parked topic: letters would be deleted before somebody saw to them (millrace topics apply sets none).',
    'Records without key: they have no followers, and park alone.',
    `Fewer attempts (they are ${plan.errors.attempts}) park what would have gone through a little later.`,
    'millrace dlq discard gives a record up; millrace reset --discard-letters gives up all of them.',
  ]
}

/** "Its state is that of a beginning of the partition". */
export function weakensState(node: ProcessorNode): string[] {
  return [
    `A new name for "${node.name}" or for the topology, millrace reset, or a changelog that is deleted: it begins empty.`,
    'More partitions of the topic: the state of a key is in the partition that it was in (the worker refuses to start).',
    'A filter or a validation behind it instead of before it: what it has counted stays counted.',
  ]
}

/** "No record goes on without an answer". */
export function weakensAnswer(node: ProcessorNode): string[] {
  return [
    `otherwise: pass or a value (it is fail): a record would go on without a row of "${textSetting(node, 'table')}".`,
  ]
}
