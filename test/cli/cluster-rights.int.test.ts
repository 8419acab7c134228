// What users of a cluster with ACLs are told where a right is missing.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Writer } from '../../native/writer.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import type { Right } from '../support/servers/kafka-admin.ts'
import { Folder } from './full-command-line.ts'

const users = ['nobody', 'deaf', 'reader', 'member', 'mute', 'keeper', 'all'] as const
type User = (typeof users)[number]

let kafka: KafkaServer
let folder: Folder

const topic = 'orders'
const group = 'order-store'

beforeAll(async () => {
  const passwords = Object.fromEntries(users.map((user) => [user, `${user}-secret`]))
  kafka = await startKafka({ name: 'rights', sasl: { users: passwords }, acls: true })
  for (const name of [topic, `${topic}.dlq`, `${group}.${topic}.parked`, `${group}.unique.changelog`])
    await kafka.createTopic(name)
  const topicsOf = (...operations: Right['operations']): Right => ({
    ...{ resource: 'TOPIC', name: 'order', prefix: true },
    operations,
  })
  const read = topicsOf('READ', 'DESCRIBE', 'DESCRIBE_CONFIGS')
  const write = topicsOf('WRITE')
  const member: Right = { resource: 'GROUP', name: group, prefix: true, operations: ['READ'] }
  const transactions: Right = {
    ...{ resource: 'TRANSACTIONAL_ID', name: `millrace-${group}`, prefix: true },
    operations: ['WRITE', 'DESCRIBE'],
  }
  await kafka.allow('deaf', [member, transactions])
  await kafka.allow('reader', [read])
  await kafka.allow('member', [read, write, member])
  await kafka.allow('mute', [read, member, transactions])
  await kafka.allow('keeper', [read, write, member, transactions])
  await kafka.allow('all', [read, write, member, transactions, topicsOf('CREATE')])

  folder = new Folder()
  for (const user of users) {
    folder.env[`PASSWORD_${user}`] = passwords[user]!
    folder.write(
      `environments/${user}.yaml`,
      `kafka:
  brokers: ${kafka.listeners.sasl}
  sasl: { mechanism: SCRAM-SHA-256, username: ${user}, password: env:PASSWORD_${user} }
  topics: { partitions: 1, replication: 1 }\n`,
    )
  }
  const topology = (name: string, from: string) => `name: ${name}
sources: { orders: { type: topic, topic: ${from}, format: json } }
processors: { unique: { type: dedupe, from: orders, by: id, window: 1d } }
sinks: { out: { type: console, from: unique } }\n`
  folder.write('topologies/orders.yaml', topology(group, topic))
  folder.write('new/orders.yaml', topology(`${group}-new`, topic))
})

afterAll(async () => {
  folder.remove()
  await kafka.close()
})

const run = (user: User, file = 'topologies/orders.yaml') =>
  folder.run(`run ${file} --until-end --http off --env ${user}`)

/** One sentence that says whose right is missing, which, and on what. */
const refused = (what: string, user: User, right: string, on: string) => ({
  code: 1,
  err: [
    `millrace: ${what}: Kafka does not give user ${user} the right ${right} on ${on}: have it allowed (kafka-acls).`,
  ],
})

async function write(): Promise<void> {
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  const value = Buffer.from('{"id":"1"}')
  await writer.writePlain([{ topic, partition: 0, key: null, value, timestamp: Date.now() }])
  await writer.close()
}

describe('a worker stops in one sentence', () => {
  beforeAll(write)

  test('without a right on its topic', async () => {
    const what = `Topic ${topic}, which ${group} reads, cannot be read`
    expect(await run('deaf')).toMatchObject(refused(what, 'deaf', 'Read', 'this topic'))
  })

  test('without a right on its group', async () => {
    const what = `Group ${group} cannot be joined`
    expect(await run('reader')).toMatchObject(refused(what, 'reader', 'Read', 'this group'))
  })

  test('without a right on its transactional id', async () => {
    const { code, err } = await run('member')
    expect({ code, lines: err.length }).toEqual({ code: 1, lines: 1 })
    expect(err[0]).toMatch(
      /^millrace: Progress cannot be committed under the transactional id millrace-order-store-\S+: Kafka does not give user member the right Write on this transactional id: have it allowed \(kafka-acls\)\.$/,
    )
  })

  test('without a right on the topic of its state', async () => {
    const what = `Progress cannot be committed to ${group}.unique.changelog`
    expect(await run('mute')).toMatchObject(refused(what, 'mute', 'Write', 'this topic'))
  })

  test('without the right to make a topic that is not there', async () => {
    const what = `The topic ${group}-new.${topic}.parked cannot be made`
    expect(await run('keeper', 'new/orders.yaml')).toMatchObject(
      refused(what, 'keeper', 'Create', 'this topic'),
    )
  })

  test('and has no need of more than its guide says', async () => {
    const { code, out } = await run('keeper')
    expect({ code, records: out.length }).toEqual({ code: 0, records: 1 })
    expect((await run('all', 'new/orders.yaml')).code).toBe(0)
  })
})

describe('commands', () => {
  test.each(['topics plan', 'topics apply'])('%s without rights', async (line) => {
    const { code, err } = await folder.run(`${line} --env nobody`)
    expect({ code, lines: err.length }).toEqual({ code: 1, lines: 1 })
    expect(err[0]).toMatch(
      /^millrace: The topics \S+, \S+ and \d+ more cannot be described: Kafka does not give user nobody the right Describe on this topic: have it allowed \(kafka-acls\)\.$/,
    )
  })

  test('topics apply without the right to change settings', async () => {
    await kafka.alterTopicConfig(`${group}.${topic}.parked`, { 'retention.ms': 1000 })
    const what = `The settings of the topic ${group}.${topic}.parked cannot be changed`
    const applied = await folder.run('topics apply topologies/orders.yaml --env reader')
    expect(applied).toMatchObject(refused(what, 'reader', 'AlterConfigs', 'this topic'))
  })

  test.each(['lag', 'offsets show'])('%s without a right on the group', async (line) => {
    const what = `The offsets of the group ${group} cannot be told`
    const told = await folder.run(`${line} topologies/orders.yaml --env reader`)
    expect(told).toMatchObject(refused(what, 'reader', 'Describe', 'this group'))
  })

  test('say so where a topic may be there and not be seen', async () => {
    const shown = await folder.run('offsets show topologies/orders.yaml --env nobody')
    expect(shown).toMatchObject({
      code: 1,
      err: [expect.stringMatching(/or does not let this user see them: orders\.$/)],
    })
    const lag = await folder.run('lag topologies/orders.yaml --env nobody')
    expect(lag.out).toEqual([
      'No partition is read: the topics do not exist yet, or this user may not see them.',
    ])
  })
})
