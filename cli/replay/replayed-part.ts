import { permanentError } from '../../engine/errors.ts'
import { planReading } from '../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import type { Log } from '../../engine/component/contracts/log.ts'
import type { PackedRecords } from '../../engine/component/packed-records.ts'
import type { TopologyReading } from '../../engine/config/topology-config.ts'
import type { Project } from '../project/project.ts'
import type { PartitionRange } from '../reconcile/reader.ts'
import { readKept } from './kept.ts'
import { boundsByPlace } from './side-log.ts'
import { sideGroup, sidePlan } from './side-plan.ts'

/** What a replay has read, for whoever reads it again. */
export interface ReplayedPart {
  /** The topology as the replay runs it: its group, its sinks. */
  readonly plan: TopologyPlan
  readonly ranges: readonly PartitionRange[]
  /** Answers records of its time alone. */
  readonly fetch: Log['fetch']
  /** True where the replay reads this one record. */
  readonly includes: (one: PackedRecords) => boolean
}

/** @throws GROUP_UNKNOWN (permanent) where there is no such replay */
export async function replayedPart(
  project: Pick<Project, 'log'>,
  reading: TopologyReading,
  name: string,
): Promise<ReplayedPart> {
  const { log } = project
  const { name: topology } = planReading(reading)
  const group = sideGroup(topology, name)
  const kept = await readKept(log, group)
  if (kept === undefined)
    throw permanentError(
      'GROUP_UNKNOWN',
      `There is no replay ${name} of ${topology}: see millrace replay list.`,
    )
  const [{ recordsWithin }, { sliceRecords }] = await Promise.all([
    import('../../engine/runtime/read-bounds.ts'),
    import('../../engine/runtime/slice-records.ts'),
  ])
  const boundOf = boundsByPlace(kept.bounds)
  const there = await Promise.all(kept.bounds.map((place) => log.bounds(place)))
  return {
    plan: sidePlan(reading, group, kept.spec.redirect).plan,
    ranges: kept.bounds.map(({ topic, partition, start, end }, n) => {
      const first = Math.min(end, Math.max(start, there[n]!.first))
      return { topic, partition, first, end }
    }),
    includes: (one) => {
      const bound = boundOf(one)
      return bound === undefined || recordsWithin(one, bound) !== undefined
    },
    fetch: async (place, offset, limit) => {
      const { records, next } = await log.fetch(place, offset, limit)
      const bound = boundOf(place)
      if (bound === undefined || records.count === 0) return { records, next }
      return { records: recordsWithin(records, bound) ?? sliceRecords(records, 0, 0), next }
    },
  }
}
