import type { DirectoryRegistry } from '../engine/avro/directory-registry.ts'
import type { Schemas } from '../engine/component/contracts/sink.ts'

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
    async codec(schema) {
      const [{ avroValueCodec }, opened] = await Promise.all([
        import('../engine/avro/value-codec.ts'),
        registry(),
      ])
      return avroValueCodec(opened, await opened.latest(schema))
    },
  }
}
