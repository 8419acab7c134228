import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import { targetOffsets, type OffsetTarget } from './target.ts'
import type { Positions } from '../positions/positions.ts'
import { textTable } from '../terminal/text-table.ts'

/** What is to become of one partition of a group. */
export interface OffsetChange extends TopicPartition {
  readonly committed: number | null
  readonly to: number
  /** Offsets that are passed over (positive), or read again (negative); by the first offset where nothing was committed. */
  readonly by: number
  /** True if settled ranges beyond the committed offset are forgotten, whose records then come again. */
  readonly forgetsRanges: boolean
}

/** What differs from what is committed. */
export async function changesTo(
  positions: Positions,
  group: string,
  partitions: readonly TopicPartition[],
  target: OffsetTarget,
): Promise<OffsetChange[]> {
  const [bounds, committed] = await Promise.all([
    positions.bounds(partitions),
    positions.committed(group, partitions),
  ])
  const offsets = await targetOffsets(positions, partitions, bounds, target)
  return partitions.flatMap((place, index): OffsetChange[] => {
    const to = offsets[index]
    const at = committed[index]
    const forgetsRanges = (at?.metadata ?? '') !== ''
    if (to === undefined || (to === at?.offset && !forgetsRanges)) return []
    const by = to - (at?.offset ?? bounds[index]!.first)
    return [{ ...place, committed: at?.offset ?? null, to, by, forgetsRanges }]
  })
}

/** The changes for people. */
export function changeLines(changes: readonly OffsetChange[], width: number | undefined): string[] {
  const rows = changes.map(({ topic, partition, committed, to, by, forgetsRanges }) => {
    const what = by > 0 ? `passes over ${by}` : by < 0 ? `reads ${-by} again` : 'same place'
    const ranges = forgetsRanges ? ', forgets what is settled beyond' : ''
    return [topic, String(partition), committed === null ? '-' : String(committed), String(to), what + ranges]
  })
  return textTable(['topic', 'partition', 'committed', 'to', 'which'], rows, width)
}

/** What moving means for a topology that keeps state: sentences. Empty where it does not matter. */
export function stateWarnings(changes: readonly OffsetChange[], stores: readonly string[]): string[] {
  if (stores.length === 0) return []
  const names = stores.join(', ')
  return [
    ...(changes.some(({ by, forgetsRanges }) => by < 0 || forgetsRanges)
      ? [
          `The state of ${names} stays as it is: what is read again goes to the sinks again, and a duplicate of what its window has forgotten passes as new.`,
        ]
      : []),
    ...(changes.some(({ by }) => by > 0)
      ? [
          `The state of ${names} never gets to know what is passed over: it is lost for the sinks, and a later duplicate of it passes as new.`,
        ]
      : []),
  ]
}
