import type { TopicPartition } from '../engine/component/contracts/position.ts'
import type { Log } from '../engine/component/contracts/log.ts'
import type { Positions } from './positions.ts'
import { needStore, openProject, type ProjectOptions } from './project.ts'
import { shownPath } from './project-files.ts'

const pageRecords = 5000

/**
 * The positions of the groups of an embedded store. `change`: nobody else may be at work, which is refused otherwise
 * (STORE_LOCKED).
 */
export async function embeddedPositions(options: ProjectOptions, change: boolean): Promise<Positions> {
  const project = await openProject(options)
  try {
    needStore(project)
    if (change) project.acquireWorkerLock()
  } catch (error) {
    await project.close()
    throw error
  }
  const { log, groups } = project.embedded
  return {
    log,
    where: `the store in ${shownPath(project.storeDir, options.cwd)}`,
    groups: () => Promise.resolve(groups.list()),
    committedTopics: (group) =>
      Promise.resolve([...new Set(groups.positionsOf(group).map(({ topic }) => topic))]),
    partitionsOf: (topic) => log.partitionsOf(topic),
    topicNames: () => log.topicNames(),
    bounds: (partitions) => Promise.all(partitions.map((one) => log.bounds(one))),
    committed: (group, partitions) => Promise.all(partitions.map((one) => log.committed(group, one))),
    at: (partitions, time) => Promise.all(partitions.map((one) => firstAt(log, one, time))),
    // Whoever is at work holds the worker's lock, and nobody else can look who it is.
    members: () => Promise.resolve([]),
    set: (group, offsets) => {
      groups.setPositions(group, offsets)
      return Promise.resolve()
    },
    close: () => project.close(),
  }
}

/** Times need not ascend: the first record that is late enough counts, as in Kafka. */
async function firstAt(log: Log, partition: TopicPartition, time: number): Promise<number | undefined> {
  const { first, end } = await log.bounds(partition)
  for (let next = first; next < end;) {
    const { records, next: after } = await log.fetch(partition, next, pageRecords)
    const row = records.timestamps.findIndex((timestamp) => timestamp >= time)
    if (row >= 0) return records.offsets[row]
    if (after <= next) return undefined
    next = after
  }
  return undefined
}
