// Does a reader's memory stay level? Reads a topic at full rate, from its beginning again whenever it comes to the end.
//
//   node test/native/memory.ts --minutes 10 [--bootstrap host:port --topic name]
//
// Without an address it starts a broker of its own and fills a topic. Prints the memory of the process every five
// seconds and the slope of a straight line through the second half of the time, because allocators take a while to
// find their size; ends with 1 if the memory grows.

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { Reader } from '../../native/reader.ts'
import { startKafka } from '../support/servers/kafka.ts'
import { fill } from './support/fill.ts'
import { slope } from './support/slope.ts'

const partitions = 4
const everyMs = 5000

/** MiB an hour beyond which it counts as growth: 64 MiB an hour are 11 MiB in ten minutes, the noise of a heap. */
const most = 64

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    bootstrap: { type: 'string' },
    topic: { type: 'string', default: 'memory' },
    records: { type: 'string', default: '1000000' },
  },
})

/** Reads on until the time is over; counts records. */
async function readFor(
  ms: number,
  bootstrap: string,
  topic: string,
  count: (records: number) => void,
): Promise<void> {
  const reader = await Reader.open({ settings: { 'bootstrap.servers': bootstrap } })
  await reader.assign(
    Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      offset: 'beginning' as const,
    })),
  )
  for (const until = Date.now() + ms; Date.now() < until;)
    for (const event of await reader.poll({ maxBytes: 1 << 20, waitMs: 1000 })) {
      if (event.type === 'records') count(event.records.count)
      if (event.type === 'end') await reader.seek([{ ...event.partition, offset: 'beginning' }])
      if (event.type === 'failed') throw event.error
    }
  await reader.close()
}

async function measure(bootstrap: string): Promise<number> {
  const totalMs = Number(values.minutes) * 60_000
  const warmUpMs = totalMs / 2
  const began = Date.now()
  const points: [hours: number, mebibytes: number][] = []
  let records = 0
  let last = 0
  const timer = setInterval(() => {
    const { rss, external, heapUsed } = process.memoryUsage()
    const [seconds, size] = [(Date.now() - began) / 1000, rss / 2 ** 20]
    if (seconds * 1000 > warmUpMs) points.push([seconds / 3600, size])
    const rate = Math.round((records - last) / (everyMs / 1000))
    last = records
    const [outside, heap] = [external, heapUsed].map((bytes) => (bytes / 2 ** 20).toFixed(0))
    console.log(
      `${seconds.toFixed(0)} s: RSS ${size.toFixed(1)} MiB (outside ${outside}, heap ${heap}), ${rate} records/s`,
    )
  }, everyMs)
  await readFor(totalMs, bootstrap, values.topic, (count) => (records += count))
  clearInterval(timer)
  const growth = slope(points)
  console.log(
    `${records} records; RSS ${growth > 0 ? 'grows' : 'shrinks'} by ${Math.abs(growth).toFixed(1)} MiB an hour.`,
  )
  return growth
}

if (process.platform === 'linux' && process.env['MALLOC_ARENA_MAX'] === undefined) {
  // Threads that meet in malloc get another arena, of 64 MiB, and keep it: by chance, and once, but not a straight line.
  const env = { ...process.env, MALLOC_ARENA_MAX: '2' }
  process.exitCode = spawnSync(process.execPath, process.argv.slice(1), { stdio: 'inherit', env }).status ?? 1
} else if (values.bootstrap !== undefined) {
  process.exitCode = (await measure(values.bootstrap)) > most ? 1 : 0
} else {
  const kafka = await startKafka({ name: 'memory' })
  try {
    await kafka.createTopic(values.topic, { partitions })
    await fill(kafka.bootstrap, values.topic, {
      count: Number(values.records) / partitions,
      partitions,
      size: 200,
    })
    process.exitCode = (await measure(kafka.bootstrap)) > most ? 1 : 0
  } finally {
    await kafka.close()
  }
}
