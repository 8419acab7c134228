import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import { permanentError } from '../../engine/errors.ts'
import { globalTables, sourceTopic, tableSources } from '../../engine/topology/plan-facts.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { partitionsUpTo, type Bounds, type Positions } from '../positions/positions.ts'
import type { Limit, ReplaySpec } from './request.ts'

/** What of a partition a replay reads; found when it begins, and kept. */
export interface PartitionBound extends TopicPartition {
  readonly start: number
  readonly end: number
  /** Milliseconds since 1970: only records of that time or later, and before that one. */
  readonly since?: number
  readonly until?: number
  /** It is read as a table, whole: what is looked up is not of the time that is replayed. */
  readonly table?: true
}

/** Records that retention has deleted, some of which may be of the time that is asked for. */
export interface GoneRecords extends TopicPartition {
  readonly records: number
  /** The time of the first one that is there, milliseconds since 1970; undefined where there is none. */
  readonly firstTime: number | undefined
}

/** What a replay is to read. */
export interface FoundBounds {
  readonly bounds: readonly PartitionBound[]
  readonly gone: readonly GoneRecords[]
}

/**
 * Finds what a replay reads: of each partition the offsets from the first record of its time up to where the partition ends
 * now. Timestamps need not ascend, so that a record of the time may lie behind later ones: only `late` ends it sooner.
 *
 * @throws REPLAY_REFUSED (permanent) for sources that read no topic, and places that are not in a partition
 * @throws TOPIC_UNKNOWN (permanent) where a topic does not exist
 */
export async function findBounds(
  plan: TopologyPlan,
  positions: Positions,
  spec: ReplaySpec,
): Promise<FoundBounds> {
  const { driving, tables } = topicsOf(plan)
  const read = await partitionsOf(driving, positions)
  const asTables = await partitionsOf(tables, positions)
  const bounds = await positions.bounds(read)
  checkPlaces(spec, read, bounds)
  const starts = await startsOf(read, bounds, positions, spec)
  const ends = await endsOf(read, bounds, positions, spec)
  const since = spec.from.kind === 'time' ? { since: spec.from.time } : {}
  const until = spec.to.kind === 'time' ? { until: spec.to.time } : {}
  const found = read.map((place, n): PartitionBound => {
    const end = ends[n]!
    return { ...place, start: Math.min(starts[n]!, end), end, ...since, ...until }
  })
  const whole = (await positions.bounds(asTables)).map(({ first, end }, n): PartitionBound => {
    return { ...asTables[n]!, start: first, end, table: true }
  })
  return { bounds: [...found, ...whole], gone: await goneOf(read, bounds, positions, spec) }
}

/** The topics that drive a topology, and those that it reads as tables by partition. Its own topics are neither. */
function topicsOf(plan: TopologyPlan): {
  readonly driving: readonly string[]
  readonly tables: readonly string[]
} {
  const own = new Set(plan.ownTopics.map(({ source }) => source))
  const globals = new Set(globalTables(plan))
  const tables = new Set(plan.subTopologies.flatMap((sub) => tableSources(plan, sub)))
  const sources = [...plan.nodes.values()].filter(({ kind }) => kind === 'source')
  const bare = sources.find(({ type }) => type !== 'topic')
  if (bare !== undefined)
    throw permanentError(
      'REPLAY_REFUSED',
      `Source ${bare.name} (${bare.type}) reads no topic, so that there is nothing to replay: millrace reset has it read all again.`,
    )
  const read = sources.filter(({ name }) => !own.has(name) && !globals.has(name))
  const topics = (isTable: boolean): string[] =>
    read.flatMap(({ name }) => (tables.has(name) === isTable ? [sourceTopic(plan, name)!] : []))
  return { driving: topics(false), tables: topics(true) }
}

async function partitionsOf(topics: readonly string[], positions: Positions): Promise<TopicPartition[]> {
  const all = topics.map(async (topic) => {
    const count = await positions.partitionsOf(topic)
    if (count !== undefined) return partitionsUpTo(topic, count)
    throw permanentError(
      'TOPIC_UNKNOWN',
      `There is no topic ${topic} in ${positions.where}: nothing can be replayed from it.`,
    )
  })
  return (await Promise.all(all)).flat()
}

/** Where places are named, a partition that is not takes no part. */
async function startsOf(
  read: readonly TopicPartition[],
  bounds: readonly Bounds[],
  positions: Positions,
  { from, to }: ReplaySpec,
): Promise<number[]> {
  const found = from.kind === 'time' ? await positions.at(read, from.time) : []
  return read.map((place, n) => {
    const { first, end } = bounds[n]!
    if (from.kind === 'time') return found[n] ?? end
    const named = offsetIn(from, place)
    if (named !== undefined) return named
    return takesPart(from, to, place) ? first : end
  })
}

async function endsOf(
  read: readonly TopicPartition[],
  bounds: readonly Bounds[],
  positions: Positions,
  { from, to, late }: ReplaySpec,
): Promise<number[]> {
  const found = to.kind === 'time' && late !== undefined ? await positions.at(read, to.time + late) : []
  return read.map((place, n) => {
    const { end } = bounds[n]!
    if (!takesPart(from, to, place)) return end
    return offsetIn(to, place) ?? found[n] ?? end
  })
}

function takesPart(from: Limit, to: Limit, place: TopicPartition): boolean {
  if (from.kind !== 'places' && to.kind !== 'places') return true
  return offsetIn(from, place) !== undefined || offsetIn(to, place) !== undefined
}

function offsetIn(limit: Limit, { topic, partition }: TopicPartition): number | undefined {
  if (limit.kind !== 'places') return undefined
  return limit.places.find((one) => one.topic === topic && one.partition === partition)?.offset
}

function checkPlaces(
  { from, to }: ReplaySpec,
  read: readonly TopicPartition[],
  bounds: readonly Bounds[],
): void {
  for (const [flag, limit] of [
    ['--from', from],
    ['--to', to],
  ] as const) {
    if (limit.kind !== 'places') continue
    for (const { topic, partition, offset } of limit.places) {
      const n = read.findIndex((one) => one.topic === topic && one.partition === partition)
      const given = `${flag} ${topic}/${partition}:${offset}`
      const topics = [...new Set(read.map((one) => one.topic))].join(', ')
      if (n < 0)
        throw permanentError(
          'REPLAY_REFUSED',
          `${given} is no partition that is replayed: they are of ${topics}.`,
        )
      const { first, end } = bounds[n]!
      if (offset >= first && offset <= end) continue
      throw permanentError(
        'REPLAY_REFUSED',
        `${given} is not in the partition, which holds ${first} to ${end}.`,
      )
    }
  }
}

/** A record that was deleted may have been of the time, unless one that is there is from before it. */
async function goneOf(
  read: readonly TopicPartition[],
  bounds: readonly Bounds[],
  positions: Positions,
  { from, to }: ReplaySpec,
): Promise<GoneRecords[]> {
  const gone: GoneRecords[] = []
  for (const [n, place] of read.entries()) {
    const { first, end } = bounds[n]!
    if (first === 0 || from.kind === 'places' || !takesPart(from, to, place)) continue
    const firstTime =
      first < end ? (await positions.log.fetch(place, first, 1)).records.timestamps[0] : undefined
    if (from.kind === 'time' && firstTime !== undefined && firstTime < from.time) continue
    gone.push({ ...place, records: first, firstTime })
  }
  return gone
}

/**
 * Refuses a replay of a time from which records are gone.
 *
 * @throws REPLAY_REFUSED (permanent)
 */
export function refuseGone(gone: readonly GoneRecords[], { from, fromTexts }: ReplaySpec): void {
  if (gone.length === 0 || from.kind !== 'time') return
  throw permanentError(
    'REPLAY_REFUSED',
    `Not all since ${fromTexts[0]!} is there any more: ${goneText(gone)}. Begin later, or add --allow-gone to replay what is left.`,
  )
}

/** `orders/0 has lost its first 1200 records, and begins at 2026-10-02T…`; at most three of them. */
export function goneText(gone: readonly GoneRecords[]): string {
  const shown = gone.slice(0, 3).map(({ topic, partition, records, firstTime }) => {
    const begins = firstTime === undefined ? 'is empty now' : `begins at ${new Date(firstTime).toISOString()}`
    return `${topic}/${partition} has lost its first ${records} records and ${begins}`
  })
  const more = gone.length > 3 ? [`${gone.length - 3} more partitions have lost some`] : []
  return [...shown, ...more].join(', ')
}

/**
 * What is kept against what is there now.
 *
 * @throws REPLAY_REFUSED (permanent) where a topic is not the one that the replay began with
 */
export async function checkKept(kept: readonly PartitionBound[], positions: Positions): Promise<void> {
  const topics = [...new Set(kept.map(({ topic }) => topic))]
  await partitionsOf(topics, positions)
  const now = await positions.bounds(kept)
  const n = kept.findIndex(({ end }, index) => end > now[index]!.end)
  if (n < 0) return
  const { topic, partition, end } = kept[n]!
  throw permanentError(
    'REPLAY_REFUSED',
    `The replay goes up to offset ${end} of ${topic}/${partition}, which ends at ${now[n]!.end}: the topic was made anew. ` +
      'Remove the replay (millrace replay remove), and begin again.',
  )
}
