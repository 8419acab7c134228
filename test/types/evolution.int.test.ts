// Versions come and go while records are written: a real broker, a real registry, and every record read once.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sharedRegistry } from '../support/servers/registry-shared.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { killLeftovers, millrace } from '../support/cli.ts'
import { Folder } from '../cli/full-command-line.ts'
import { casts, castFile, eventOf, names, schemas } from './project.ts'

let kafka: SharedKafka
let topic: string
let derived: string
let group: string
const folders: Folder[] = []

/** A project as it was released: what it knows of the record, and how it reads it. */
interface Release {
  readonly folder: Folder
  /** What `produce` writes with. */
  readonly schema: string
}

let at: Readonly<Record<'1.0' | '1.1' | '2.0', Release>>

beforeAll(async () => {
  kafka = await sharedKafka()
  const registry = await sharedRegistry()
  topic = kafka.uniqueTopic('orders')
  derived = `${topic}-v1`
  group = kafka.uniqueGroup('orders')
  const environment = `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 1, replication: 1 } }
registry: { url: '${registry.url}', register: true }\n`
  const release = (files: readonly string[], schema: string, topology: string): Release => {
    const folder = new Folder()
    folders.push(folder)
    folder.write('environments/trial.yaml', environment)
    for (const file of files) folder.write(`schemas/${topic}/${file}`, schemas[file]!)
    folder.write('topologies/orders.yaml', topology)
    folder.write(
      'topologies/derived.yaml',
      `name: ${group}-derived
sources: { events: { type: topic, topic: ${derived}, schema: [${names[0]}] } }
sinks: { out: { type: console, from: events } }\n`,
    )
    return { folder, schema }
  }
  const v1 = `name: ${group}
sources: { events: { type: topic, topic: ${topic}, schema: [${names[0]}] } }
sinks: { out: { type: console, from: events } }\n`
  const v2 = `name: ${group}
sources: { events: { type: topic, topic: ${topic}, schema: [${names[0]}, ${names[1]}] } }
processors:
  newest: { type: upcast, from: events }
  older: { type: downcast, from: newest, schema: ${names[0]} }
sinks:
  out: { type: console, from: newest }
  derived: { type: topic, from: older, topic: ${derived}, schema: ${names[0]} }\n`
  const [one, oneOne, two] = ['OrderCreated.v1.0.avsc', 'OrderCreated.v1.1.avsc', 'OrderCreated.v2.0.avsc']
  at = {
    '1.0': release([one], names[0], v1),
    '1.1': release([one, oneOne], names[0], v1),
    '2.0': release([one, oneOne, two], names[1], v2),
  }
  at['2.0'].folder.write(`schemas/${topic}/${castFile}`, casts)
  expect(await at['1.0'].folder.run('topics apply --env trial')).toMatchObject({ code: 0 })
})

afterAll(async () => {
  killLeftovers()
  for (const folder of folders) folder.remove()
  await kafka.reset()
})

/** Writes an order as a release does. */
async function write(version: keyof typeof at, n: number, data: object): Promise<void> {
  const { folder, schema } = at[version]
  folder.write(
    'orders.jsonl',
    `${JSON.stringify(eventOf('order.created', n, { orderId: `o${n}`, ...data }))}\n`,
  )
  const produced = await folder.run(
    `produce ${topic} --schema ${schema} --key eventId --file orders.jsonl --env trial`,
  )
  expect(produced).toMatchObject({ code: 0, err: [] })
}

/** What a release of the readers reads from where the one before ended. */
async function read(version: keyof typeof at, file = 'orders'): Promise<object[]> {
  const { folder } = at[version]
  const words = ['run', `topologies/${file}.yaml`, '--until-end', '--http', 'off', '--env', 'trial']
  const { code, out, err } =
    version === '2.0' ? await ofItsOwn(words, folder) : await folder.run(words.join(' '))
  expect(code).toBe(0)
  expect(err.join('\n')).toContain('0 parked, 0 skipped')
  return out.map((line) => (JSON.parse(line) as { data: object }).data)
}

/** Code of users, such as casts, is loaded in processes of its own. */
async function ofItsOwn(words: readonly string[], { path: cwd }: Folder) {
  const { code, stdout, stderr } = await millrace(words, { cwd })
  return { code, out: stdout.trim().split('\n'), err: [stderr] }
}

test('writers of 1.0, 1.1 and 2.0 at once; readers go forth and back, and lose and park nothing', async () => {
  await write('1.0', 1, { total: 1 })
  await write('1.1', 2, { total: 2, note: 'two' })
  expect(await read('1.0')).toEqual([
    { orderId: 'o1', total: 1 },
    { orderId: 'o2', total: 2 },
  ])

  await write('1.1', 3, { total: 3, note: null })
  await write('1.0', 4, { total: 4 })
  expect(await read('1.1')).toEqual([
    { orderId: 'o3', total: 3, note: null },
    { orderId: 'o4', total: 4, note: null },
  ])

  // Back again, while both write.
  await write('1.1', 5, { total: 5, note: 'five' })
  expect(await read('1.0')).toEqual([{ orderId: 'o5', total: 5 }])

  // Readers of MAJOR 2 come before its writers.
  await write('1.0', 6, { total: 6 })
  await write('2.0', 7, { total: '7.00', currency: 'EUR', note: 'seven' })
  await write('1.1', 8, { total: 8, note: 'eight' })
  expect(await read('2.0')).toEqual([
    { orderId: 'o6', total: '6.00', currency: 'EUR', note: null },
    { orderId: 'o7', total: '7.00', currency: 'EUR', note: 'seven' },
    { orderId: 'o8', total: '8.00', currency: 'EUR', note: 'eight' },
  ])

  // Whoever stays with MAJOR 1 has a topic of it.
  expect(await read('1.0', 'derived')).toEqual([
    { orderId: 'o6', total: 6 },
    { orderId: 'o7', total: 7 },
    { orderId: 'o8', total: 8 },
  ])
})
