import type { InternalNames } from '../../engine/topology/structure.ts'

/** How the topics that a topology keeps for itself are named, as the rooms that write them say. */
export async function internalNames(): Promise<InternalNames> {
  const [{ parkedTopic, deadLetterTopic }, { changelogTopic }] = await Promise.all([
    import('../../engine/runtime/letters.ts'),
    import('../../engine/kafka/changelogs.ts'),
  ])
  return { parked: parkedTopic, deadLetter: deadLetterTopic, changelog: changelogTopic }
}
