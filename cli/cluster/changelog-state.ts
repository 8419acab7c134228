import type { CommitBackend, StoreRef, TaskRef } from '../../engine/component/contracts/commit.ts'
import type { Log } from '../../engine/component/contracts/log.ts'
import { keyOf, valueOf } from '../../engine/component/packed-records.ts'

/** Records of one fetch at most. */
const fetchRecords = 100_000

/**
 * Reads the committed state of tasks from their changelogs in a cluster, beside their workers: what was committed when a
 * changelog is opened. Nothing is written, and no local copy is touched.
 */
export function changelogState(
  log: Pick<Log, 'bounds' | 'fetch' | 'partitionsOf'>,
): CommitBackend['restore'] {
  return async ({ group, partition }: TaskRef, stores: readonly StoreRef[], apply) => {
    const [{ changelogTopic }, { changelogFormat }] = await Promise.all([
      import('../../engine/kafka/changelogs.ts'),
      import('../../engine/state/changelog-format.ts'),
    ])
    for (const { name, kind } of stores) {
      const place = { topic: changelogTopic(group, name), partition }
      // Without it, or without that partition of it, nothing was ever committed.
      if (((await log.partitionsOf(place.topic)) ?? 0) <= partition) continue
      const { first, end } = await log.bounds(place)
      for (let at = first; at < end;) {
        const { records, next } = await log.fetch(place, at, fetchRecords)
        const changes = Array.from({ length: records.count }, (_, row) => ({
          key: keyOf(records, row) ?? new Uint8Array(0),
          value: valueOf(records, row),
        }))
        for (const block of changelogFormat(kind).blocks(name, changes)) apply(block)
        if (next <= at) break
        at = next
      }
    }
  }
}
