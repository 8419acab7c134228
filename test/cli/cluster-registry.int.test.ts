// Values whose schemas are in a registry, shown to people.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
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
}, 120_000)

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
