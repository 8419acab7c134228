import type { DirectoryRegistry } from '../engine/avro/directory-registry.ts'
import { avroValueEncoder } from '../engine/avro/value-codec.ts'
import type { CatalogueTopic } from '../engine/config/catalogue.ts'
import { openEmbedded } from '../engine/embedded/embedded.ts'
import type { Place } from './place.ts'

interface Known {
  readonly files: DirectoryRegistry
  readonly topics: ReadonlyMap<string, CatalogueTopic>
  readonly trouble: (sentence: string) => void
}

/** Topics in the embedded store of a folder; those that are not there yet are made, as `millrace produce` does. */
export function openEmbeddedPlace(folder: string, { files, topics, trouble }: Known): Place {
  const embedded = openEmbedded(folder, { trouble })
  return {
    files,
    topics,
    schemas: directorySchemas(files),
    target: embedded.log,
    async ensure(topic) {
      if ((await embedded.log.partitionsOf(topic)) !== undefined) return
      const partitions = topics.get(topic)?.partitions
      await embedded.log.ensureTopic(topic, partitions === undefined ? {} : { partitions })
    },
    close: () => embedded.close(),
  }
}

/** The schemas of the project's folder, for those who have no registry. */
export function directorySchemas(files: DirectoryRegistry): Place['schemas'] {
  return { encoder: async (schema) => avroValueEncoder(await files.latest(schema)) }
}
