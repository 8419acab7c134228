// The service over real Kafka: what it is asked for is carried out by workers that know nothing of it.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'
import { all, issue, TestService } from './service-kit.ts'

let kafka: SharedKafka
let folder: Folder
let topic: string
let group: string

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  topic = kafka.uniqueTopic('orders')
  group = kafka.uniqueGroup('store')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 2, replication: 1 } }
http: { listen: '127.0.0.1:0' }
access: { keys: file:../keys.json }
`,
  )
  topology('OPEN')
  folder.write('orders.jsonl', ['1:LOST', '2:OPEN'].map(line).join(''))
  expect((await folder.run('topics apply --env trial')).code).toBe(0)
  const produced = await folder.run(`produce ${topic} --raw --key customer --file orders.jsonl --env trial`)
  expect(produced).toMatchObject({ code: 0 })
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

function topology(states: string): void {
  folder.write(
    'topologies/store.yaml',
    `name: ${group}
sources: { orders: { type: topic, topic: ${topic}, format: json } }
processors: { good: { type: validate, from: orders, fields: { state: { oneOf: [${states}] } } } }
sinks: { out: { type: console, from: good } }
`,
  )
}

function line(order: string): string {
  const [id, state] = order.split(':')
  return `${JSON.stringify({ id, customer: 'c1', state })}\n`
}

/** The ids that the sink got, in order. */
async function run(): Promise<string[]> {
  const ran = await folder.run('run topologies/store.yaml --env trial --until-end --http off')
  expect(ran.code).toBe(0)
  return ran.out.map((text) => (JSON.parse(text) as { id: string }).id)
}

test('parked records are listed, shown and released', async () => {
  expect(await run()).toEqual([])
  const ada = await issue(join(folder.path, 'keys.json'), all)
  const service = new TestService(folder.path, ['--env', 'trial'], folder.env)
  try {
    const url = `/v1/dlq/keys?topology=${group}`
    const { keys } = (await service.ask<{ keys: { firstLetter: string }[] }>(url, { key: ada })).body
    expect(keys).toMatchObject([
      { topology: group, topic, key: 'c1', openLetters: 2, code: 'RECORD_INVALID' },
    ])
    const { firstLetter } = keys[0]!
    const letter = await service.ask(`/v1/dlq/letters/${group}/${topic}/${firstLetter}`, { key: ada })
    expect(letter).toMatchObject({ status: 200, body: { state: 'open', value: { id: '1', state: 'LOST' } } })
    expect((await service.ask('/readyz')).status).toBe(200)
    const body = { topology: group, key: 'c1' }
    expect(await service.ask('/v1/dlq/release', { key: ada, body })).toMatchObject({
      status: 202,
      body: { letters: 2, state: 'done' },
    })
    await service.refused('/v1/dlq/release', { key: ada, body }, 409)
    topology('OPEN, LOST')
    expect(await run()).toEqual(['1', '2'])
    expect((await service.ask(url, { key: ada })).body).toEqual({
      keys: [],
      halted: [],
      more: null,
    })
  } finally {
    expect(await service.stop()).toBe(0)
  }
})
