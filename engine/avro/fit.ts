import { createDecoder, createEncoder, type Decoder, type Encoder } from './codec.ts'
import type { RegisteredSchema } from './registry.ts'
import { WIRE_HEADER_BYTES } from './wire.ts'

/**
 * Makes values as records of these schemas are read, of values that fit them: fields that are not given get their defaults.
 * Throws AVRO_UNENCODABLE (permanent), which names the field, for one that does not fit.
 */
export function createFit(readers: readonly RegisteredSchema[]): (name: string, value: unknown) => unknown {
  const made = new Map<string, { readonly encode: Encoder; readonly decode: Decoder }>()
  return (name, value) => {
    let own = made.get(name)
    if (own === undefined) {
      const { schema } = readers.find((reader) => reader.schema.fullName === name)!
      // The id goes no further than from here to there.
      own = { encode: createEncoder({ id: 0, schema }), decode: createDecoder(schema) }
      made.set(name, own)
    }
    const bytes = own.encode(value)
    return own.decode(bytes, WIRE_HEADER_BYTES, bytes.length)
  }
}
