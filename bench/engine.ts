// The engine alone on one core: packed Avro records from memory, field reader, dedup, ledger, cuts sealed every 200 ms,
// a counting sink, and a backend that takes every commit at once. Prints one row of JSON.
import { z } from 'zod'
import { defineSink, defineSource, type SourceEvent, type SourceReader } from '../engine/component/index.ts'
import { systemClock } from '../engine/component/contracts/clock.ts'
import { avroValueCodec } from '../engine/avro/value-codec.ts'
import { readTopologyText } from '../engine/config/load.ts'
import { planReading } from '../engine/topology/plan.ts'
import { Worker } from '../engine/runtime/worker.ts'
import type { Environment } from '../engine/runtime/worker-options.ts'
import { dedupe } from '../processors/dedupe.ts'
import { OrderRecords, orderRegistry } from './order-records.ts'

const total = Number(process.argv[2] ?? 3_000_000)
const batchSize = Number(process.argv[3] ?? 2000)
const { registry, schema } = orderRegistry()

const memory = defineSource({
  name: 'memory',
  summary: 'Records from memory.',
  config: z.strictObject({}),
  examples: [{ title: 'benchmark', config: {} }],
  topics: () => ['orders'],
  codec: () => Promise.resolve(avroValueCodec(registry, schema)),
  open: () => Promise.resolve(reader()),
})

function reader(): SourceReader {
  const records = new OrderRecords(batchSize)
  const partition = { topic: 'orders', partition: 0 }
  let assigned = false
  let delivered = 0
  return {
    poll({ maxBytes }): Promise<SourceEvent[]> {
      if (!assigned) {
        assigned = true
        return Promise.resolve([{ type: 'assigned', partitions: [partition], epoch: 1 }])
      }
      if (maxBytes === 0) return new Promise((resolve) => setTimeout(resolve, 1, []))
      if (delivered >= total) return Promise.resolve([{ type: 'end', partition, offset: delivered }])
      delivered += batchSize
      return Promise.resolve([{ type: 'records', records: records.next('orders', 0, 1_763_700_000_000) }])
    },
    start: () => Promise.resolve(),
    release: () => Promise.resolve(),
    pause: () => undefined,
    resume: () => undefined,
    bounds: () => Promise.resolve({ first: 0, end: total }),
    close: () => Promise.resolve(),
  }
}

let counted = 0
const count = defineSink({
  name: 'count',
  summary: 'Counts.',
  idempotent: true,
  config: z.strictObject({}),
  examples: [{ title: 'benchmark', config: {} }],
  open: () =>
    Promise.resolve({
      order: 'batch',
      concurrency: 1,
      maxBatch: 10_000,
      write(batch) {
        counted += batch.length
        return undefined
      },
      close: () => Promise.resolve(),
    }),
})

const yaml = `
name: bench
description: Dedup of orders by eventId.
sources: { orders: { type: memory } }
processors: { unique: { type: dedupe, from: orders, by: eventId, window: 7d } }
sinks: { out: { type: count, from: unique } }
`

let blocks = 0
const log = {
  partitionsOf: () => Promise.resolve(1),
  ensureTopic: () => Promise.resolve(1),
  bounds: () => Promise.resolve({ first: 0, end: 0 }),
}
const backend = {
  commit(commit: { tasks: readonly { blocks: readonly { bytes: Uint8Array }[] }[] }) {
    for (const task of commit.tasks) for (const block of task.blocks) blocks += block.bytes.length
    return Promise.resolve({ outcome: 'committed' })
  },
  positions: () => Promise.resolve([]),
  restore: () => Promise.resolve(),
  release: () => undefined,
  close: () => Promise.resolve(),
}
const environment = {
  clock: systemClock,
  print: console.log,
  notes: () => ({ get: () => undefined, set: () => undefined }),
  log,
  join: () => Promise.resolve({ log, backend, close: () => Promise.resolve() }),
} as unknown as Environment

const plan = planReading(
  readTopologyText('bench.yaml', yaml, { sources: { memory }, processors: { dedupe }, sinks: { count } }, {}),
)
const worker = new Worker({ plan, environment, trouble: (sentence) => console.error(sentence) })
worker.stopAtEnd()
const before = process.cpuUsage()
const started = performance.now()
const summary = await worker.run()
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(before)
console.log(
  JSON.stringify({
    scenario: 'engine alone: dedup by eventId, from memory',
    system: 'millrace',
    records: summary.consumed,
    stored: counted,
    duplicates: summary.duplicates,
    recordsPerSecond: Math.round(summary.consumed / seconds),
    cpuSecondsPerMillion: Number(((user + system) / summary.consumed).toFixed(3)),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    changelogBytesPerRecord: Number((blocks / summary.consumed).toFixed(1)),
    valueBytes: new OrderRecords(1).valueBytes,
  }),
)
