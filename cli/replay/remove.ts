import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import { permanentError } from '../../engine/errors.ts'
import { openAdmin } from '../cluster/kafka-admin.ts'
import { partitionsUpTo, type Positions } from '../positions/positions.ts'
import type { Project } from '../project/project.ts'
import { keptTopic } from './kept.ts'

/** What a replay has left beside its offsets. */
export interface ReplayLeftovers {
  readonly group: string
  /** Letters, state, records on their way; and last the plan: cut short, a removal can be found and done again. */
  readonly topics: readonly string[]
}

/** What there is of a replay. Only reads. */
export async function leftoversOf(positions: Positions, group: string): Promise<ReplayLeftovers> {
  const own = (await positions.topicNames()).filter((topic) => topic.startsWith(`${group}.`))
  const plan = keptTopic(group)
  return {
    group,
    topics: [...own.filter((topic) => topic !== plan), ...own.filter((topic) => topic === plan)],
  }
}

/**
 * Takes a replay away: its offsets, state, letters and plan. What it has written to tables and topics stays.
 *
 * @throws GROUP_BUSY (permanent) while it runs
 */
export async function removeReplay(
  project: Project,
  positions: Positions,
  leftovers: ReplayLeftovers,
): Promise<void> {
  const { group, topics } = leftovers
  const members = await positions.members(group)
  if (members.length > 0)
    throw permanentError('GROUP_BUSY', `The replay ${group} is running (${members[0]!}): stop it first.`)
  const { environment } = project
  if (environment === undefined) return removeEmbedded(project, leftovers)
  const admin = await openAdmin(environment)
  try {
    await admin.deleteGroup(group)
    for (const topic of topics) await admin.deleteTopics([topic])
  } finally {
    await admin.close()
  }
  await removeCopies(environment, group)
}

/** Local copies of the state on this machine; those of others are of topics that are gone, and are thrown away when they are opened. */
async function removeCopies({ state }: EnvironmentConfig, group: string): Promise<void> {
  const { localFolder } = await import('../../engine/state/local-state.ts')
  const folder = localFolder({ dir: state.dir, group, store: 'any', partition: 0 })
  rmSync(dirname(dirname(folder)), { recursive: true, force: true })
}

/** The store keeps the topics, empty: other processes may have them open. Letters count as done where they ended. */
async function removeEmbedded({ embedded }: Project, { group, topics }: ReplayLeftovers): Promise<void> {
  const { log } = embedded
  const ends: { topic: string; partition: number; offset: number }[] = []
  for (const topic of topics)
    for (const place of partitionsUpTo(topic, (await log.partitionsOf(topic)) ?? 0))
      ends.push({ ...place, offset: (await log.bounds(place)).end })
  embedded.reset(
    group,
    ends.filter(({ topic }) => topic.endsWith('.parked')),
  )
  for (const end of ends) await trimAll(embedded.log, end)
}

async function trimAll(
  log: Project['embedded']['log'],
  end: { readonly topic: string; readonly partition: number; readonly offset: number },
): Promise<void> {
  for (let before = -1; ;) {
    const { first } = await log.bounds(end)
    if (first >= end.offset || first === before) return
    before = first
    await log.trim(end)
  }
}
