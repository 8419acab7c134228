import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Trial } from './trial.ts'

let trial: Trial
let orders: string
let users: string
let out: string
let group: string

beforeAll(async () => {
  trial = await Trial.open(3)
  orders = trial.kafka.uniqueTopic('orders')
  users = trial.kafka.uniqueTopic('users')
  out = trial.kafka.uniqueTopic('known')
  trial.folder.write(
    'schemas/catalogue.yaml',
    `topics:
  ${orders}: { retention: 1d, partitions: 3 }
  ${users}: { retention: 1d, partitions: 3 }
  ${users}-few: { retention: 1d, partitions: 2 }
`,
  )
  group = trial.topology('enriched', joined(users))
  trial.topology('unlike', joined(`${users}-few`))
})

afterAll(() => trial.close())

const joined = (table: string): string => `sources:
  orders: { type: topic, topic: ${orders}, format: json }
  users: { type: topic, topic: ${table}, format: json }
processors:
  known: { type: join, from: orders, table: users, as: user, kind: left }
sinks:
  out: { type: topic, from: known, topic: ${out} }
delivery: exactly-once
`

interface Known {
  readonly key: string
  readonly n: number
  readonly user: { readonly name: string } | null
}

const many = Array.from({ length: 200 }, (_, n) => `k${n}`)

test('in a cluster: the table is read before the first record, and outlives its worker', async () => {
  await trial.apply()
  const shown = await trial.folder.json<{ settings: object }>(
    `topics show ${group}.users.changelog --env trial`,
  )
  expect(shown.settings).toMatchObject({ 'cleanup.policy': 'compact' })
  // The records are there first: without waiting, they would be joined with nothing.
  await trial.produce(orders, ...many.map((key) => ({ key, n: 1 })))
  await trial.produce(
    users,
    ...many.map((key) => ({ key, name: 'old' })),
    ...many.map((key) => ({ key, name: key })),
  )
  await trial.toEnd('enriched')
  await trial.produce(users, { key: 'k1', name: 'newer' })
  await trial.produce(orders, ...many.map((key) => ({ key, n: 2 })))
  await trial.toEnd('enriched')
  const known = await trial.read<Known>(out)
  expect(known.map(({ key, n, user }) => `${key} ${n} ${user?.name}`).sort()).toEqual(
    many.flatMap((key) => [`${key} 1 ${key}`, `${key} 2 ${key === 'k1' ? 'newer' : key}`]).sort(),
  )
})

test('in a cluster: topics with different numbers of partitions are not joined', async () => {
  const run = await trial.folder.run('run topologies/unlike.yaml --until-end --env trial')
  expect(run.code).not.toBe(0)
  expect(run.err.join('\n')).toContain('are read together and have 3 and 2 partitions')
})
