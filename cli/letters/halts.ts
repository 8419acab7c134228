import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import type { HaltNotice } from '../../engine/runtime/letters.ts'
import type { Project } from '../project/contract.ts'
import { entriesOf, parkedTopics, type ParkedTopic } from './parked.ts'

/** A partition from which a topology takes nothing more, until somebody does something. */
export interface HaltedPartition {
  readonly topology: string
  readonly topic: string
  readonly partition: number
  /** `parking`: as much is parked as may be. `record`: a record failed, and the topology says `then: halt`. */
  readonly why: 'parking' | 'record'
  /** ISO 8601. */
  readonly since: string
  /** What is in the way, and what to do. */
  readonly sentence: string
}

/** The partitions that halt, by what their workers said last. */
export async function haltedPartitions(
  project: Pick<Project, 'log'>,
  filter: { readonly topology?: string | undefined; readonly topic?: string | undefined },
): Promise<HaltedPartition[]> {
  const halted: HaltedPartition[] = []
  for (const parked of await parkedTopics(project, filter)) {
    for (let partition = 0; partition < parked.partitions; partition++) {
      const notice = await lastNotice(project, parked, partition)
      if (notice?.halted !== true || (await isPassed(project, notice))) continue
      const { group, topic, why, at, sentence } = notice
      const since = new Date(at).toISOString()
      halted.push({ topology: group, topic, partition: notice.partition, why, since, sentence })
    }
  }
  return halted
}

/** The last notice is open in the parked partition for as long as it holds. */
async function lastNotice(
  { log }: Pick<Project, 'log'>,
  { name, group }: ParkedTopic,
  partition: number,
): Promise<HaltNotice | undefined> {
  const committed = await log.committed(group, { topic: name, partition })
  let last: HaltNotice | undefined
  for await (const { entry } of entriesOf(log, name, partition, committed?.offset ?? 0))
    if (entry.type === 'halt') last = entry.notice
  return last
}

/** True once the record that was in the way is committed, or skipped by an offset that somebody set. */
async function isPassed({ log }: Pick<Project, 'log'>, notice: HaltNotice): Promise<boolean> {
  if (notice.offset === undefined) return false
  const at: TopicPartition = { topic: notice.topic, partition: notice.partition }
  const committed = await log.committed(notice.group, at)
  if (committed === undefined) return false
  if (committed.offset > notice.offset) return true
  const { decodeMetadata } = await import('../../engine/runtime/commit-metadata.ts')
  return decodeMetadata(committed.offset, committed.metadata).has(notice.offset)
}
