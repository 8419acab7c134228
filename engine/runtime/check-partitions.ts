import type { Log } from '../component/contracts/log.ts'
import { fatalError } from '../errors.ts'
import { drivesOf } from '../topology/plan-facts.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'

/**
 * Looks whether the topics that are read pairwise fit together: the records of a key come to one task only where they have
 * equally many partitions. Topics that are not there are another's concern.
 *
 * @throws PLAN_INVALID (fatal) where they do not
 */
export async function checkPartitions(plan: TopologyPlan, log: Pick<Log, 'partitionsOf'>): Promise<void> {
  for (const topics of drivesOf(plan).filter(({ length }) => length > 1)) {
    const counts = await Promise.all(topics.map((topic) => log.partitionsOf(topic)))
    const known = topics.flatMap((topic, n) => (counts[n] === undefined ? [] : [{ topic, count: counts[n] }]))
    const [first] = known
    const other = known.find(({ count }) => count !== first?.count)
    if (first === undefined || other === undefined) continue
    throw fatalError(
      'PLAN_INVALID',
      `Topics ${first.topic} and ${other.topic} are read together and have ${first.count} and ${other.count} partitions: ` +
        'they need the same number, and the same keys in the same partition.',
      { facts: { topic: other.topic } },
    )
  }
}
