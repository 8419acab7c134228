import { createEncoder, createWireCodec } from '../../../engine/avro/codec.ts'
import { openDirectoryRegistry } from '../../../engine/avro/directory-registry.ts'
import { avroValueCodec } from '../../../engine/avro/value-codec.ts'
import type { BenchCodec } from '../codec.ts'
import { projectFolder, record, wired } from '../values.ts'

export async function open(): Promise<BenchCodec> {
  const registry = await openDirectoryRegistry(`${projectFolder}schemas`)
  const versions = registry.files().filter(({ schema }) => schema.fullName === record.name)
  const [older, newer] = versions.map(({ schema }) => ({ id: schema.contentId, schema }))
  const values = await wired(older!.id)
  const codec = createWireCodec(registry)
  const decoded = values.map((value) => codec.decode(value, 0, value.length))
  const encode = createEncoder(older!)
  const field = avroValueCodec(registry, newer!).reader(['metadata', 'sessionId'])
  const place = new Int32Array(2)
  return {
    values: values.length,
    turn: async (task) => {
      if (task === 'write') return (n) => encode(decoded[n])
      if (task === 'field') return (n) => field.locate(values[n]!, 0, values[n]!.length, place)
      const reader = task === 'resolve' ? newer : undefined
      return (n) => codec.decode(values[n]!, 0, values[n]!.length, reader)
    },
  }
}
