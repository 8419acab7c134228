import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openDirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { avroValueEncoder } from '../../engine/avro/value-codec.ts'
import { Reader } from '../../native/reader.ts'
import { kafkaAdmin, type KafkaAdmin } from '../../test/support/servers/kafka-admin.ts'
import { BenchFailure } from '../clients/options.ts'
import { Orders, type OrderTopic } from './orders.ts'
import type { Bench } from './scenario.ts'
import { fillTopic } from './wire.ts'

const schemas = join(import.meta.dirname, 'project', 'schemas')

/** A topic of orders that is filled. */
export interface FilledTopic {
  readonly name: string
  readonly shape: OrderTopic
  readonly partitions: number
  /** The schema's file and its id. */
  readonly schema: string
  readonly schemaId: number
  readonly valueBytes: number
  /** When the first event happened, milliseconds since 1970. */
  readonly start: number
  remove(): Promise<void>
}

/** Makes a topic and fills it with orders; those of a key lie in one partition. */
export async function fillOrders(bench: Bench, shape: OrderTopic, partitions: number): Promise<FilledTopic> {
  const { bootstrap } = bench.servers
  const admin = kafkaAdmin(bootstrap)
  const name = await newTopic(admin, 'bench-orders', partitions)
  const schema = await (await openDirectoryRegistry(schemas)).latest('shop.OrderPlaced')
  // The events lie in the last days, so that none of them is too old for anybody.
  const start = Date.now() - shape.total
  const orders = new Orders(shape, avroValueEncoder(schema), start)
  bench.say(`filling a topic with ${shape.total.toLocaleString('en-US')} orders of ${orders.valueBytes} B`)
  const written = await fillTopic(bootstrap, name, orders)
  if (written !== shape.total)
    throw new BenchFailure(`${name} holds ${written} records instead of ${shape.total}.`)
  return {
    name,
    shape,
    partitions,
    schema: join(schemas, 'bench-orders', 'OrderPlaced.v1.avsc'),
    schemaId: schema.id,
    valueBytes: orders.valueBytes,
    start,
    remove: () => admin.deleteTopic(name),
  }
}

/** Topics of the benchmark keep everything, however old. */
export async function newTopic(
  admin: KafkaAdmin,
  prefix: string,
  partitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = admin.uniqueTopic(prefix)
  await admin.createTopic(name, { partitions, configs: { 'retention.ms': -1, ...configs } })
  return name
}

/** The offsets that a group has not committed; undefined if there are none. */
export async function uncommitted(
  bootstrap: string,
  group: string,
  topic: string,
  partitions: number,
): Promise<string | undefined> {
  const reader = await Reader.open({ settings: { 'bootstrap.servers': bootstrap } })
  try {
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
    const committed = await reader.committed(all, { group })
    const ends = await reader.offsets(all, 'latest')
    const missing = all.reduce((sum, _, n) => sum + (ends[n] ?? 0) - (committed[n]?.offset ?? 0), 0)
    return missing === 0 ? undefined : `${missing} records are not committed`
  } finally {
    await reader.close()
  }
}

/** An empty folder for the state of one run, removed by `end`. */
export function stateFolder(bench: Bench): { readonly path: string; readonly end: () => void } {
  const parent = join(bench.folder, 'state')
  mkdirSync(parent, { recursive: true })
  const path = mkdtempSync(join(parent, 'run-'))
  return { path, end: () => rmSync(path, { recursive: true, force: true }) }
}
