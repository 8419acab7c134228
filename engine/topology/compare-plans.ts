import { durationText, quoted, type Severity } from './lint-rule.ts'
import { storesOf } from './plan-facts.ts'
import { numberSetting, PlanGraph, tablesOf, textSetting, topicsOf } from './plan-graph.ts'
import type { PlanNode, ProcessorNode, TopologyPlan } from './plan-types.ts'

/** What may change, by its code. Codes are stable. */
export const changeKinds = {
  MC001: { severity: 'error', title: 'The topology has another name' },
  MC002: { severity: 'error', title: 'State stays behind under another name' },
  MC003: { severity: 'warning', title: 'State that nobody uses any more' },
  MC004: { severity: 'warning', title: 'State that begins empty' },
  MC005: { severity: 'error', title: 'State that does not fit any more' },
  MC006: { severity: 'info', title: 'A window of another length' },
  MC007: { severity: 'warning', title: 'A topic that is not read any more' },
  MC008: { severity: 'info', title: 'A topic that is read from its beginning' },
  MC009: { severity: 'warning', title: 'Another promise of delivery' },
  MC010: { severity: 'info', title: 'Another fate of failed records' },
  MC011: { severity: 'info', title: 'A sink that has nothing of what was before' },
  MC012: { severity: 'info', title: 'A sink that is written no more' },
  MC013: { severity: 'warning', title: 'Rows or records in other places' },
  MC014: { severity: 'warning', title: 'Another clock' },
  MC015: { severity: 'error', title: 'Another number of partitions' },
  MC016: { severity: 'info', title: 'A topology that is new' },
  MC017: { severity: 'error', title: 'State under another number' },
} as const satisfies Readonly<Record<string, { readonly severity: Severity; readonly title: string }>>

export type ChangeCode = keyof typeof changeKinds

/** One thing that a change does. */
export interface PlanChange {
  readonly code: ChangeCode
  /** The node of the new plan that it is about; undefined = the topology. */
  readonly node?: string
  readonly field?: string
  /** What is lost or kept, and what to do. */
  readonly message: string
}

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
    ...clocks(before.plan, after.plan),
    ...settings(before.plan, after.plan),
    ...sinks(before.plan, after.plan),
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

function* clocks(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
  for (const source of new PlanGraph(after).sources) {
    const old = before.nodes.get(source.name)
    if (old?.kind !== 'source') continue
    const [was, is] = [old, source].map((one) => one.definition.eventTime?.(one.config))
    if (was === is) continue
    const clock = (path: string | undefined): string =>
      path === undefined ? 'the time of the record' : `"${path}"`
    const message = `The event time is ${clock(is)} instead of ${clock(was)}: windows that are open mix both, and rows written again get another bucket and cell timestamp. Let all letters and retries end first.`
    yield { code: 'MC014', node: source.name, field: 'timestamp', message }
  }
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

function* sinks(before: TopologyPlan, after: TopologyPlan): Iterable<PlanChange> {
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
      if (JSON.stringify(old.config[field]) === JSON.stringify(sink.config[field])) continue
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
  retention: 'rows that were written before keep the end that they were given.',
} as const satisfies Readonly<Record<string, string>>
