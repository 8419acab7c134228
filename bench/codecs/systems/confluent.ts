import type { BenchCodec } from '../codec.ts'
import { peer } from '../peer.ts'
import { record, schemaText, wired } from '../values.ts'

interface Client {
  register(subject: string, schema: object): Promise<number>
}

interface Package {
  readonly SchemaRegistryClient: { newClient(config: object): Client }
  readonly SerdeType: { readonly VALUE: string }
  readonly AvroSerializer: new (
    client: Client,
    type: string,
    config: object,
  ) => {
    serialize(topic: string, value: unknown): Promise<Buffer>
  }
  readonly AvroDeserializer: new (
    client: Client,
    type: string,
    config: object,
  ) => {
    deserialize(topic: string, value: Buffer): Promise<unknown>
  }
}

/** Two subjects: one that has the older version alone, and one whose newest is the version that values are read as. */
export async function open(): Promise<BenchCodec> {
  const { SchemaRegistryClient, SerdeType, AvroSerializer, AvroDeserializer } = await peer<Package>(
    '@confluentinc/schemaregistry',
  )
  const client = SchemaRegistryClient.newClient({ baseURLs: ['mock://codecs'], cacheCapacity: 1000 })
  const schema = (version: '1.0' | '1.1') => ({ schemaType: 'AVRO', schema: schemaText(version) })
  const id = await client.register('older-value', schema('1.0'))
  const other = await client.register(`${record.topic}-value`, schema('1.0'))
  await client.register(`${record.topic}-value`, schema('1.1'))
  const [values, others] = [await wired(id), await wired(other)]
  const plain = new AvroDeserializer(client, SerdeType.VALUE, {})
  const newest = new AvroDeserializer(client, SerdeType.VALUE, { useLatestVersion: true })
  const writer = new AvroSerializer(client, SerdeType.VALUE, { useLatestVersion: true })
  const decoded = await Promise.all(values.map((value) => plain.deserialize('older', value)))
  return {
    values: values.length,
    turn: async (task) => {
      if (task === 'read') return (n) => plain.deserialize('older', values[n]!)
      if (task === 'resolve') return (n) => newest.deserialize(record.topic, others[n]!)
      return task === 'write' ? (n) => writer.serialize('older', decoded[n]) : undefined
    },
  }
}
