import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
let payments: string
let logins: string

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  payments = kafka.uniqueTopic('payments')
  logins = kafka.uniqueTopic('logins')
  const out = kafka.uniqueTopic('history')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 3, replication: 1 } }\n`,
  )
  folder.write(
    'topologies/history.yaml',
    `name: ${kafka.uniqueGroup('history')}
description: Of a test.
sources:
  payments: { type: topic, topic: ${payments}, format: json, timestamp: at }
  logins: { type: topic, topic: ${logins}, format: json, timestamp: at }
processors:
  all: { type: merge, from: [payments, logins], wait: 2s }
sinks:
  out: { type: topic, from: all, topic: ${out} }
`,
  )
  folder.write(
    'topologies/show.yaml',
    `name: ${kafka.uniqueGroup('show')}
description: Of a test.
sources: { values: { type: topic, topic: ${out}, format: json } }
sinks: { out: { type: console, from: values } }
`,
  )
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

interface Event {
  readonly key: string
  readonly at: number
}

async function produce(to: string, events: readonly Event[]): Promise<void> {
  folder.write('values.jsonl', `${events.map((event) => JSON.stringify(event)).join('\n')}\n`)
  const produced = await folder.run(`produce ${to} --raw --key key --file values.jsonl --env trial`)
  expect(produced).toMatchObject({ code: 0 })
}

const keys = Array.from({ length: 20 }, (_, n) => `k${n}`)
const events = (from: number, count: number, every: number): Event[] =>
  Array.from({ length: count }, (_, n) => keys.map((key) => ({ key, at: 1000 + from + n * every }))).flat()

test('in a cluster: records of two topics come out by their event times, key by key', async () => {
  expect(await folder.run('topics apply --env trial')).toMatchObject({ code: 0 })
  // One topic is much longer than the other, and was written first.
  await produce(payments, events(0, 200, 2))
  await produce(logins, events(1, 50, 8))
  const run = await folder.run('run topologies/history.yaml --until-end --env trial')
  expect(run).toMatchObject({ code: 0 })
  const { out } = await folder.run('run topologies/show.yaml --until-end --env trial')
  const history = out.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Event)
  const times = (key: string): number[] => history.flatMap((event) => (event.key === key ? [event.at] : []))
  const expected = [...events(0, 200, 2), ...events(1, 50, 8)]
    .flatMap((event) => (event.key === 'k0' ? [event.at] : []))
    .sort((a, b) => a - b)
  for (const key of keys) expect(times(key)).toEqual(expected)
}, 120_000)
