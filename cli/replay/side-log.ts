import type { Clock } from '../../engine/component/contracts/clock.ts'
import type { Log } from '../../engine/component/contracts/log.ts'
import type { SourceReader } from '../../engine/component/contracts/reader.ts'
import type { BoundedCounts } from '../../engine/runtime/bounded-reader.ts'
import type { BoundOf, ReadBound } from '../../engine/runtime/read-bounds.ts'
import type { Membership } from '../../engine/runtime/worker-options.ts'
import type { PartitionBound } from './bounds.ts'

/** How the members of a replay read. */
export interface SideReading {
  readonly bounds: readonly PartitionBound[]
  /** Records a second; undefined = as fast as they come. */
  readonly rate: number | undefined
  readonly clock: Clock
  readonly counts: BoundedCounts
}

/** Makes memberships that read what a replay reads, and nothing else. */
export async function sideMemberships({
  bounds,
  rate,
  clock,
  counts,
}: SideReading): Promise<(membership: Membership) => Membership> {
  const [{ BoundedReader }, { Pace, PacedReader }] = await Promise.all([
    import('../../engine/runtime/bounded-reader.ts'),
    import('../../engine/runtime/paced-reader.ts'),
  ])
  const boundOf = boundsByPlace(bounds)
  const pace = rate === undefined ? undefined : new Pace(rate, clock)
  const wrap = (reader: SourceReader): SourceReader => {
    const bounded = new BoundedReader(reader, boundOf, counts)
    return pace === undefined ? bounded : new PacedReader(bounded, pace)
  }
  return (membership) => ({
    backend: membership.backend,
    log: readBy(membership.log, wrap),
    close: () => membership.close(),
  })
}

/** The bounds of partitions, by their places. */
export function boundsByPlace(bounds: readonly PartitionBound[]): BoundOf {
  const byPlace = new Map<string, ReadBound>()
  for (const { topic, partition, start, end, since, until } of bounds)
    byPlace.set(`${topic}/${partition}`, {
      start,
      end,
      since: since ?? Number.NEGATIVE_INFINITY,
      until: until ?? Number.POSITIVE_INFINITY,
    })
  return ({ topic, partition }) => byPlace.get(`${topic}/${partition}`)
}

/** The same log, whose readers are wrapped: a reader that is answered twice by the same wrapper, as sources may share one. */
function readBy(log: Log, wrap: (reader: SourceReader) => SourceReader): Log {
  const wrapped = new Map<SourceReader, SourceReader>()
  return {
    ensureTopic: (topic, options) => log.ensureTopic(topic, options),
    partitionsOf: (topic) => log.partitionsOf(topic),
    async read(group, topics, policy) {
      const reader = await log.read(group, topics, policy)
      const known = wrapped.get(reader) ?? wrap(reader)
      wrapped.set(reader, known)
      return known
    },
    append: (records) => log.append(records),
    write: (batch, options) => log.write(batch, options),
    fetch: (partition, offset, limit) => log.fetch(partition, offset, limit),
    bounds: (partition) => log.bounds(partition),
    committed: (group, partition) => log.committed(group, partition),
    trim: (before) => log.trim?.(before) ?? Promise.resolve(),
  }
}
