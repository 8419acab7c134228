// Values whose schemas are in a registry, shown to people.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { clientProperties } from '../support/servers/client-properties.ts'
import { java } from '../support/servers/java-client.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { sharedRegistry } from '../support/servers/registry-shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
let topic: string
let group: string

beforeAll(async () => {
  kafka = await sharedKafka()
  const registry = await sharedRegistry()
  folder = new Folder()
  topic = kafka.uniqueTopic('visits')
  group = kafka.uniqueGroup('visits')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 1, replication: 1 } }
registry: { url: '${registry.url}', register: true }\n`,
  )
  folder.write(
    `schemas/${topic}/Visit.v1.avsc`,
    JSON.stringify({
      ...{ type: 'record', name: 'Visit', namespace: 'trial' },
      fields: [
        { name: 'page', type: 'string' },
        { name: 'visitor', type: 'string' },
      ],
    }),
  )
  folder.write(
    'topologies/visits.yaml',
    `name: ${group}
sources: { visits: { type: topic, topic: ${topic}, schema: trial.Visit } }
processors: { good: { type: validate, from: visits, fields: { page: { minLength: 1 } } } }
sinks: { out: { type: console, from: good } }\n`,
  )
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

test('a letter is shown by the schema that the registry of the cluster has for its id', async () => {
  expect(await folder.run('topics apply --env trial')).toMatchObject({ code: 0 })
  folder.write('visits.jsonl', '{"page":"","visitor":"ada"}\n')
  const produced = await folder.run(
    `produce ${topic} --schema trial.Visit --key visitor --file visits.jsonl --env trial`,
  )
  expect(produced).toMatchObject({ code: 0 })
  const ran = await folder.run('run topologies/visits.yaml --until-end --http off --env trial -o json')
  expect(ran).toMatchObject({ code: 0, err: [] })
  expect(JSON.parse(ran.out.at(-1)!)).toMatchObject({ consumed: 1, deadLettered: 1 })
  const shown = await folder.json<Record<string, unknown>>(`dlq show 0@0 --topology ${group} --env trial`)
  expect(shown).toMatchObject({ format: 'avro trial.Visit', value: { page: '', visitor: 'ada' } })
  expect(shown).not.toHaveProperty('problem')
})

test('any other program reads from its headers why a record is a dead letter', async () => {
  const client = clientProperties('java', kafka)
  const [letter] = await java.consume({
    client,
    topic: `${topic}.dlq`,
    isolation: 'read_committed',
    count: 1,
  })
  const [record] = await java.consume({ client, topic, count: 1 })
  expect([letter!.key, letter!.value]).toEqual([record!.key, record!.value])
  expect(Object.fromEntries(letter!.headers.map(([name, value]) => [name, value?.toString('utf8')]))).toEqual(
    {
      'millrace.letter': expect.any(String),
      '__streams.errors.exception': 'MillraceError',
      '__streams.errors.message': expect.stringMatching(/^The field page is not valid/),
      '__streams.errors.topic': topic,
      '__streams.errors.partition': '0',
      '__streams.errors.offset': '0',
      'millrace.errors.group': group,
      'millrace.errors.node': 'good',
      'millrace.errors.class': 'permanent',
      'millrace.errors.code': 'RECORD_INVALID',
      'millrace.errors.attempts': '1',
      'millrace.errors.first-failure': expect.stringMatching(/Z$/),
      'millrace.errors.last-failure': expect.stringMatching(/Z$/),
      'millrace.errors.timestamp': new Date(record!.timestamp).toISOString(),
      'millrace.errors.type': 'trial.Visit',
      'millrace.errors.schema-id': String(record!.value!.readUInt32BE(1)),
    },
  )
})

test('a letter is edited in its place, with the schema of the registry, and then replayed', async () => {
  folder.write('mended.json', '{"page":"/","visitor":"ada"}')
  const of = `--topology ${group} --env trial`
  const run = () => folder.run('run topologies/visits.yaml --until-end --http off --env trial')
  const visit = '{"page":"/","visitor":"ada"}'
  expect(await folder.run(`dlq replay 0@0 --edit mended.json --yes ${of}`)).toMatchObject({
    code: 0,
    err: [],
  })
  expect(await run()).toMatchObject({ code: 0, out: [visit] })
  expect(await folder.run(`dlq list ${of}`)).toMatchObject({ code: 0, out: ['Nothing is parked.'] })
  expect(await folder.run(`dlq replay --yes ${of}`)).toMatchObject({ code: 0 })
  expect(await run()).toMatchObject({ code: 0, out: [] })
  expect(await folder.run(`dlq replay 0@0 --edit mended.json --again --yes ${of}`)).toMatchObject({ code: 0 })
  expect(await run()).toMatchObject({ code: 0, out: [visit] })
  expect((await folder.json<{ total: object }>(`dlq stats ${of}`)).total).toMatchObject({
    open: 0,
    released: 1,
  })
})

test('a worker stops in one sentence where what answers is no registry, though nothing is to be read', async () => {
  const server = createServer((_, response) => response.end('<html>It works!</html>'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  folder.write(
    'environments/other.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 1, replication: 1 } }
registry: { url: '${at}' }\n`,
  )
  try {
    expect(await folder.run('run topologies/visits.yaml --until-end --http off --env other')).toEqual({
      ...{ code: 1, out: [] },
      err: [
        `millrace: What answers at registry.url ${at} is no schema registry (200, a web page): give the base of the ` +
          'Confluent API itself; Apicurio’s ends in /apis/ccompat/v7.',
      ],
    })
  } finally {
    server.close()
  }
})

test('a registry that is away is told at the start, and waited for when it is needed', async () => {
  folder.write(
    'environments/away.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 1, replication: 1 } }
registry: { url: 'http://127.0.0.1:1' }\n`,
  )
  const empty = kafka.uniqueTopic('visits')
  await kafka.createTopic(empty)
  folder.write(
    'topologies/none.yaml',
    `name: ${kafka.uniqueGroup('none')}
sources: { visits: { type: topic, topic: ${empty}, schema: trial.Visit } }
sinks: { out: { type: console, from: visits } }\n`,
  )
  const ran = await folder.run('run topologies/none.yaml --until-end --http off --env away')
  expect(ran).toMatchObject({ code: 0, out: [] })
  expect(ran.err.join('\n')).toMatch(
    /The schema registry does not answer \(http:\/\/127\.0\.0\.1:1.*asked again/,
  )
})
