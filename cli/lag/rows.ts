import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'
import type { Intervals } from '../../engine/runtime/intervals.ts'
import { openKeys } from '../letters/parked.ts'
import { partitionsUpTo, type Bounds, type Positions } from '../positions/positions.ts'

/** How far a group is in one partition. */
export interface LagRow {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** The next offset to be processed; null where nothing was committed yet. */
  readonly committed: number | null
  /** The first offset there is. */
  readonly first: number
  /** The next offset to be written; in Kafka the last stable one, which an open transaction holds back. */
  readonly end: number
  /** Records that wait: from the first that is not settled to the end, without those that are settled already. */
  readonly lag: number
  /** How long the oldest of them has been waiting, by its own timestamp; 0 where none is. */
  readonly seconds: number
  /** Records beyond the committed offset that are settled already. */
  readonly settled: number
  /** Parked records of this partition that are neither released nor discarded. */
  readonly letters: number
  /** Why `settled` cannot be told: the metadata is another program's, or of a newer version. */
  readonly foreign?: string
}

/** How far a group is in these topics, a row for each partition. */
export async function lagRows(
  positions: Positions,
  group: string,
  topics: readonly string[],
  now: number,
): Promise<LagRow[]> {
  const places = (
    await Promise.all(
      topics.map(async (topic) => partitionsUpTo(topic, (await positions.partitionsOf(topic)) ?? 0)),
    )
  ).flat()
  const [bounds, committed, letters, { decodeMetadata }] = await Promise.all([
    positions.bounds(places),
    positions.committed(group, places),
    lettersOf(positions, group, topics),
    import('../../engine/runtime/commit-metadata.ts'),
  ])
  return Promise.all(
    places.map(async (place, index): Promise<LagRow> => {
      const at = committed[index]
      const ranges = settledRanges(at, decodeMetadata)
      const waiting = await waitingIn(positions, place, bounds[index]!, at, ranges.settled, now)
      return {
        group,
        ...place,
        committed: at?.offset ?? null,
        ...bounds[index]!,
        ...waiting,
        letters: letters.get(`${place.topic}/${place.partition}`) ?? 0,
        ...(ranges.foreign !== undefined && { foreign: ranges.foreign }),
      }
    }),
  )
}

interface Ranges {
  readonly settled: Intervals | undefined
  readonly foreign?: string
}

function settledRanges(
  at: CommittedPosition | undefined,
  decode: (frontier: number, metadata: string) => Intervals,
): Ranges {
  if (at === undefined || at.metadata === '') return { settled: undefined }
  try {
    return { settled: decode(at.offset, at.metadata) }
  } catch (error) {
    return { settled: undefined, foreign: (error as Error).message }
  }
}

/**
 * Markers of transactions and what compaction took leave gaps: they are nothing that waits. The first record tells where
 * waiting begins, and how long it has lasted.
 */
async function waitingIn(
  { log }: Positions,
  place: TopicPartition,
  { first, end }: Bounds,
  at: CommittedPosition | undefined,
  settled: Intervals | undefined,
  now: number,
): Promise<Pick<LagRow, 'lag' | 'seconds' | 'settled'>> {
  const ahead = settled === undefined ? 0 : settledWithin(settled, end)
  const from = Math.max(at?.offset ?? first, first)
  const none = { lag: 0, seconds: 0, settled: ahead }
  if (from >= end) return none
  for (let next = from; next < end;) {
    const { records, next: after } = await log.fetch(place, next, 100)
    for (let row = 0; row < records.count; row++) {
      const offset = records.offsets[row]!
      if (offset >= end) return none
      if (settled?.has(offset) === true) continue
      const lag = Math.max(
        0,
        end - offset - (settled === undefined ? 0 : settledWithin(settled, end, offset)),
      )
      return { lag, seconds: Math.max(0, (now - records.timestamps[row]!) / 1000), settled: ahead }
    }
    if (after <= next) return none
    next = after
  }
  return none
}

function settledWithin(settled: Intervals, end: number, from = 0): number {
  return settled
    .pairs()
    .reduce((sum, [start, stop]) => sum + Math.max(0, Math.min(stop, end) - Math.max(start, from)), 0)
}

/** Open letters by `topic/partition`. */
async function lettersOf(
  positions: Positions,
  group: string,
  topics: readonly string[],
): Promise<Map<string, number>> {
  const { parkedTopic } = await import('../../engine/runtime/letters.ts')
  const counts = new Map<string, number>()
  for (const topic of topics) {
    const name = parkedTopic(group, topic)
    const partitions = (await positions.partitionsOf(name)) ?? 0
    const places = partitionsUpTo(name, partitions)
    const [bounds, committed] = await Promise.all([
      positions.bounds(places),
      positions.committed(group, places),
    ])
    if (!places.some((_, index) => (committed[index]?.offset ?? 0) < bounds[index]!.end)) continue
    for (const key of await openKeys(positions, { name, group, topic, partitions })) {
      const place = `${topic}/${key.partition}`
      counts.set(place, (counts.get(place) ?? 0) + key.letters.length)
    }
  }
  return counts
}
