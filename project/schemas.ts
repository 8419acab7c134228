import type { DirectoryRegistry } from '../engine/avro/directory-registry.ts'
import type { RegisteredSchema } from '../engine/avro/registry.ts'
import type { ServerRegistry } from '../engine/avro/registry-server.ts'
import type { ValueCodec } from '../engine/component/codec.ts'
import type { OtherTypes, Schemas } from '../engine/component/contracts/sink.ts'
import type { EnvironmentConfig } from '../engine/config/environment-config.ts'

/** The registry of an environment, or undefined where it has none. `files`: what lies in schemas/, where there is any. */
export async function openRegistryOf(
  { registry }: EnvironmentConfig,
  files: () => Promise<DirectoryRegistry | undefined>,
  trouble: (sentence: string) => void,
): Promise<ServerRegistry | undefined> {
  if (registry === undefined) return undefined
  const { openRegistry } = await import('../engine/avro/registry-server.ts')
  return openRegistry(registry, await files(), { trouble })
}

/** The schemas of an environment as components use them: those of its registry, or where it has none of schemas/. */
export async function schemasOf(
  registry: ServerRegistry | undefined,
  files: () => Promise<DirectoryRegistry>,
  trouble: (sentence: string) => void,
): Promise<Schemas> {
  if (registry === undefined) return directorySchemas(files)
  const { registrySchemas } = await import('../engine/avro/registry-schemas.ts')
  return registrySchemas(registry, { trouble, patienceMs: 0 })
}

/** The schemas of a directory as components use them. */
export function directorySchemas(registry: () => Promise<DirectoryRegistry>): Schemas {
  return {
    async encoder(schema) {
      const [{ avroValueEncoder }, opened] = await Promise.all([
        import('../engine/avro/value-codec.ts'),
        registry(),
      ])
      return avroValueEncoder(await opened.latest(schema))
    },
    async codec(schema, topic, others) {
      if (typeof schema !== 'string') return codecOfTypes(await registry(), schema, topic, others)
      const [{ avroValueCodec }, opened] = await Promise.all([
        import('../engine/avro/value-codec.ts'),
        registry(),
      ])
      return avroValueCodec(opened, await opened.latest(schema))
    },
  }
}

async function codecOfTypes(
  registry: DirectoryRegistry,
  names: readonly string[],
  topic: string | undefined,
  others: OtherTypes | undefined,
): Promise<ValueCodec> {
  const { avroTypesCodec } = await import('../engine/avro/types-codec.ts')
  const inTopic = (name: string): boolean =>
    registry.files().some((file) => file.topic === topic && file.schema.fullName === name)
  const latest = (name: string): Promise<RegisteredSchema> =>
    registry.latest(topic !== undefined && inTopic(name) ? `${topic}-${name}` : name)
  return avroTypesCodec(registry, await Promise.all(names.map(latest)), others)
}
