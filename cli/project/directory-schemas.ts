import type { DirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import type { RegisteredSchema } from '../../engine/avro/registry.ts'
import type { ValueCodec } from '../../engine/component/codec.ts'
import type { OtherTypes, Schemas } from '../../engine/component/contracts/sink.ts'

/** The schemas of a directory as components use them. */
export function directorySchemas(registry: () => Promise<DirectoryRegistry>): Schemas {
  return {
    async encoder(schema) {
      const [{ avroValueEncoder }, opened] = await Promise.all([
        import('../../engine/avro/value-codec.ts'),
        registry(),
      ])
      return avroValueEncoder(await opened.latest(schema))
    },
    async codec(schema, topic, others) {
      if (typeof schema !== 'string') return codecOfTypes(await registry(), schema, topic, others)
      const [{ avroValueCodec }, opened] = await Promise.all([
        import('../../engine/avro/value-codec.ts'),
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
  const { avroTypesCodec } = await import('../../engine/avro/types-codec.ts')
  const inTopic = (name: string): boolean =>
    registry.files().some((file) => file.topic === topic && file.schema.fullName === name)
  const latest = (name: string): Promise<RegisteredSchema> =>
    registry.latest(topic !== undefined && inTopic(name) ? `${topic}-${name}` : name)
  return avroTypesCodec(registry, await Promise.all(names.map(latest)), others)
}
