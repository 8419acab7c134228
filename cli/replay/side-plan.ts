import { nearest } from '../../engine/config/suggest.ts'
import type { NodeConfig, TopologyReading } from '../../engine/config/topology-config.ts'
import { permanentError, type MillraceError } from '../../engine/errors.ts'
import { planReading } from '../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { Redirect } from './request.ts'

/** The consumer group of a replay, and the beginning of the names of all that it keeps. */
export function sideGroup(topology: string, name: string): string {
  return `${topology}.replay.${name}`
}

/** What a sink writes, live and in a replay. */
export interface SideSink {
  readonly node: string
  readonly kind: 'table' | 'topic'
  readonly live: string
  /** The same where it writes the live one. */
  readonly side: string
  /** What a sink of tables says of its rows; undefined for others. */
  readonly mode: string | undefined
}

/** A topology beside itself. */
export interface SidePlan {
  readonly plan: TopologyPlan
  readonly sinks: readonly SideSink[]
}

/**
 * The topology under another name, with sinks that write elsewhere. Sinks that take no part are left out, with all that
 * nothing reads then.
 *
 * @throws CONFIG_INVALID, PLAN_INVALID as every reading of the file does
 * @throws REPLAY_REFUSED (permanent) for names that it does not have, and where a sink would write the live table or topic
 */
export function sidePlan(reading: TopologyReading, group: string, redirect: Redirect): SidePlan {
  const { config } = reading
  if (config === undefined || reading.problems.length > 0) return { plan: planReading(reading), sinks: [] }
  const all = config.nodes.filter(({ kind }) => kind === 'sink').map(({ name }) => name)
  for (const name of redirect.only ?? [])
    if (!all.includes(name)) throw unknownName('--only', name, 'sink', all)
  const kept = config.nodes.filter(
    (node) => node.kind !== 'sink' || redirect.only?.includes(node.name) !== false,
  )
  const sinks = kept.flatMap((node) => sinkTargets(node, redirect))
  refuseUnknown(sinks, redirect)
  const nodes = withoutUnread(kept).map((node) => redirected(node, sinks))
  const plan = planReading({ ...reading, outline: nodes, config: { ...config, name: group, nodes } })
  return { plan, sinks }
}

/** What of a topology is left where only some sinks take part. */
function withoutUnread(nodes: readonly NodeConfig[]): NodeConfig[] {
  for (let left = [...nodes]; ;) {
    const read = new Set(left.flatMap(({ from }) => from.map(({ node }) => node)))
    const next = left.filter(({ kind, name }) => kind === 'sink' || read.has(name))
    if (next.length === left.length) return next
    left = next
  }
}

function sinkTargets(node: NodeConfig, { tables, suffix, topics }: Redirect): SideSink[] {
  if (node.kind !== 'sink') return []
  const { definition, config, name } = node
  const main = definition.table?.(config)
  const all = definition.tables?.(config) ?? (main === undefined ? [] : [main])
  const mode = typeof config['mode'] === 'string' ? config['mode'] : undefined
  const topic = definition.topic?.(config)
  return [
    ...[...new Set(all)].map((live) => {
      const side = tables[live] ?? (suffix === undefined ? live : live + suffix)
      return { node: name, kind: 'table' as const, live, side, mode }
    }),
    ...(topic === undefined
      ? []
      : [{ node: name, kind: 'topic' as const, live: topic, side: topics[topic] ?? topic, mode: undefined }]),
  ]
}

function refuseUnknown(sinks: readonly SideSink[], { tables, topics }: Redirect): void {
  for (const [kind, given] of [
    ['table', tables],
    ['topic', topics],
  ] as const) {
    const known = sinks.filter((sink) => sink.kind === kind).map(({ live }) => live)
    for (const name of Object.keys(given))
      if (!known.includes(name)) throw unknownName(`--${kind}`, name, kind, known)
  }
}

function unknownName(flag: string, name: string, kind: string, known: readonly string[]): MillraceError {
  const near = nearest(name, known)
  const there = known.length === 0 ? `it has no ${kind} that takes part.` : `there are ${known.join(', ')}.`
  const hint = near === undefined ? there : `did you mean ${near}?`
  const what = kind === 'sink' ? `no sink ${name}` : `no sink that writes the ${kind} ${name}`
  return permanentError('REPLAY_REFUSED', `${flag} ${name}: the topology has ${what}: ${hint}`)
}

/** A node of the side topology. Sources begin where they are told, and go on where the topic does when records are deleted. */
function redirected(node: NodeConfig, sinks: readonly SideSink[]): NodeConfig {
  if (node.kind === 'source' && node.type === 'topic')
    return { ...node, config: { ...node.config, begin: 'earliest', outOfRange: 'earliest' } }
  const own = sinks.filter((sink) => sink.node === node.name && sink.side !== sink.live)
  if (node.kind !== 'sink' || own.length === 0) return node
  const config = renamed(node.config, own) as Readonly<Record<string, unknown>>
  const { definition } = node
  const main = definition.table?.(config)
  const now = [...(definition.tables?.(config) ?? [main]), definition.topic?.(config)]
  const missed = own.find(({ live }) => now.includes(live))
  if (missed === undefined) return { ...node, config }
  throw permanentError(
    'REPLAY_REFUSED',
    `Sink ${node.name} does not take its ${missed.kind} from a field "${missed.kind}", so that it cannot be sent elsewhere: ` +
      'leave it out with --only.',
  )
}

/** The settings, with the names of tables and topics replaced wherever a field of that name has them. */
function renamed(value: unknown, sinks: readonly SideSink[]): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, sinks))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => {
      const sink = sinks.find(({ kind, live }) => kind === field && live === inner)
      return [field, sink === undefined ? renamed(inner, sinks) : sink.side]
    }),
  )
}

/**
 * Refuses what would change live tables and topics without having been asked for, with what would happen; and what cannot be
 * undone even then.
 *
 * @throws REPLAY_REFUSED (permanent)
 */
export function refuseLive({ plan, sinks }: SidePlan, { live }: Redirect): void {
  const touched = sinks.filter((sink) => sink.live === sink.side)
  const once = plan.delivery === 'exactly-once' ? touched.find(({ kind }) => kind === 'topic') : undefined
  if (once !== undefined)
    throw permanentError(
      'REPLAY_REFUSED',
      `Sink ${once.node} writes the topic ${once.live} exactly once, and a replay would write all of it again: ` +
        `send it elsewhere with --topic ${once.live}=${once.live}-replayed, or leave it out with --only.`,
    )
  if (touched.length === 0 || live) return
  const would = touched.map(
    (sink) => `${sink.node} writes the ${sink.kind} ${sink.live} (${whatWouldHappen(sink)})`,
  )
  const examples = touched.map(({ kind, live: name }) =>
    kind === 'table' ? `--table ${name}=${name}_v2` : `--topic ${name}=${name}-replayed`,
  )
  throw permanentError(
    'REPLAY_REFUSED',
    `This would write where the live topology writes: ${would.join('; ')}. Send it elsewhere (${[...new Set(examples)].join(' ')}), ` +
      'leave it out with --only, or say --into live.',
  )
}

function whatWouldHappen({ kind, mode }: SideSink): string {
  if (kind === 'topic') return 'its readers would get every record once more'
  if (mode === 'insert')
    return 'rows that come out as before stay as they are; a value that comes out otherwise has the same write timestamp as the one that is there, and may lose against it'
  if (mode === 'latest')
    return 'a row of the replay replaces a live one where its sequence is as high or higher, as that of a sum over a part of the records may be'
  return 'rows of the replay may replace live ones'
}

/** What is worth a word before it begins: sentences. */
export function sideWarnings({ plan, sinks }: SidePlan): string[] {
  const moved = new Map(
    sinks.flatMap(({ kind, live, side }) => (kind === 'table' && live !== side ? [[live, side]] : [])),
  )
  return [...plan.nodes.values()].flatMap((node) => {
    const table = node.kind === 'processor' ? node.definition.table?.(node.config) : undefined
    const side = table === undefined ? undefined : moved.get(table)
    return side === undefined
      ? []
      : [`Node ${node.name} looks rows up in the live table ${table!}, and not in ${side}.`]
  })
}
