// Where an event went, in a cluster: topics in Kafka, tables in Cassandra.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Tracing } from '../../cli/trace/report.ts'
import { sharedCassandra } from '../support/servers/cassandra-shared.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
let topic: string
let copies: string

beforeAll(async () => {
  const [broker, cassandra] = await Promise.all([sharedKafka(), sharedCassandra()])
  kafka = broker
  folder = new Folder()
  topic = kafka.uniqueTopic('events')
  copies = kafka.uniqueTopic('copies')
  folder.write(
    'environments/trial.yaml',
    `
kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 2, replication: 1 } }
cassandra:
  contactPoints: ['${cassandra.contactPoint}']
  datacenter: ${cassandra.datacenter}
  keyspace: ${await cassandra.newKeyspace('trace')}
  consistency: LOCAL_ONE
`,
  )
  folder.write(
    'cql/0001-rows.cql',
    'CREATE TABLE rows (shop text, at timestamp, id text, hash text, size bigint, PRIMARY KEY ((shop), at, id, hash));\n',
  )
  folder.write(
    'topologies/shops.yaml',
    `name: ${kafka.uniqueGroup('shops')}
description: Of a test.
sources: { events: { type: topic, topic: ${topic}, format: json, timestamp: at } }
processors:
  valid: { type: validate, from: events, fields: { size: { max: 100 } } }
  unique: { type: dedupe, from: valid, by: id, window: 7d }
sinks:
  rows: { type: table, from: unique, table: rows, hash: { of: [id, size] } }
  copies: { type: topic, from: unique, topic: ${copies} }
errors: { attempts: 1, then: park, flood: { share: 1, of: 1000 } }
delivery: exactly-once
`,
  )
  expect(await folder.run('cql apply --env trial')).toMatchObject({ code: 0 })
  const at = Date.UTC(2026, 0, 1)
  const event = (n: number) => ({ id: `e${n}`, shop: `s${n % 3}`, at: at + n * 1000, size: n })
  const events = [...Array.from({ length: 30 }, (_, n) => event(n)), event(7), { ...event(40), size: 200 }]
  folder.write('events.jsonl', events.map((one) => `${JSON.stringify(one)}\n`).join(''))
  const produced = await folder.run(`produce ${topic} --raw --key shop --file events.jsonl --env trial`)
  expect(produced).toMatchObject({ code: 0 })
  const ran = await folder.run('run topologies/shops.yaml --until-end --http off --env trial')
  expect({ code: ran.code, err: ran.err.join('\n') }).toMatchObject({ code: 0 })
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

const trace = (id: string, more = ''): Promise<Tracing> =>
  folder.json<Tracing>(`trace ${id} --topology topologies/shops.yaml --env trial${more}`)

test('positions, rows, records, and a duplicate that the committed state knows', async () => {
  const { positions, searched } = await trace('e7')
  expect(searched.records).toBe(32)
  expect(positions.map(({ verdict, committed }) => ({ verdict, committed }))).toEqual([
    { verdict: 'stored', committed: true },
    { verdict: 'duplicate', committed: true },
  ])
  const sinks = Object.fromEntries(positions[0]!.sinks.map((sink) => [sink.node, sink]))
  expect(sinks).toMatchObject({
    rows: { row: { state: 'there', key: { shop: 's1', id: 'e7' } } },
    copies: { output: { found: [{ topic: copies }], similar: [] } },
  })
  expect(positions[1]!.sinks).toEqual([])
  // Alone, with nothing but the changelog to know it by.
  const { partition, offset } = positions[1]!
  const alone = await trace(`${topic}/${partition}@${offset}`)
  expect(alone.positions).toMatchObject([{ verdict: 'duplicate', sinks: [] }])
})

test('a letter, and a search that begins at a time', async () => {
  const { positions } = await trace('e40', ' --since 1h')
  expect(positions).toMatchObject([
    { committed: true, verdict: 'skipped', letters: [{ state: 'open', node: 'valid', attempts: 1 }] },
  ])
  const later = await folder.run(
    'trace e40 --topology topologies/shops.yaml --env trial --until 2020-01-01T00:00:00Z -o json',
  )
  expect(later.code).toBe(1)
})
