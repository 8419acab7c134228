import type { Positions } from './positions.ts'
import { needStore, openProject, type Project, type ProjectOptions } from '../project/project.ts'
import { shownPath } from '../../project/root.ts'

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
  return positionsIn(project, options.cwd, () => project.close())
}

/** The positions of the groups of a project's own store, which stays open until `close`. */
export function positionsIn(
  project: Pick<Project, 'embedded' | 'storeDir'>,
  cwd: string,
  close: () => Promise<void>,
): Positions {
  const { log, groups } = project.embedded
  return {
    log,
    where: `the store in ${shownPath(project.storeDir, cwd)}`,
    groups: () => Promise.resolve(groups.list()),
    committedTopics: (group) =>
      Promise.resolve([...new Set(groups.positionsOf(group).map(({ topic }) => topic))]),
    partitionsOf: (topic) => log.partitionsOf(topic),
    topicNames: () => log.topicNames(),
    bounds: (partitions) => Promise.all(partitions.map((one) => log.bounds(one))),
    committed: (group, partitions) => Promise.all(partitions.map((one) => log.committed(group, one))),
    at: (partitions, time) => Promise.all(partitions.map((one) => log.firstSince(one, time))),
    // Whoever is at work holds the worker's lock, and nobody else can look who it is.
    members: () => Promise.resolve([]),
    set: (group, offsets) => {
      groups.setPositions(group, offsets)
      return Promise.resolve()
    },
    close,
  }
}
