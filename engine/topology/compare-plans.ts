import type { PlanChange } from './change-kinds.ts'
import { compareSinks } from './compare-sinks.ts'
import { compareTables } from './compare-tables.ts'
import { durationText, quoted } from './lint-rule.ts'
import { sourceTopic, storesOf } from './plan-facts.ts'
import { numberSetting, PlanGraph, textSetting, topicsOf } from './plan-graph.ts'
import type { PlanNode, ProcessorNode, SourceNode, TopologyPlan } from './plan-types.ts'

/** How many partitions a topic is declared to have; undefined where nobody says. */
export type Partitions = (topic: string) => number | undefined

/** A plan, and what is declared of its topics. */
export interface PlanSide {
  readonly plan: TopologyPlan
  readonly partitions: Partitions
}

/** What a change of a topology does to its offsets, its state and what it writes. Pure. */
export function comparePlans(before: PlanSide, after: PlanSide): PlanChange[] {
  return [
    ...renamed(before.plan, after.plan),
    ...topics(before, after),
    ...state(before.plan, after.plan),
    ...sourceOrder(before.plan, after.plan),
    ...sources(before.plan, after.plan),
    ...compareTables(before.plan, after.plan),
    ...settings(before.plan, after.plan),
    ...compareSinks(before.plan, after.plan),
  ]
}

function* renamed(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
  if (before.name === after.name) return
  yield {
    code: 'MC001',
    field: 'name',
    message:
      `"${after.name}" is a new consumer group: it reads its topics from where they begin, knows no id and no state of ` +
      `"${before.name}", and does not see its parked records. Keep the name; or release the letters first, and set the ` +
      'offsets of the new group to those of the old one.',
  }
}

function* topics(before: PlanSide, after: PlanSide): Iterable<PlanChange> {
  const old = readers(before.plan)
  const now = readers(after.plan)
  for (const topic of old.keys()) {
    if (now.has(topic)) continue
    yield {
      code: 'MC007',
      field: 'sources',
      message:
        `"${topic}" is not read any more: records beyond its committed offset stay unread, and parked ones of it stay ` +
        'parked. Let the old topology run to the end first (run --until-end), and release or discard its letters.',
    }
  }
  for (const [topic, node] of now) {
    if (!old.has(topic)) {
      yield {
        code: 'MC008',
        node,
        field: 'topic',
        message: `"${topic}" is new to the group, which has no offset in it: it is read from where it begins. Set the offsets before the first start if that is not meant.`,
      }
    } else yield* partitionChange(topic, node, before.partitions(topic), after.partitions(topic))
  }
}

function* partitionChange(
  topic: string,
  node: string,
  before?: number,
  after?: number,
): Iterable<PlanChange> {
  if (before === undefined || after === undefined || before === after) return
  yield {
    code: 'MC015',
    node,
    field: 'topic',
    message:
      `"${topic}" has ${after} partitions instead of ${before}: keys change their partition, so that their order, their ids ` +
      'and their letters are left in the old one. Keep the number, or write a new topic and read that.',
  }
}

function readers(plan: TopologyPlan): Map<string, string> {
  return new Map(
    new PlanGraph(plan).sources.flatMap((source) =>
      topicsOf(plan, source).map((topic) => [topic, source.name] as const),
    ),
  )
}

interface Keeper {
  readonly store: string
  /** Which sub-topology it is in. */
  readonly sub: number
  readonly node: ProcessorNode
}

function keepers(plan: TopologyPlan): Keeper[] {
  return plan.subTopologies.flatMap((sub) =>
    sub.nodes.flatMap((name) => {
      const node = plan.nodes.get(name)
      if (node?.kind !== 'processor') return []
      return storesOf(plan, { ...sub, nodes: [name] }).map(({ name: store }) => ({
        store,
        sub: sub.number,
        node,
      }))
    }),
  )
}

function* state(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
  const old = keepers(before)
  const now = keepers(after)
  const gone = old.filter(({ store }) => !now.some((one) => one.store === store))
  for (const one of now) {
    const same = old.find(({ store }) => store === one.store)
    if (same !== undefined) {
      yield* stateChange(same.node, one.node)
      if (same.sub !== one.sub && before.name === after.name) yield renumbered(same, one)
      continue
    }
    const twin = gone.findIndex(({ node }) => node.type === one.node.type)
    if (twin < 0) yield fresh(one)
    else yield orphan(before.name, gone.splice(twin, 1)[0]!, one)
  }
  for (const { store } of gone) {
    yield {
      code: 'MC003',
      field: 'processors',
      message: `The state of "${store}" stays in ${before.name}.${store}.changelog, and nobody uses it. Should the node come back, it takes up what was true when it went.`,
    }
  }
}

function fresh({ store, node }: Keeper): PlanChange {
  const window = numberSetting(node, 'window')
  const whole = window === undefined ? '' : ` It is whole after ${durationText(window)}.`
  return {
    code: 'MC004',
    node: node.name,
    message: `"${store}" is new and begins empty: what was processed before is unknown to it, and a duplicate of that passes.${whole}`,
  }
}

function renumbered({ sub: was }: Keeper, { store, sub: is, node }: Keeper): PlanChange {
  return {
    code: 'MC017',
    node: node.name,
    message:
      `"${store}" is in part ${is} of the topology, and was in part ${was}: the embedded store keeps state by that number, so that ` +
      'there it begins empty (in a cluster it is kept). Leave the sources in their order, and add new ones behind them.',
  }
}

function orphan(topology: string, old: Keeper, now: Keeper): PlanChange {
  return {
    code: 'MC002',
    node: now.node.name,
    message:
      `"${now.store}" seems to be "${old.store}" under another name: state belongs to the name of its node, so that it begins ` +
      `empty and that of "${old.store}" is left in ${topology}.${old.store}.changelog. Keep the name "${old.store}".`,
  }
}

function* stateChange(before: PlanNode, after: PlanNode): Iterable<PlanChange> {
  const node = after.name
  if (before.type !== after.type) {
    const message = `"${node}" was a ${before.type}, whose state a ${after.type} cannot use. Give the new node a name of its own.`
    yield { code: 'MC005', node, field: 'type', message }
    return
  }
  const [oldBy, newBy] = [textSetting(before, 'by'), textSetting(after, 'by')]
  if (oldBy !== newBy) {
    yield {
      code: 'MC005',
      node,
      field: 'by',
      message:
        `"${node}" holds ids from "${oldBy}", and compares them with "${newBy}" now: no duplicate of what was processed before ` +
        'is seen. Give the node a new name, and expect duplicates for the length of the window.',
    }
  }
  const [long, short] = [numberSetting(before, 'window'), numberSetting(after, 'window')]
  if (long === undefined || short === undefined || long === short) return
  const message =
    short < long
      ? `The window of "${node}" is ${durationText(short)} instead of ${durationText(long)}: ids that are older are forgotten with the next commits. All younger ones are kept.`
      : `The window of "${node}" is ${durationText(short)} instead of ${durationText(long)}: what it holds is kept, and it reaches back no further than before until ${durationText(short)} have passed.`
  yield { code: 'MC006', node, field: 'window', message }
}

/** Stored ids hold the number of their source, counted within its part of the topology. */
function* sourceOrder(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
  const old = numbers(before)
  for (const sub of after.subTopologies) {
    if (storesOf(after, sub).length === 0) continue
    const moved = sub.sources.filter((name, number) => (old.get(topicOf(after, name)) ?? number) !== number)
    if (moved.length === 0) continue
    const message =
      `${quoted(moved)} ${moved.length === 1 ? 'has' : 'have'} another place among the sources, by which ids are known: what is ` +
      'read again once offsets were set back is dropped as a duplicate of itself. Leave sources in their order, and add new ones behind them.'
    yield { code: 'MC018', node: moved[0]!, message }
  }
}

function numbers(plan: TopologyPlan): Map<string, number> {
  return new Map(
    plan.subTopologies.flatMap((sub) => sub.sources.map((name, number) => [topicOf(plan, name), number])),
  )
}

/** What a source reads, be it a topic or not. */
function topicOf(plan: TopologyPlan, name: string): string {
  return sourceTopic(plan, name) ?? name
}

function* sources(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
  for (const source of new PlanGraph(after).sources) {
    const old = before.nodes.get(source.name)
    if (old?.kind !== 'source') continue
    yield* clockChange(old, source)
    const [was = 'earliest', is = 'earliest'] = [old.config.begin, source.config.begin]
    if (was === is) continue
    const message = `\`begin\` of "${source.name}" counts where nothing is committed: partitions that were read already go on at their offsets. To begin there anew, set the offsets (millrace offsets set).`
    yield { code: 'MC019', node: source.name, field: 'begin', message }
  }
}

function* clockChange(before: SourceNode, after: SourceNode): Iterable<PlanChange> {
  const [was, is] = [before, after].map((one) => one.definition.eventTime?.(one.config))
  if (was === is) return
  const clock = (path: string | undefined): string =>
    path === undefined ? 'the time of the record' : `"${path}"`
  const message = `The event time is ${clock(is)} instead of ${clock(was)}: windows that are open mix both, and rows written again get another bucket and cell timestamp. Let all letters and retries end first.`
  yield { code: 'MC014', node: after.name, field: 'timestamp', message }
}

function* settings(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
  if (before.delivery !== after.delivery) {
    const message =
      after.delivery === 'exactly-once'
        ? 'What topic sinks write is committed with its records from now on: readers must read committed records only (read_committed), or see what is given up. State and offsets are kept.'
        : 'What topic sinks write may be written again after a crash from now on: readers have to know duplicates. State and offsets are kept.'
    yield { code: 'MC009', field: 'delivery', message }
  }
  if (before.errors.then !== after.errors.then) {
    const kept =
      before.errors.then === 'park'
        ? ' What is parked stays parked, and later records of its keys wait behind it: release or discard it first.'
        : ''
    const message = `Records that fail: ${after.errors.then} instead of ${before.errors.then}.${kept}`
    yield { code: 'MC010', field: 'errors', message }
  }
}
