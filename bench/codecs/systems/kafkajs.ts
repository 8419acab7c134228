import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { BenchCodec } from '../codec.ts'
import { peer } from '../peer.ts'
import { schemaText, wired } from '../values.ts'

interface Registry {
  decode(value: Buffer, options?: object): Promise<unknown>
  encode(id: number, value: unknown): Promise<Buffer>
}

interface Package {
  readonly SchemaRegistry: new (options: { readonly host: string }) => Registry
}

export async function open(): Promise<BenchCodec> {
  const { SchemaRegistry } = await peer<Package>('@kafkajs/confluent-schema-registry')
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
    response.end(JSON.stringify({ schema: schemaText('1.0') }))
  })
  await once(server.listen(0, '127.0.0.1').unref(), 'listening')
  const registry = new SchemaRegistry({ host: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const values = await wired(1)
  const decoded = await Promise.all(values.map((value) => registry.decode(value)))
  const readerSchema = JSON.parse(schemaText('1.1')) as unknown
  return {
    values: values.length,
    turn: async (task) => {
      if (task === 'read') return (n) => registry.decode(values[n]!)
      if (task === 'resolve') return (n) => registry.decode(values[n]!, { AVRO: { readerSchema } })
      return task === 'write' ? (n) => registry.encode(1, decoded[n]) : undefined
    },
  }
}
