import { join } from 'node:path'
import { openProject, type Project } from '../../../cli/project/project.ts'
import type { ValueCodec } from '../../../engine/component/codec.ts'
import { plainRecord } from '../../../engine/component/packed-records.ts'
import { readCatalogue } from '../../../engine/config/catalogue.ts'
import { loadEnvironment } from '../../../engine/config/environment.ts'
import type { CassandraAdmin } from '../servers/cassandra-admin.ts'
import type { Facts, Json, Row, Told } from './facts.ts'

const root = join(import.meta.dirname, '../../..')

const tables = [
  'orders',
  'orders_by_customer',
  'stock',
  'low_stock_alerts',
  'customers',
  'orders_per_minute',
  'revenue_per_hour',
  'product_sales_per_hour',
  'funnel_per_hour',
]

/** Where everything is. */
export interface Place {
  /** The file of the environment, and its variables. */
  readonly environment: string
  readonly env: Readonly<Record<string, string>>
  readonly cassandra: Pick<CassandraAdmin, 'cql'>
  readonly keyspace: string
}

/** What is in the topics of the shop, decoded with the newest schemas, and in its tables. */
export async function collect(place: Place): Promise<Facts> {
  const environment = await loadEnvironment(place.environment, place.env, { root })
  const project = await openProject({ cwd: root, project: root, environment })
  try {
    const catalogue = await readCatalogue(join(root, 'schemas', 'catalogue.yaml'))
    const topics: Record<string, readonly Told[]> = {}
    for (const [topic, { types }] of catalogue) {
      if (!/^(business|audit|analytics)\./.test(topic)) continue
      // What is late goes on as it came.
      const read = topic === 'business.orders.late' ? catalogue.get('business.orders.events')!.types : types
      const codec = read === undefined ? undefined : await project.schemas.codec(read, topic)
      topics[topic] = await recordsOf(project, topic, codec)
    }
    const rows = await Promise.all(tables.map(async (name) => [name, await rowsOf(place, name)] as const))
    return { topics, tables: Object.fromEntries(rows), letters: await lettersIn(project) }
  } finally {
    await project.close()
  }
}

async function recordsOf(
  { log }: Project,
  topic: string,
  codec: ValueCodec | undefined,
): Promise<readonly Told[]> {
  const told: Told[] = []
  const partitions = (await log.partitionsOf(topic)) ?? 0
  for (let partition = 0; partition < partitions; partition++) {
    const { first, end } = await log.bounds({ topic, partition })
    for (let at = first; at < end;) {
      const { records, next } = await log.fetch({ topic, partition }, at, 5000)
      await codec?.prepare(records)
      for (let row = 0; row < records.count; row++) {
        const { key, value } = plainRecord(records, row)
        const bytes = Buffer.from(value!)
        const event =
          codec === undefined ? JSON.parse(bytes.toString()) : codec.decode(bytes, 0, bytes.length)
        told.push({
          partition,
          offset: records.offsets[row]!,
          key: Buffer.from(key ?? []).toString(),
          event: event as Json,
        })
      }
      if (next <= at) break
      at = next
    }
  }
  return told
}

/** Of topics with letters: how many there are, of any kind. */
async function lettersIn({ log }: Project): Promise<Record<string, number>> {
  const letters: Record<string, number> = {}
  for (const topic of await log.topicNames()) {
    if (!topic.endsWith('.parked') && !topic.endsWith('.dlq')) continue
    const partitions = (await log.partitionsOf(topic)) ?? 0
    for (let partition = 0; partition < partitions; partition++) {
      const { first, end } = await log.bounds({ topic, partition })
      if (end > first) letters[topic] = (letters[topic] ?? 0) + end - first
    }
  }
  return letters
}

async function rowsOf({ cassandra, keyspace }: Place, table: string): Promise<readonly Row[]> {
  const rows = await cassandra.cql(`SELECT * FROM ${table}`, keyspace)
  return rows.map((row) =>
    Object.fromEntries(row.keys().map((column) => [column, plain(row.get(column) as unknown)])),
  )
}

/** Of the driver's values: times are milliseconds, whole numbers numbers, decimals texts with two digits. */
function plain(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
  const { name } = value.constructor
  return name === 'Long' ? Number(value) : Number(value).toFixed(2)
}
