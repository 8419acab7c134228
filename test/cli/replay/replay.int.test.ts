// A replay in a cluster: on real Kafka, by several members, stopped and gone on with.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { KafkaLog } from '../../../engine/kafka/log.ts'
import { settingsFor } from '../../engine/kafka/kafka-settings.ts'
import { sharedKafka, type SharedKafka } from '../../support/servers/shared.ts'
import { Folder } from '../full-command-line.ts'
import { dayText, evenOrders, type TimedOrder } from './project.ts'

let kafka: SharedKafka
let folder: Folder
let log: KafkaLog
let topic: string
let group: string
const file = 'topologies/store.yaml'
const orders = evenOrders(600, 6)

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  log = new KafkaLog({ settings: settingsFor(kafka.bootstrap), onTrouble: () => undefined })
  topic = kafka.uniqueTopic('orders')
  group = kafka.uniqueGroup('store')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 2, replication: 1 } }\n`,
  )
  folder.write(
    file,
    `name: ${group}
delivery: exactly-once
sources: { orders: { type: topic, topic: ${topic}, format: json } }
processors: { unique: { type: dedupe, from: orders, by: id, window: 30d } }
sinks: { copy: { type: topic, from: unique, topic: ${topic}-copy } }
`,
  )
  await log.ensureTopic(topic, { partitions: 3 })
  await append(orders)
})

afterAll(async () => {
  await log.close()
  folder.remove()
  await kafka.reset()
})

async function append(all: readonly TimedOrder[]): Promise<void> {
  await log.append(
    all.map(({ id, customer, at }) => ({
      ...{ topic, key: Buffer.from(customer), value: Buffer.from(JSON.stringify({ id })) },
      ...{ partition: Number(customer.slice(1)), headers: [], timestamp: at },
    })),
  )
}

async function idsIn(name: string): Promise<string[]> {
  const ids: string[] = []
  const partitions = (await log.partitionsOf(name)) ?? 0
  for (let partition = 0; partition < partitions; partition++) {
    const { end } = await log.bounds({ topic: name, partition })
    for (let next = 0; next < end;) {
      const { records, next: after } = await log.fetch({ topic: name, partition }, next, 1000)
      for (let row = 0; row < records.count; row++) {
        const value = records.bytes.toString('utf8', records.valueStarts[row], records.valueEnds[row])
        ids.push((JSON.parse(value) as { id: string }).id)
      }
      if (after <= next) break
      next = after
    }
  }
  return ids.sort()
}

interface Report {
  readonly complete: boolean
  readonly goesOn: boolean
  readonly counts: { readonly consumed: number }
}

test('two members share it, one is stopped, it goes on; each record of the time once, the live group untouched', async () => {
  const run = `run ${file} --until-end --env trial`
  expect(await folder.json(run)).toMatchObject({ consumed: 600 })
  const live = await folder.json(`offsets show ${file} --env trial`)
  const refused = await folder.run(`replay ${file} --into live --env trial`)
  expect(refused.err.join()).toMatch(/exactly once/)

  const line = `replay ${file} --as days --from ${dayText(1)} --to ${dayText(4)} --topic ${topic}-copy=${topic}-side --env trial`
  const stop = new AbortController()
  const stopped = folder.run(`${line} --rate 60 -o json`, stop.signal)
  const side = `${group}.replay.days`
  const until = Date.now() + 60_000
  for (let lag = 0; lag < 20 && Date.now() < until;) {
    const { out } = await folder.run(`offsets show --group ${side} --env trial -o json`)
    const rows = JSON.parse(out[0] ?? '[]') as readonly { readonly committed: number | null }[]
    lag = rows.reduce((sum, { committed }) => sum + Math.max(0, (committed ?? 0) - 33), 0)
  }
  stop.abort()
  const first = await stopped
  expect(first.code).toBe(1)
  const partly = JSON.parse(first.out[0]!) as Report
  expect(partly).toMatchObject({ complete: false, goesOn: false })
  expect(partly.counts.consumed).toBeGreaterThan(0)

  // What comes later is not of it, whatever its timestamp says.
  await append(evenOrders(30, 6, 10_000))
  const reports = await Promise.all([folder.json<Report>(line), folder.json<Report>(line)])
  expect(reports.map(({ complete, goesOn }) => ({ complete, goesOn }))).toEqual([
    { complete: true, goesOn: true },
    { complete: true, goesOn: true },
  ])
  const wanted = orders.filter((_, n) => n >= 100 && n < 400).map(({ id }) => id)
  expect(await idsIn(`${topic}-side`)).toEqual(wanted.toSorted())
  const consumed = reports.reduce((sum, { counts }) => sum + counts.consumed, partly.counts.consumed)
  expect(consumed).toBe(300)

  expect(await idsIn(`${topic}-copy`)).toEqual(orders.map(({ id }) => id).sort())
  const now = await folder.json<readonly object[]>(`offsets show ${file} --env trial`)
  const committed = (rows: unknown): unknown =>
    (rows as readonly { committed: number }[]).map((row) => row.committed)
  expect(committed(now)).toEqual(committed(live))
  expect(await folder.json('replay list --env trial')).toMatchObject([
    { topology: group, name: 'days', complete: true },
  ])

  const removed = await folder.json<{ topics: readonly string[] }>(
    `replay remove ${file} --as days --yes --env trial`,
  )
  expect(removed.topics).toEqual([`${side}.${topic}.parked`, `${side}.unique.changelog`, `${side}.plan`])
  expect(await folder.json('replay list --env trial')).toEqual([])
  expect((await folder.run(`lag --group ${side} --env trial`)).code).toBe(1)
})

test('a time of which nothing is there is complete at once', async () => {
  const line = `replay ${file} --from ${dayText(40)} --topic ${topic}-copy=${topic}-none --env trial`
  expect(await folder.json(line)).toMatchObject({ complete: true, counts: { consumed: 0 } })
  expect(await folder.json(line)).toMatchObject({ complete: true, goesOn: true })
})
