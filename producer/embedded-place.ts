import { openEmbedded } from '../engine/embedded/embedded.ts'
import { directorySchemas } from '../project/schemas.ts'
import type { Place, ProjectFacts } from './place.ts'

/** Topics in the embedded store of a folder; those that are not there yet are made, as `millrace produce` does. */
export function openEmbeddedPlace(folder: string, { files, topics, trouble }: ProjectFacts): Place {
  const embedded = openEmbedded(folder, { trouble })
  return {
    files,
    topics,
    schemas: directorySchemas(async () => files),
    target: embedded.log,
    async ensure(topic) {
      if ((await embedded.log.partitionsOf(topic)) !== undefined) return
      const partitions = topics.get(topic)?.partitions
      await embedded.log.ensureTopic(topic, partitions === undefined ? {} : { partitions })
    },
    close: () => embedded.close(),
  }
}
