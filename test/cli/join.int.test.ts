import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
let orders: string
let users: string
let out: string
let group: string

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  orders = kafka.uniqueTopic('orders')
  users = kafka.uniqueTopic('users')
  out = kafka.uniqueTopic('known')
  group = kafka.uniqueGroup('enriched')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 3, replication: 1 } }\n`,
  )
  folder.write(
    'schemas/catalogue.yaml',
    `topics:
  ${orders}: { retention: 1d, partitions: 3 }
  ${users}: { retention: 1d, partitions: 3 }
  ${users}-few: { retention: 1d, partitions: 2 }
`,
  )
  folder.write('topologies/enriched.yaml', topology(group, users))
  folder.write('topologies/unlike.yaml', topology(`${group}-unlike`, `${users}-few`))
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

function topology(name: string, table: string): string {
  return `name: ${name}
description: Of a test.
sources:
  orders: { type: topic, topic: ${orders}, format: json }
  users: { type: topic, topic: ${table}, format: json }
processors:
  known: { type: join, from: orders, table: users, as: user, kind: left }
sinks:
  out: { type: topic, from: known, topic: ${out} }
delivery: exactly-once
`
}

async function produce(to: string, ...values: readonly object[]): Promise<void> {
  folder.write('values.jsonl', `${values.map((value) => JSON.stringify(value)).join('\n')}\n`)
  const produced = await folder.run(`produce ${to} --raw --key key --file values.jsonl --env trial`)
  expect(produced).toMatchObject({ code: 0 })
}

async function toEnd(): Promise<void> {
  const run = await folder.run('run topologies/enriched.yaml --until-end --env trial')
  expect(run).toMatchObject({ code: 0 })
}

interface Known {
  readonly n: number
  readonly user: { readonly name: string } | null
}

const many = Array.from({ length: 200 }, (_, n) => `k${n}`)

test('in a cluster: the table is read before the first record, and outlives its worker', async () => {
  expect(await folder.run('topics apply --env trial')).toMatchObject({ code: 0 })
  const shown = await folder.json<{ settings: object }>(`topics show ${group}.users.changelog --env trial`)
  expect(shown.settings).toMatchObject({ 'cleanup.policy': 'compact' })
  // The records are there first: without waiting, they would be joined with nothing.
  await produce(orders, ...many.map((key) => ({ key, n: 1 })))
  await produce(
    users,
    ...many.map((key) => ({ key, name: 'old' })),
    ...many.map((key) => ({ key, name: key })),
  )
  await toEnd()
  await produce(users, { key: 'k1', name: 'newer' })
  await produce(orders, ...many.map((key) => ({ key, n: 2 })))
  await toEnd()
  const { out: lines } = await folder.run('run topologies/show.yaml --until-end --env trial')
  const known = lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Known & { key: string })
  expect(known.map(({ key, n, user }) => `${key} ${n} ${user?.name}`).sort()).toEqual(
    many.flatMap((key) => [`${key} 1 ${key}`, `${key} 2 ${key === 'k1' ? 'newer' : key}`]).sort(),
  )
}, 120_000)

test('in a cluster: topics with different numbers of partitions are not joined', async () => {
  const run = await folder.run('run topologies/unlike.yaml --until-end --env trial')
  expect(run.code).not.toBe(0)
  expect(run.err.join('\n')).toContain('are read together and have 3 and 2 partitions')
}, 60_000)
