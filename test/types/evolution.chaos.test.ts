// Services of 1.0, 1.1 and 2.0 write at the same time, all the while; readers are upgraded and rolled back meanwhile in the orders
// that `schemas plan` allows, are killed, and start while the registry is away.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Folder } from '../cli/full-command-line.ts'
import { killLeftovers, millrace, root, Running } from '../support/cli.ts'
import { startRegistry, type RegistryServer } from '../support/servers/registry.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { castFile, casts, names, schemas } from './project.ts'

jest.setTimeout(900_000)

const versions = ['1.0', '1.1', '2.0'] as const
type Version = (typeof versions)[number]

const data: Readonly<Record<Version, string>> = {
  '1.0': '{"orderId":"o$N","total":$N}',
  '1.1': '{"orderId":"o$N","total":$N,"note":"n$N"}',
  '2.0': '{"orderId":"o$N","total":"$N.00","currency":"EUR","note":"n$N"}',
}

let kafka: SharedKafka
let registry: RegistryServer
let topic: string
let read: string
let state: Folder
const folders = new Map<Version, Folder>()

beforeAll(async () => {
  ;[kafka, registry] = await Promise.all([sharedKafka(), startRegistry()])
  topic = kafka.uniqueTopic('orders')
  read = `${topic}-read`
  state = new Folder()
  const group = kafka.uniqueGroup('orders')
  for (const version of versions) folders.set(version, release(version, group))
  expect(await commandOf('1.0', 'topics', 'apply')).toMatchObject({ code: 0 })
})

afterAll(async () => {
  killLeftovers()
  for (const folder of [...folders.values(), state]) folder?.remove()
  await Promise.all([kafka?.reset(), registry?.close()])
})

/** A project as it was released. Its readers write on what they read, in the form in which they read it. */
function release(version: Version, group: string): Folder {
  const folder = new Folder()
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 3, replication: 1 }, settings: { session.timeout.ms: 6000 } }
registry: { url: '${registry.url}', register: true }
state: { dir: '${state.path}' }\n`,
  )
  folder.write(
    'schemas/catalogue.yaml',
    `topics: { ${topic}: { owner: orders, key: metadata.sessionId, sequence: metadata.sessionSeq, compatibility: FULL_TRANSITIVE } }\n`,
  )
  for (const known of versions.filter((one) => one <= version))
    folder.write(`schemas/${topic}/OrderCreated.v${known}.avsc`, schemas[`OrderCreated.v${known}.avsc`]!)
  const isSecond = version === '2.0'
  if (isSecond) folder.write(`schemas/${topic}/${castFile}`, casts)
  folder.write(
    'topologies/orders.yaml',
    `name: ${group}
sources: { events: { type: topic, topic: ${topic}, schema: [${isSecond ? `${names[0]}, ${names[1]}` : names[0]}] } }
processors:
  unique: { type: dedupe, from: events, by: eventId, window: 1d }
${isSecond ? '  newest: { type: upcast, from: unique }\n' : ''}sinks:
  out: { type: topic, from: ${isSecond ? 'newest' : 'unique'}, topic: ${read}, schema: ${names[isSecond ? 1 : 0]} }
delivery: exactly-once\n`,
  )
  return folder
}

function commandOf(version: Version, ...words: readonly string[]) {
  return millrace([...words, '--env', 'trial'], { cwd: folders.get(version)!.path })
}

/** Registers the schemas of a release, which the plan must allow. */
async function register(version: Version): Promise<void> {
  expect(await commandOf(version, 'schemas', 'plan')).toMatchObject({ code: 3, stderr: '' })
  expect(await commandOf(version, 'schemas', 'apply')).toMatchObject({ code: 0, stderr: '' })
}

async function startWriter(version: Version): Promise<Running> {
  const { path } = folders.get(version)!
  const env = {
    ...{ PROJECT: path, ENVIRONMENT: 'trial', DATA: data[version] },
    ...{ SCHEMA: names[version === '2.0' ? 1 : 0], PREFIX: String(versions.indexOf(version) + 1) },
  }
  const program = join(import.meta.dirname, 'evolution-writer.ts')
  const writer = new Running([], { cwd: root, env, program, talks: true })
  await writer.until(({ stdout }) => stdout.includes('writing'))
  return writer
}

/** Lets it end; answers how many events it has written. */
async function stopWriter(writer: Running): Promise<number> {
  writer.say('stop\n')
  const { code, stdout, stderr } = await writer.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return Number(/wrote (\d+)/.exec(stdout)![1])
}

/** A reader of a release, once it writes on what it reads. */
async function startReader(version: Version): Promise<Running> {
  const before = await countRead()
  const reader = new Running(['run', 'topologies/orders.yaml', '--http', 'off', '--env', 'trial'], {
    cwd: folders.get(version)!.path,
  })
  for (let more = 0; more <= 0; more = (await countRead()) - before) {
    await Promise.race([wait(200), reader.ended.then(({ stderr }) => expect(stderr).toBe('still running'))])
  }
  return reader
}

async function stopReader(reader: Running): Promise<void> {
  reader.kill('SIGTERM')
  expect(await reader.ended).toMatchObject({ code: 0 })
}

interface Place {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number; readonly end: number }[]
}

async function countRead(): Promise<number> {
  const shown = await folders.get('1.0')!.json<Place>(`topics show ${read} --env trial`)
  return shown.partitions.reduce((sum, { end }) => sum + end, 0)
}

test('releases come and go while all of them write: every order is read once, in order, in the form of who read it', async () => {
  await register('1.0')
  const writers = new Map<Version, Running>([['1.0', await startWriter('1.0')]])
  let reader = await startReader('1.0')

  // A reader that is killed starts again while the registry is away; whoever writes goes on.
  await registry.stop()
  reader.kill('SIGKILL')
  reader = await startReader('1.0')
  await registry.start()

  // Within a MAJOR in any order: writers of 1.1 come before its readers, and readers go back to 1.0.
  await register('1.1')
  writers.set('1.1', await startWriter('1.1'))
  for (const version of ['1.1', '1.0', '1.1'] as const) {
    await stopReader(reader)
    reader = await startReader(version)
  }

  // A MAJOR: readers first. Then all three write.
  await register('2.0')
  await stopReader(reader)
  reader = await startReader('2.0')
  writers.set('2.0', await startWriter('2.0'))
  reader.kill('SIGKILL')
  reader = await startReader('2.0')

  // Known by now: it starts while the registry takes connections and never answers.
  registry.pause()
  await stopReader(reader)
  reader = await startReader('2.0')
  registry.resume()

  // Back to 1.1, writers first: the readers have read all that the second MAJOR has written.
  const counts = new Map<Version, number>([['2.0', await stopWriter(writers.get('2.0')!)]])
  await stopReader(reader)
  await toEnd('2.0')
  reader = await startReader('1.1')
  for (const version of ['1.0', '1.1'] as const) counts.set(version, await stopWriter(writers.get(version)!))
  await stopReader(reader)
  await toEnd('1.1')
  await judge(counts)
})

async function toEnd(version: Version): Promise<void> {
  const ran = await commandOf(version, 'run', 'topologies/orders.yaml', '--until-end', '--http', 'off')
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain('0 parked, 0 skipped')
}

async function judge(counts: ReadonlyMap<Version, number>): Promise<void> {
  const folder = folders.get('2.0')!
  folder.write(
    'topologies/all.yaml',
    `name: ${kafka.uniqueGroup('all')}
sources: { events: { type: topic, topic: ${read}, schema: [${names[0]}, ${names[1]}] } }
sinks: { out: { type: console, from: events } }\n`,
  )
  const ran = await commandOf('2.0', 'run', 'topologies/all.yaml', '--until-end', '--http', 'off')
  expect(ran.code).toBe(0)
  const all = ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told)
  for (const version of versions) {
    const prefix = `0000000${versions.indexOf(version) + 1}`
    const some = all.filter(({ eventId }) => eventId.startsWith(prefix))
    const numbers = some.map(({ metadata }) => Number(metadata.sessionSeq))
    expect(numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: counts.get(version)! }, (_, n) => n + 1),
    )
    for (const session of Map.groupBy(some, ({ metadata }) => metadata.sessionId).values()) {
      const turns = session.map(({ metadata }) => Number(metadata.sessionSeq))
      expect(turns).toEqual(turns.toSorted((a, b) => a - b))
    }
    for (const one of some)
      expect([one.eventId, Number(one.data.total)]).toEqual([one.eventId, Number(one.metadata.sessionSeq)])
  }
  // Both forms were read: orders of the first MAJOR became ones of the second.
  const upcast = all.filter(
    ({ eventId, data: { currency } }) => !eventId.startsWith('00000003') && currency === 'EUR',
  )
  expect(upcast.length).toBeGreaterThan(0)
}

interface Told {
  readonly eventId: string
  readonly data: { readonly total: number | string; readonly currency?: string }
  readonly metadata: { readonly sessionId: string; readonly sessionSeq: number }
}
