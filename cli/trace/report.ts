import type { Verdict } from '../../engine/component/lineage.ts'
import type { PlanNode, TopologyPlan } from '../../engine/topology/plan-types.ts'
import { shownJson } from '../terminal/stored-value.ts'
import { textTable } from '../terminal/text-table.ts'
import type { TracedLetter } from './letters.ts'
import type { TracedOutput } from './outputs.ts'
import type { TracedRow } from './rows.ts'
import type { Wanted } from './scan.ts'
import type { Step } from './steps.ts'

/** What a sink would do with the record, and what is there. */
export type SinkTrace =
  | { readonly node: string; readonly did: 'row'; readonly row: TracedRow }
  | { readonly node: string; readonly did: 'record'; readonly output: TracedOutput }
  | { readonly node: string; readonly did: 'dropped'; readonly reason: string }
  | { readonly node: string; readonly did: 'refused'; readonly error: string }

/** One record of the event, and what became of it. */
export interface TracedPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  /** As the topic keeps it, milliseconds since 1970. */
  readonly timestamp: number
  /** Null where the record did not come into the graph. */
  readonly eventTime: number | null
  /** Whether the topology has settled it: processed, dropped, parked or skipped. */
  readonly committed: boolean
  readonly letters: readonly TracedLetter[]
  /** What the topology makes of it now; null where it does not come into the graph. */
  readonly verdict: Verdict | null
  readonly steps: readonly Step[]
  readonly sinks: readonly SinkTrace[]
  readonly value?: unknown
}

/** What was searched of a partition. */
export interface Searched {
  readonly topic: string
  readonly partition: number
  readonly first: number
  readonly end: number
  /** Records before `first` that were deleted from the topic. */
  readonly gone: number
  /** Records that are there and were left out, before and behind. */
  readonly before: number
  readonly after: number
}

/** Where an event went. */
export interface Tracing {
  readonly topology: string
  readonly wanted: Wanted
  readonly positions: readonly TracedPosition[]
  /** Positions that were found and are not told. */
  readonly more: number
  readonly searched: {
    readonly records: number
    readonly undecodable: number
    /** Records of types that their source does not read. */
    readonly passedOver: number
    readonly ranges: readonly Searched[]
  }
}

/** The answer for people, from top to bottom. */
export function tracingLines(tracing: Tracing, plan: TopologyPlan): string[] {
  const { positions, more } = tracing
  const count = positions.length + more
  const found =
    count === 0 ? 'found nowhere' : `found at ${count === 1 ? 'one position' : `${count} positions`}`
  const lines = [`${wantedText(tracing.wanted)} in ${tracing.topology}: ${found}`]
  for (const position of positions) lines.push('', ...positionLines(position, plan))
  if (more > 0) lines.push('', `… and ${more} more: see --limit.`)
  return [...lines, '', ...noteLines(tracing, plan)]
}

function wantedText(wanted: Wanted): string {
  if (wanted.kind === 'position') return `${wanted.topic}/${wanted.partition}@${wanted.offset}`
  return wanted.kind === 'key' ? `key ${wanted.id}` : `${wanted.path} ${wanted.id}`
}

function positionLines(position: TracedPosition, plan: TopologyPlan): string[] {
  const { topic, partition, offset, key, timestamp, committed, letters } = position
  const time = new Date(timestamp).toISOString()
  const rows = nodeRows(position, plan)
  const lines = [
    `${topic}/${partition}@${offset}  ${time}  ${key === null ? 'no key' : `key ${key}`}`,
    committed
      ? '  settled and committed by the topology'
      : '  not committed by the topology yet: it is to come, or under way',
    ...letters.map((letter) => `  ${letterText(letter)}`),
  ]
  if ('value' in position) lines.push(`  value ${shownJson(position.value)}`)
  lines.push(
    '  run on it now:',
    ...textTable(['', '', ''], rows)
      .slice(1)
      .map((line) => `    ${line}`),
  )
  return lines
}

function letterText({
  position,
  state,
  asked,
  node,
  follower,
  code,
  message,
  attempts,
}: TracedLetter): string {
  const pending = asked === null ? '' : `, ${asked} asked for`
  const why = follower
    ? `it waits behind a record of its key that failed at ${node}`
    : `${node}, after ${attempts === 1 ? 'one attempt' : `${attempts} attempts`}: ${code}: ${message}`
  return `letter ${position}, ${state}${pending}: ${why}`
}

/** A row for each node that the record came to, in an order in which every node comes after those that feed it. */
function nodeRows(position: TracedPosition, plan: TopologyPlan): string[][] {
  const rows: string[][] = []
  const out = new Set<string>()
  const port = (node: string, output: string | undefined): string => `${node}\n${output ?? ''}`
  for (const name of plan.subTopologies.flatMap(({ nodes }) => nodes)) {
    const node = plan.nodes.get(name)!
    if (node.kind === 'source') {
      const topics = node.definition.topics(node.config, { topology: plan.name, node: name })
      if (!topics.includes(position.topic)) continue
      if (position.verdict !== null) out.add(port(name, undefined))
      rows.push([name, node.type, position.verdict === null ? notTaken : 'read'])
      continue
    }
    const steps = position.steps.filter((step) => step.node === name)
    for (const step of steps) {
      if (step.verdict === 'passed') out.add(port(name, undefined))
      if (step.verdict === 'sent') out.add(port(name, step.output))
    }
    if (!node.from.some((from) => out.has(port(from.node, from.output)))) continue
    const texts = node.kind === 'sink' ? sinkTexts(position, node) : steps.map(stepText)
    for (const [n, text] of texts.entries()) rows.push(n === 0 ? [name, node.type, text] : ['', '', text])
  }
  return rows
}

const notTaken =
  'not taken: its value or its time is refused (the topology would park, skip or halt, as it says)'

const idTexts: Readonly<Record<NonNullable<Step['id']>, string>> = {
  fresh: 'its id is not known here',
  replay: 'its id is known from this very position: this is the first record of it',
  duplicate: 'its id is known from another position',
  pending: 'its id is known from another position',
  conflict: 'its id is known from another position, with another body',
}

function stepText(step: Step): string {
  const value = 'value' in step ? `  ${shownJson(step.value)}` : ''
  const known = step.id === undefined ? '' : `: ${idTexts[step.id]}`
  if (step.verdict === 'passed') return `passed${known}${value}`
  if (step.verdict === 'sent') return `sent to its output ${step.output}${known}${value}`
  if (step.verdict === 'dropped') return `dropped (${step.reason})${known}`
  if (step.verdict === 'failed') return `failed: ${step.error}`
  return 'taken into its state; what it sends on is made of many records, and is not followed'
}

function sinkTexts(
  position: TracedPosition,
  { name, definition, config }: PlanNode & { kind: 'sink' },
): string[] {
  const texts = position.sinks.filter(({ node }) => node === name).map((trace) => sinkText(trace, position))
  if (texts.length > 0) return texts
  const writes = definition.table?.(config) ?? definition.topic?.(config)
  return [
    writes === undefined ? 'gets it; what it does leaves nothing that can be read' : 'does nothing with it',
  ]
}

function sinkText(trace: SinkTrace, position: TracedPosition): string {
  if (trace.did === 'dropped') return `dropped (${trace.reason})`
  if (trace.did === 'refused') return `refused: ${trace.error}`
  return trace.did === 'row' ? rowText(trace.row, position) : outputText(trace.output, position)
}

/** Why what a record makes is not there, where that is as it should be. */
function whyAbsent({ letters, committed }: TracedPosition): string {
  if (letters.some(({ state }) => state === 'open')) return ', since it is parked'
  if (letters.some(({ state }) => state === 'discarded')) return ', since it was discarded'
  return committed ? '' : ' yet'
}

function rowText({ table, key, state, different, problem }: TracedRow, position: TracedPosition): string {
  const row = `${table} ${shownJson(key)}`
  if (state === 'there') return `row is there: ${row}`
  if (state === 'missing') return `row is not there${whyAbsent(position)}: ${row}`
  if (state === 'unknown') return `row could not be read (${problem}): ${row}`
  return `row is there with other values of ${different.join(', ')}: ${row}`
}

function outputText({ topic, found, similar, topicExists }: TracedOutput, position: TracedPosition): string {
  if (!topicExists) return `there is no topic ${topic}`
  const places = (all: TracedOutput['found']): string =>
    all.map((one) => `${one.topic}/${one.partition}@${one.offset}`).join(', ')
  if (found.length > 0) return `record is there: ${places(found)}`
  if (similar.length > 0) return `of its key and time there is another value: ${places(similar)}`
  return `no record of its key, time and value is in ${topic}${whyAbsent(position)}`
}

function noteLines({ searched, wanted, positions }: Tracing, plan: TopologyPlan): string[] {
  const { ranges, records, undecodable, passedOver } = searched
  const partitions = ranges.length === 1 ? '1 partition' : `${ranges.length} partitions`
  const lines = [`searched: ${records === 1 ? '1 record' : `${records} records`} in ${partitions}`]
  const gone = ranges.filter(({ gone: deleted }) => deleted > 0)
  if (gone.length > 0)
    lines.push(
      `  deleted before: ${gone.map(({ topic, partition, gone: deleted }) => `${topic}/${partition} up to ${deleted}`).join(', ')}`,
    )
  const left = ranges.reduce((sum, { before, after }) => sum + before + after, 0)
  if (left > 0 && wanted.kind !== 'position')
    lines.push(`  left out: about ${left} records (--since, --until, --last)`)
  if (passedOver > 0) lines.push(`  ${passedOver} of them are of types that the source passes over`)
  if (undecodable > 0) lines.push(`  ${undecodable} of them do not decode, and may be the event too`)
  if (positions.length === 0) return lines
  const looksUp = [...plan.nodes.values()].some(
    (node) => node.kind === 'processor' && (node.definition.looksUp?.(node.config) ?? []).length > 0,
  )
  if (looksUp)
    lines.push('looked-up values are those of now: a row that has others was written with those of its time')
  return lines
}
