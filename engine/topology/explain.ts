import { durationText, quoted } from './lint-rule.ts'
import { isForPeople, numberSetting, PlanGraph, textSetting, topicsOf } from './plan-graph.ts'
import type { ProcessorNode, SinkNode, TopologyPlan } from './plan-types.ts'
import { effects } from './explain-effects.ts'
import { otherTypes } from './explain-types.ts'
import { keepsOrder, owing } from './explain-owing.ts'
import { endLines, endsOf, type EndToEnd } from './explain-ends.ts'
import {
  weakensAnswer,
  weakensDedupe,
  weakensDelivery,
  weakensOrder,
  weakensParking,
} from './explain-weakens.ts'
import type { Statement } from './statement.ts'

/** What a topology guarantees end to end, by which step, and under which condition. */
export function explainPlan(plan: TopologyPlan): Statement[] {
  const graph = new PlanGraph(plan)
  return [
    delivery(plan, graph),
    ...order(plan, graph),
    ...graph.ofType('dedupe').map((node) => deduplication(plan, graph, node)),
    ...graph.sinks.flatMap((sink) => effects(plan, graph, sink)),
    ...graph.processors
      .filter(({ definition }) => definition.commitsFirst === true)
      .flatMap((node) => owing(plan, node)),
    ...failures(plan),
    ...graph.sources.flatMap(otherTypes),
    ...graph.ofType('enrich').map(enrichment),
    ...graph.processors.flatMap(tables),
    ...graph.processors.flatMap(merging),
    ...[...graph.processors, ...graph.sinks].flatMap(ownCode),
    ...unread(graph),
    ...together(plan, graph),
  ]
}

/** What holds from each source to each sink. */
export function explainEnds(plan: TopologyPlan): EndToEnd[] {
  return endsOf(plan, new PlanGraph(plan))
}

/** The statements as lines: what holds from end to end, what holds in each step, and what does not. */
export function explainText(plan: TopologyPlan): string {
  const statements = explainPlan(plan)
  const ends = endLines(explainEnds(plan))
  return [
    ...(ends.length === 0 ? [] : ['End to end', '', ...ends, '']),
    `What ${plan.name} guarantees`,
    '',
    ...blocks(statements.filter(({ holds }) => holds)),
    '',
    `What ${plan.name} does not guarantee`,
    '',
    ...blocks(statements.filter(({ holds }) => !holds)),
  ].join('\n')
}

/** What is said of several nodes stands once. */
function blocks(statements: readonly Statement[]): string[] {
  const alike = Map.groupBy(statements, ({ says }) => says)
  return [...alike].flatMap(([says, group]) => {
    const once = (sentences: readonly (string | undefined)[], word: string): string[] =>
      [...new Set(sentences)].flatMap((one) => (one === undefined ? [] : [`    ${word.padEnd(9)} ${one}`]))
    return [
      `  ${[...new Set(group.map(({ about }) => about))].join(', ')}: ${says}`,
      ...once(
        group.map(({ because }) => because),
        'because',
      ),
      ...once(
        group.map(({ provided }) => provided),
        'provided',
      ),
      ...once(
        group.flatMap(({ weaker = [] }) => weaker),
        'weaker',
      ),
    ]
  })
}

function delivery(plan: TopologyPlan, graph: PlanGraph): Statement {
  const keeps = graph.processors.some(({ definition }) => definition.commitsFirst === true)
  return {
    holds: true,
    about: plan.name,
    says: 'No record is lost: each is delivered at least once, also through crashes and rebalances.',
    because: `An offset is committed only when all that came of its record is acknowledged, dropped on purpose, ${keeps ? 'parked, or in the state of that commit' : 'or parked'}.`,
    provided: 'The topics keep their records until they are read, and nobody moves the offsets by hand.',
    weaker: weakensDelivery(plan, graph),
  }
}

function order(plan: TopologyPlan, graph: PlanGraph): Statement[] {
  const broken = plan.errors.then === 'skip'
  // What a node sends because its state owes it has an order of its own, which that node speaks of.
  const kept = graph.sinks.filter((sink) => keepsOrder(graph, sink))
  if (kept.length === 0) return []
  const where = kept.length === graph.sinks.length ? 'each sink' : quoted(kept.map(({ name }) => name))
  return [
    {
      holds: true,
      about: plan.name,
      says: `Records of one key come to ${where} in the order of ${quoted(graph.streams.flatMap((source) => [...topicsOf(plan, source)]))}.`,
      because: broken
        ? 'A record that is tried again holds up its key; a record that is skipped leaves a hole.'
        : 'A record that is tried again holds up its key, and one that is parked takes its followers with it.',
      provided:
        'Producers give the records that belong together the same key. Between keys there is no order; a redelivery repeats records.',
      weaker: weakensOrder(plan, graph),
    },
  ]
}

function deduplication(plan: TopologyPlan, graph: PlanGraph, node: ProcessorNode): Statement {
  const by = textSetting(node, 'by') ?? 'id'
  const window = durationText(numberSetting(node, 'window') ?? 0)
  const timed = graph
    .sourcesOf(node)
    .every((source) => source.definition.eventTime?.(source.config) !== undefined)
  return {
    holds: true,
    about: node.name,
    says: `Of the records with one ${by}, the first goes on, and no other within ${window} of ${timed ? 'event time' : 'record time'}.`,
    because:
      'The id is stored with the position of its record, in the commit that covers it: what is read again after a crash is a replay, not a duplicate.',
    provided: `One ${by} always has the same key (ids are known per partition), and no producer repeats it later than ${window}.`,
    weaker: weakensDedupe(graph, node),
  }
}

function failures(plan: TopologyPlan): Statement[] {
  const { name, errors } = plan
  const { then, breaker, answerWithin, flood } = errors
  const tries = triesText(errors)
  const ends = {
    park: {
      holds: true,
      says: `A record that fails is parked after ${tries}, with all that follow it in its key, in their order, until someone releases or discards them.`,
      because: 'The letter is written in the commit that settles the record (millrace dlq list).',
      weaker: weakensParking(plan),
    },
    skip: {
      holds: false,
      says: `Failed records are kept: after ${tries} they are skipped and lost.`,
      because: 'The topology says errors: { then: skip }.',
    },
    halt: {
      holds: true,
      says: `A record that fails stops the worker after ${tries}; the committed offset of its partition stays before it.`,
      because: 'The topology says errors: { then: halt }.',
    },
  } as const
  return [
    { about: name, ...ends[then] },
    {
      holds: true,
      about: name,
      says: 'What is behind the worker may be away for as long as it takes: nothing is parked, skipped or lost for that.',
      because: `After ${breaker.after} downstream errors in a row the partitions that feed the node pause, and one record at a time tries it, without end.`,
      provided: `Whoever asks it says that it is away. A call that says nothing for ${durationText(answerWithin)} has failed: for the record in a processor, for want of what it writes to in a sink.`,
    },
    ...(then === 'park' ? [parkingLimits(name, errors)] : []),
    {
      holds: true,
      about: name,
      says: `A flood of failures stops the task: more than ${Math.round(flood.share * 100)} % of the last ${flood.of} records.`,
      because: 'The failures are counted per task.',
    },
  ]
}

function triesText({ attempts, within, backoff }: TopologyPlan['errors']): string {
  const times = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`
  const limit = within === undefined ? '' : ` or ${durationText(within)}`
  return `${times}${limit}, with waits of ${durationText(backoff.first)} to ${durationText(backoff.longest)}`
}

function parkingLimits(about: string, { parking }: TopologyPlan['errors']): Statement {
  const { keys, letters, bytes } = parking
  return {
    holds: true,
    about,
    says: `A partition halts, and drops nothing, when ${keys} keys, ${letters} letters of one key or letters of ${bytes} bytes are parked.`,
    because: 'Nothing more is taken from it until letters are released or discarded; other partitions go on.',
  }
}

function enrichment(node: ProcessorNode): Statement {
  const { otherwise, as } = node.config
  const fails = otherwise === 'fail'
  const answer = otherwise === 'pass' ? 'null' : 'the declared value'
  return {
    holds: fails,
    about: node.name,
    says: fails
      ? `No record goes on without an answer of the table "${textSetting(node, 'table')}".`
      : `A looked-up "${String(as)}" in every record: where the lookup fails or is late, it is ${answer}.`,
    because: `The setting otherwise is ${typeof otherwise === 'string' ? otherwise : 'a value'}.`,
    ...(fails && { weaker: weakensAnswer(node) }),
  }
}

/** What a node that joins tables may rely on. */
function tables(node: ProcessorNode): Statement[] {
  return node.from.flatMap(({ node: source, table }): Statement[] => {
    if (table === undefined) return []
    const global = table === 'global'
    return [
      {
        holds: true,
        about: node.name,
        says:
          `No row of "${source}" is older than what was written when the ${global ? 'worker began' : 'partition was given to the worker'}, ` +
          'nor than what an earlier life joined.',
        because: 'The table is read to its end before the first record comes in.',
        provided: global
          ? 'The topic keeps the last record of each key. A row that cannot be read is told in the log, and the one before it counts.'
          : 'The topic keeps the last record of each key until it is read, and both topics have the same keys in the same partitions.',
      },
      {
        holds: false,
        about: node.name,
        says: `The row is that of the record’s own time.`,
        because:
          'It is the one that the table has when the record comes: a record that comes again may find a newer one.',
      },
    ]
  })
}

/** What a node that merges its sources by event time keeps, and what not. */
function merging(node: ProcessorNode): Statement[] {
  const merged = node.definition.merges?.(node.config)
  if (merged === undefined) return []
  const sources = quoted(node.from.map((from) => from.node))
  const wait = durationText(merged.waitMs)
  return [
    {
      holds: true,
      about: node.name,
      says: `The records of ${sources} go on in the order of their event times, partition by partition.`,
      because: `A record waits for each other partition until that has a later one to show, or has been at its end for ${wait}.`,
      provided:
        'The times of each partition ascend. Behind this node the order holds within a key; a released letter goes on at once.',
    },
    {
      holds: false,
      about: node.name,
      says: `A record that comes in more than ${wait} after its partition had come to its end is in order.`,
      because: 'Nobody waits for it any longer: it goes on behind later ones, and is counted.',
    },
  ]
}

/** Code of the project's own: nobody but its author knows what it does. */
function ownCode(node: ProcessorNode | SinkNode): Statement[] {
  const called =
    node.kind === 'processor' ? Object.values(node.definition.functions?.(node.config) ?? {}) : []
  const files = [...(node.type.includes('/') ? [node.type] : []), ...called].filter(
    (file) => file !== undefined,
  )
  return files.map((file) => ({
    holds: false,
    about: node.name,
    says:
      node.kind === 'sink'
        ? 'That what it is given is stored: its code says so.'
        : 'The same result where a record comes in again: its code decides.',
    because: `${file} is code of this project.`,
    provided:
      node.kind === 'sink'
        ? 'It answers only when a record is durable, and is idempotent where it says so.'
        : 'It answers the same for the same record, and has no effects of its own.',
  }))
}

function unread(graph: PlanGraph): Statement[] {
  return graph.processors.flatMap((node) =>
    (node.definition.outputs?.(node.config) ?? [])
      .filter((output) => graph.readers(node.name, output).length === 0)
      .map((output) => ({
        holds: false,
        about: node.name,
        says: `Records of its output "${output}" are kept: they are dropped and counted.`,
        because: `No node reads "${node.name}.${output}".`,
      })),
  )
}

function together(plan: TopologyPlan, graph: PlanGraph): Statement[] {
  if (graph.sinks.filter((sink) => !isForPeople(sink)).length < 2) return []
  return [
    {
      holds: false,
      about: plan.name,
      says: 'All sinks at one moment: a reader may find a record in one of them and not yet in another.',
      because: 'Each sink writes on its own; the record is settled when all have acknowledged it.',
    },
  ]
}
