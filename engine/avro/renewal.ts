import type { RecordTypes } from '../component/codec.ts'
import { permanentError } from '../errors.ts'
import { createDecoder, createEncoder } from './codec.ts'
import type { RegisteredSchema } from './registry.ts'
import { schemaFrom } from './schema.ts'
import { WIRE_HEADER_BYTES } from './wire.ts'

type Renew = (value: unknown) => unknown

/**
 * What values that wait need to be read as if they came now, though the newest version of their type is another one by then:
 * they are written with the schema that they were read with, and read as Avro resolves the two.
 */
export function createRenewal(readers: readonly RegisteredSchema[]): Pick<RecordTypes, 'schema' | 'renew'> {
  const ways = new Map<string, WeakMap<object, Renew>>()
  const readerOf = (name: string): RegisteredSchema | undefined =>
    readers.find(({ schema }) => schema.fullName === name)
  return {
    schema(name) {
      const schema = readerOf(name)?.schema
      return schema && { id: schema.contentId.toString(36), json: schema.json as object }
    },
    renew(name, value, json) {
      const own = ways.get(name) ?? new WeakMap<object, Renew>()
      ways.set(name, own)
      const way = own.get(json) ?? wayTo(readerOf(name), name, json)
      own.set(json, way)
      return way(value)
    },
  }
}

/** Compiled once for each schema that values wait in; where there is no way, each value says so. */
function wayTo(reader: RegisteredSchema | undefined, name: string, json: object): Renew {
  try {
    if (reader === undefined) throw new Error(`${name} is not read any more`)
    const writer = schemaFrom(json, `the version of ${name} that a record waited with`)
    // The id goes no further than from here to there.
    const encode = createEncoder({ id: 0, schema: writer })
    const decode = createDecoder(writer, reader.schema)
    return (value) => {
      const bytes = encode(value)
      return decode(bytes, WIRE_HEADER_BYTES, bytes.length)
    }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    return () => {
      throw permanentError('AVRO_UNDECODABLE', `A record that waited cannot be read as ${name}: ${what}`)
    }
  }
}
