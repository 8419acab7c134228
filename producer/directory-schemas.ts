import type { DirectoryRegistry } from '../engine/avro/directory-registry.ts'
import { avroValueEncoder } from '../engine/avro/value-codec.ts'
import type { Place } from './place.ts'

/** The schemas of the project's folder, for those who have no registry. */
export function directorySchemas(files: DirectoryRegistry): Place['schemas'] {
  return { encoder: async (schema) => avroValueEncoder(await files.latest(schema)) }
}
