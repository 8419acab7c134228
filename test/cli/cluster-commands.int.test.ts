import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { LagRow } from '../../cli/lag/rows.ts'
import type { TopicStep } from '../../cli/topics/plan.ts'
import { encodeMetadata } from '../../engine/runtime/commit-metadata.ts'
import { Intervals } from '../../engine/runtime/intervals.ts'
import { encodeLetter, parkedTopic, type LetterInfo } from '../../engine/runtime/letters.ts'
import { Reader } from '../../native/reader.ts'
import { Writer } from '../../native/writer.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
/** The names of this run: the topic that is read, and the topology. */
let topic: string
let group: string

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  topic = kafka.uniqueTopic('events')
  group = kafka.uniqueGroup('store')
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 2, replication: 1 } }\n`,
  )
  folder.write('environments/away.yaml', "kafka: { brokers: '127.0.0.1:1' }\n")
  folder.write('topologies/store.yaml', topology(group, 'dedupe, by: id, window: 1d'))
  folder.write('schemas/catalogue.yaml', `topics:\n  ${topic}: { retention: 1d, partitions: 2 }\n`)
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

const topology = (name: string, processor: string) => `
name: ${name}
description: Of a test.
sources: { events: { type: topic, topic: ${topic}, format: json } }
processors: { unique: { type: ${processor}, from: events } }
sinks: { out: { type: console, from: unique } }
`

interface Steps {
  readonly steps: readonly TopicStep[]
}

const file = 'topologies/store.yaml'
const actionsOf = ({ steps }: Steps) => steps.map(({ action }) => action)

describe('topics', () => {
  test('are planned, made once, and then there is nothing to do', async () => {
    const planned = await folder.run('topics plan --env trial')
    expect(planned.code).toBe(3)
    expect(planned.out.at(-1)).toBe('4 to create.')
    expect((await folder.run('topics apply --dry-run --env trial')).code).toBe(3)
    const applied = await folder.run('topics apply --env trial')
    expect(applied).toMatchObject({ code: 0, err: [] })
    expect(applied.out).toEqual([
      `made ${topic}`,
      `made ${topic}.dlq`,
      `made ${group}.${topic}.parked`,
      `made ${group}.unique.changelog`,
    ])
    expect((await folder.run('topics plan --env trial')).code).toBe(0)
    expect(await folder.run('topics apply --env trial')).toMatchObject({ code: 0, out: ['Nothing to do.'] })
    const shown = await folder.json<{ settings: object; partitions: object[] }>(
      `topics show ${group}.unique.changelog --env trial`,
    )
    expect(shown.settings).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1' })
    expect(shown.partitions).toHaveLength(2)
    const listed = await folder.json<{ topic: string; partitions: number }[]>('topics list --env trial')
    expect(listed).toContainEqual(
      expect.objectContaining({ topic, partitions: 2, replicas: 1, outOfSync: 0 }),
    )
    expect(listed.map((one) => one.topic)).not.toContain(`${topic}.dlq`)
  })

  test('drift is put right, and what nobody says is told and left', async () => {
    await kafka.alterTopicConfig(topic, { 'retention.ms': 1000, 'segment.bytes': 2_000_000 })
    const planned = await folder.json<Steps>('topics plan --env trial')
    const step = planned.steps.find((one) => one.topic === topic)
    expect(step).toMatchObject({ action: 'change', changes: ['retention.ms: 1000 → 86400000'] })
    expect(step?.drift).toEqual(['segment.bytes is 2000000, which the catalogue does not say'])
    expect((await folder.run('topics apply --env trial')).out).toEqual([`changed ${topic}`])
    expect(actionsOf(await folder.json<Steps>('topics plan --env trial'))).toEqual([
      'unchanged',
      'unchanged',
      'unchanged',
      'unchanged',
    ])
  })

  test('where something is refused nothing is changed', async () => {
    const grown = `topics:\n  ${topic}: { retention: 2d, partitions: 4 }\n`
    const before = `topics:\n  ${topic}: { retention: 1d, partitions: 2 }\n`
    folder.write('schemas/catalogue.yaml', grown)
    const applied = await folder.run(`topics apply ${file} --env trial`)
    folder.write('schemas/catalogue.yaml', before)
    expect(applied).toMatchObject({ code: 1, err: ['Nothing was changed, because something is refused.'] })
    expect(applied.out.join('\n')).toContain(`keys would move away from the state of ${group}`)
    expect((await folder.run('topics plan --env trial')).code).toBe(0)
  })

  test('partitions are added where no state rests on them', async () => {
    const [other, plain] = [kafka.uniqueTopic('plain'), kafka.uniqueGroup('plain')]
    const own = new Folder()
    try {
      own.write(
        'environments/trial.yaml',
        `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 1, replication: 1 } }\n`,
      )
      own.write(
        'topologies/plain.yaml',
        topology(plain, 'filter, field: id, equals: x').replace(topic, other),
      )
      own.write('schemas/catalogue.yaml', '')
      expect((await own.run('topics apply --env trial')).code).toBe(0)
      own.write('schemas/catalogue.yaml', `topics: { ${other}: { partitions: 3 } }\n`)
      expect((await own.run('topics apply --env trial')).code).toBe(0)
      const shown = await own.json<{ partitions: object[] }>(
        `topics show ${plain}.${other}.parked --env trial`,
      )
      expect(shown.partitions).toHaveLength(3)
      expect((await own.run('topics plan --env trial')).code).toBe(0)
    } finally {
      own.remove()
    }
  })

  test.each([
    ['topics plan', 2, /topics is about a cluster: say which with --env NAME/],
    [
      'topics plan --env away',
      4,
      /Kafka at 127\.0\.0\.1:1 does not answer \(ECONNREFUSED\): see that it runs/,
    ],
    ['topics show --env trial', 2, /needs the name of one topic/],
    ['topics aply --env trial', 2, /topics has no "aply": did you mean apply\?/],
    ['lag --env away', 4, /Kafka at 127\.0\.0\.1:1 does not answer/],
    ['lag --group nobody --env trial', 1, /No group nobody has committed anything in Kafka at /],
    ['offsets show --group nobody --env trial', 1, /No group nobody has committed anything/],
  ])('%s is refused in one sentence', async (words, code, message) => {
    expect(await folder.run(words)).toMatchObject({ code, err: [expect.stringMatching(message)] })
  })

  test('a topic that is not there is told with the one that was meant', async () => {
    const { err } = await folder.run(`topics show ${topic}s --env trial`)
    expect(err).toEqual([`millrace: Kafka has no topic ${topic}s: did you mean "${topic}"?`])
  })
})

const start = Date.UTC(2026, 0, 1)

async function write(values: number, transactional?: 'commit' | 'abort'): Promise<void> {
  const id = transactional === undefined ? {} : { 'transactional.id': kafka.uniqueGroup('writer') }
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap, ...id } })
  const record = { topic, partition: 0, key: null, value: Buffer.from('{}') }
  const records = Array.from({ length: values }, (_, n) => ({ ...record, timestamp: start + n * 1000 }))
  if (transactional !== undefined) {
    await writer.initTransactions()
    await writer.begin()
  }
  expect((await writer.writePlain(records)).failed).toEqual([])
  if (transactional === 'commit') await writer.commit()
  if (transactional === 'abort') await writer.abort()
  await writer.close()
  await kafka.untilEnded()
}

/** Commits as a worker does: with ranges. */
async function commit(offset: number, settled: readonly (readonly [number, number])[] = []): Promise<void> {
  const ranges = new Intervals()
  for (const [from, to] of settled) ranges.add(from, to)
  const reader = await Reader.open({ settings: { 'bootstrap.servers': kafka.bootstrap, 'group.id': group } })
  await reader.commit([{ topic, partition: 0, offset, metadata: encodeMetadata(offset, ranges) }])
  await reader.close()
}

describe('lag and offsets', () => {
  const rows = () => folder.json<LagRow[]>(`lag ${file} --env trial`)

  test('count records, and not the markers of transactions', async () => {
    await write(3)
    expect(await rows()).toMatchObject([
      { group, topic, partition: 0, committed: null, first: 0, end: 3, lag: 3, settled: 0, letters: 0 },
      { partition: 1, end: 0, lag: 0, seconds: 0 },
    ])
    await commit(1)
    const [behind] = await rows()
    expect(behind).toMatchObject({ committed: 1, lag: 2 })
    // Two records and a marker: offsets 3, 4 and 5. Then two that were given up, and their marker: 6, 7 and 8.
    await write(2, 'commit')
    await write(2, 'abort')
    await commit(5)
    expect(await rows()).toMatchObject([{ committed: 5, end: 9, lag: 0, seconds: 0 }, {}])
    await commit(3, [[4, 5]])
    expect((await rows())[0]).toMatchObject({ committed: 3, settled: 1 })
  })

  test('tell of parked records', async () => {
    const name = parkedTopic(group, topic)
    const info: LetterInfo = {
      ...{ topic, partition: 0, offset: 0, timestamp: start, group, node: 'unique', follower: false },
      ...{
        attempts: 1,
        firstFailure: start,
        parkedAt: start,
        kind: 'record',
        code: 'SINK_FAILED',
        message: 'no',
      },
    }
    const record = { key: Buffer.from('k'), value: Buffer.from('{}'), headers: [], timestamp: start }
    const letter = encodeLetter(info, record)
    const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
    expect((await writer.writePlain([{ ...letter, topic: name, partition: 0 }])).failed).toEqual([])
    await writer.close()
    expect(await rows()).toMatchObject([{ letters: 1 }, { letters: 0 }])
  })

  test('offsets are set by time and place when nobody is at work', async () => {
    await commit(3)
    const words = `offsets set ${file} --to 2026-01-01T00:00:01Z --env trial`
    const planned = await folder.json<{ done: boolean; changes: object[] }>(words)
    expect(planned).toMatchObject({
      done: false,
      changes: [
        { partition: 0, committed: 3, to: 1 },
        { partition: 1, to: 0 },
      ],
    })
    expect(await folder.run(`${words} --yes`)).toMatchObject({ code: 1 })
    expect((await folder.run(`${words} --yes --keep-state`)).code).toBe(0)
    expect((await rows()).map(({ committed }) => committed)).toEqual([1, 0])
    expect(
      (await folder.run(`offsets set --group ${group} --to ${topic}/0:99 --env trial`)).err[0],
    ).toContain('which holds 0 to 9')
  })

  test.each(['classic', 'consumer'])('and refused while somebody is (%s)', async (protocol) => {
    const settings = {
      'bootstrap.servers': kafka.bootstrap,
      'group.id': group,
      'group.protocol': protocol,
      'group.instance.id': 'worker-1',
    }
    const reader = await Reader.open({ settings })
    try {
      await reader.subscribe([topic])
      await assigned(reader)
      const { code, err } = await folder.run(
        `offsets set ${file} --to earliest --yes --keep-state --env trial`,
      )
      expect(code).toBe(1)
      expect(err.at(-1)).toMatch(
        new RegExp(
          `The group ${group} is running \\(worker-1 at \\S+ with ${topic}/0, ${topic}/1\\): stop it first\\.`,
        ),
      )
    } finally {
      await reader.unsubscribe()
      await reader.close()
    }
  })
})

async function assigned(reader: Reader): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    for (const event of await reader.poll({ maxBytes: 0, waitMs: 200 })) {
      if (event.type !== 'assigned') continue
      await reader.assign(event.partitions)
      return
    }
  }
  throw new Error('nothing was assigned')
}
