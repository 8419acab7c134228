import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { AuditHistory } from '../../bench/cluster/audit-events.ts'
import { OrderCheck } from '../../bench/cluster/check-orders.ts'
import { Latencies } from '../../bench/cluster/latencies.ts'
import { customerOf, distinctEvents, eventOfRecord, Orders } from '../../bench/cluster/orders.ts'
import { openDirectoryRegistry, type DirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { avroValueCodec, avroValueEncoder } from '../../engine/avro/value-codec.ts'
import { keyOf, packRecords, valueOf, type PackedRecords } from '../../engine/component/packed-records.ts'
import type { RegisteredSchema } from '../../engine/avro/registry.ts'
import type { BatchColumns } from '../../native/write-results.ts'

const shape = { total: 2_000, keys: 50, items: 2 }
const start = Date.UTC(2026, 10, 21)
let registry: DirectoryRegistry
let schema: RegisteredSchema

beforeAll(async () => {
  registry = await openDirectoryRegistry(join(import.meta.dirname, '../../bench/cluster/project/schemas'))
  schema = await registry.latest('shop.OrderPlaced')
})

interface SentOrder {
  readonly event: number
  readonly key: Buffer
  readonly value: Buffer
}

function sent(): SentOrder[] {
  const orders = new Orders(shape, avroValueEncoder(schema), start)
  const records: SentOrder[] = []
  for (let batch = orders.next(300); batch !== undefined; batch = orders.next(300)) {
    for (let row = 0; row < batch.count; row++)
      records.push({
        event: eventOfRecord(records.length),
        key: keyOf(batch, row)!,
        value: valueOf(batch, row)!,
      })
  }
  return records
}

describe('the topic of orders', () => {
  test('repeats one event in twenty, and no repetition', () => {
    const events = Array.from({ length: 10_000 }, (_, n) => eventOfRecord(n))
    for (const total of [1, 19, 505, 519, 520, 540, 10_000])
      expect(distinctEvents(total)).toBe(new Set(events.slice(0, total)).size)
    expect(events.filter((event, n) => event !== n).every((event) => eventOfRecord(event) === event)).toBe(
      true,
    )
  })

  test('holds events that differ and decode, under the key of their customer', () => {
    const codec = avroValueCodec(registry, schema)
    const records = sent()
    expect(records).toHaveLength(shape.total)
    const ids = new Map<string, number>()
    for (const { event, key, value } of records) {
      const customer = `customer-${String(customerOf(event, shape.keys)).padStart(7, '0')}`
      expect(key.toString()).toBe(customer)
      const order = codec.decode(value, 0, value.length) as Record<string, unknown>
      expect(order).toMatchObject({
        timestamp: start + event,
        data: { customerId: customer, orderId: `order-2026-11-21-${String(event).padStart(10, '0')}` },
      })
      const id = String(order['eventId'])
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(ids.get(id) ?? event).toBe(event)
      ids.set(id, event)
    }
    expect(ids.size).toBe(distinctEvents(shape.total))
  })
})

describe('the check of a deduplication', () => {
  const faultOf = (change: (records: SentOrder[]) => [SentOrder, number][]): string | undefined => {
    const check = new OrderCheck(shape)
    const first = sent().filter(({ event }, n) => event === n)
    for (const [record, partition] of change(first)) check.look(packed(record, partition))
    return check.fault
  }
  const at =
    (partition: number) =>
    (record: SentOrder): [SentOrder, number] => [record, partition]

  function packed({ key, value }: SentOrder, partition: number): PackedRecords {
    return packRecords('out', partition, [{ key, value, headers: [], timestamp: 0 }], 0)
  }

  test('has nothing against each event once, in its order', () => {
    expect(faultOf((records) => records.map(at(0)))).toBeUndefined()
  })

  test('finds what is missing', () => {
    expect(faultOf((records) => records.slice(1).map(at(0)))).toBe('1 events are missing')
  })

  test('finds what came twice', () => {
    const fault = faultOf((records) => [...records, records.at(-1)!].map(at(0)))
    expect(fault).toBe("1 came twice, 1 are out of their key's order")
  })

  test('finds an event after a later one of its key', () => {
    const fault = faultOf((records) => {
      const key = records[0]!.key
      const [first, second] = records.filter((record) => record.key.equals(key))
      const others = records.filter((record) => record !== first)
      others.splice(others.indexOf(second!) + 1, 0, first!)
      return others.map(at(0))
    })
    expect(fault).toBe("1 are out of their key's order")
  })

  test('finds a key in two partitions', () => {
    const fault = faultOf((records) => records.map((record, n) => [record, n === records.length - 1 ? 1 : 0]))
    expect(fault).toBe("1 are out of their key's order")
  })

  test('finds what was never sent', () => {
    const fault = faultOf((records) =>
      records.map((record, n) => [n === 0 ? { ...record, key: records[1]!.key } : record, 0]),
    )
    expect(fault).toBe('1 events are missing, 1 were never sent')
  })
})

test('audit events lie in half a year, one in twenty is sent again', () => {
  const values: string[] = []
  const encoder = { name: 'json', encode: (value: unknown) => Buffer.from(JSON.stringify(value)) }
  const history = new AuditHistory(1_000, encoder)
  for (let batch: BatchColumns | undefined; (batch = history.next(64)) !== undefined;)
    for (let row = 0; row < batch.count; row++) values.push(valueOf(batch, row)!.toString())
  expect(values).toHaveLength(1_000)
  expect(new Set(values).size).toBe(distinctEvents(1_000))
  expect(history.timeOf(999) - history.timeOf(0)).toBeGreaterThan(179 * 86_400_000)
})

test('latencies leave out the first, and take the value that so many do not exceed', () => {
  const latencies = new Latencies(2)
  for (const value of [9_000, 9_000, ...Array.from({ length: 200 }, (_, n) => 200 - n)]) latencies.add(value)
  expect(latencies.summary()).toEqual({ p50: 100, p95: 190, p99: 198, max: 200, count: 200 })
  expect(new Latencies(0).summary()).toEqual({ p50: 0, p95: 0, p99: 0, max: 0, count: 0 })
})
