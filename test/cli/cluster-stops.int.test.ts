// What stops a worker for good: a position that is gone, another worker of its name.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { KafkaAdmin } from '../../engine/kafka/admin.ts'
import { Writer } from '../../native/writer.ts'
import { settingsFor } from '../engine/kafka/kafka-settings.ts'
import { PolledMember } from '../engine/kafka/polled-member.ts'
import { quicken } from '../native/support/protocols.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

let kafka: SharedKafka
let folder: Folder
let topic: string
let group: string

beforeAll(async () => {
  kafka = await sharedKafka()
  folder = new Folder()
  for (const protocol of ['classic', 'consumer']) {
    folder.write(
      `environments/${protocol}.yaml`,
      `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: 1, replication: 1 }, protocol: ${protocol}, instance: worker-1 }\n`,
    )
  }
  folder.write(
    'environments/trial.yaml',
    `kafka: { brokers: '${kafka.bootstrap}', topics: { replication: 1 } }\n`,
  )
})

beforeEach(async () => {
  topic = kafka.uniqueTopic('visits')
  group = kafka.uniqueGroup('visits')
  await kafka.createTopic(topic)
})

afterAll(async () => {
  folder.remove()
  await kafka.reset()
})

function topology(source = ''): void {
  folder.write(
    'topologies/visits.yaml',
    `name: ${group}
sources: { visits: { type: topic, topic: ${topic}, format: json${source} } }
sinks: { out: { type: console, from: visits } }\n`,
  )
}

const untilEnd = (more = '') =>
  folder.run(`run topologies/visits.yaml --until-end --http off --env trial${more}`)

async function write(from: number, count: number): Promise<void> {
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  const record = (n: number) => ({
    topic,
    partition: 0,
    key: null,
    value: Buffer.from(`{"n":${n}}`),
    timestamp: 1000 + n,
  })
  const written = await writer.writePlain(Array.from({ length: count }, (_, n) => record(from + n)))
  expect(written.failed).toEqual([])
  await writer.close()
}

describe('records that retention has deleted under a committed offset', () => {
  /** Offset 3 is committed; 6 to 9 are there. */
  async function overtaken(): Promise<void> {
    topology()
    await write(0, 3)
    expect(await untilEnd()).toMatchObject({ code: 0 })
    await write(3, 7)
    const admin = await KafkaAdmin.open(settingsFor(kafka.bootstrap))
    await admin.deleteRecords([{ topic, partition: 0, offset: 6 }])
    await admin.close()
  }

  test('stop the worker, and everything is as it was', async () => {
    await overtaken()
    for (let turn = 0; turn < 2; turn++) {
      expect(await untilEnd()).toMatchObject({
        code: 1,
        out: [],
        err: [
          `millrace: Offset 3 of partition 0 of ${topic} is not in the topic, which has 6 to 10: set where ${group} goes on ` +
            '(millrace offsets set), or say outOfRange: earliest or latest in its source.',
        ],
      })
    }
  })

  test('are passed over where the topology says so, which is told', async () => {
    await overtaken()
    topology(', outOfRange: earliest')
    const { code, out, err } = await untilEnd()
    expect({ code, out }).toEqual({ code: 0, out: [6, 7, 8, 9].map((n) => `{"n":${n}}`) })
    expect(err.join('\n')).toContain(
      `Offset 3 of partition 0 of ${topic} is not in the topic, which has 6 to 10: ${group} goes on at 6 (outOfRange: earliest).`,
    )
  })

  test('are passed over to the end once: what is written while no worker runs is read', async () => {
    await overtaken()
    topology(', outOfRange: latest')
    const jumped = await untilEnd()
    expect(jumped).toMatchObject({ code: 0, out: [] })
    expect(jumped.err.join('\n')).toContain(`${group} goes on at 10 (outOfRange: latest).`)
    await write(10, 2)
    const next = await untilEnd()
    expect({ code: next.code, out: next.out }).toEqual({ code: 0, out: ['{"n":10}', '{"n":11}'] })
    expect(next.err.join('\n')).not.toContain('outOfRange')
  })
})

test('a topology begins where it says', async () => {
  await write(0, 4)
  topology(', begin: none')
  expect(await untilEnd()).toMatchObject({
    code: 1,
    err: [
      expect.stringMatching(/has committed no offset of partition 0 of .*begin: none: set where it begins/),
    ],
  })
  topology(', begin: "1970-01-01T00:00:01.002Z"')
  expect(await untilEnd()).toMatchObject({ code: 0, out: ['{"n":2}', '{"n":3}'] })
  group = kafka.uniqueGroup('visits')
  topology(', begin: latest')
  expect(await untilEnd()).toMatchObject({ code: 0, out: [] })
})

test('a worker that goes to the end waits for partitions that another member holds', async () => {
  const shared = kafka.uniqueTopic('shared')
  await kafka.createTopic(shared, { partitions: 2 })
  const writer = await Writer.open({ settings: { 'bootstrap.servers': kafka.bootstrap } })
  const each = [0, 1].map((partition) => ({
    ...{ topic: shared, partition, key: null, value: Buffer.from(`{"n":${partition}}`), timestamp: 1000 },
  }))
  expect((await writer.writePlain(each)).failed).toEqual([])
  await writer.close()
  folder.write(
    'topologies/shared.yaml',
    `name: ${group}
sources: { visits: { type: topic, topic: ${shared}, format: json } }
sinks: { out: { type: console, from: visits } }\n`,
  )
  await quicken(kafka.bootstrap, group)
  const told = Promise.withResolvers<string>()
  // It takes what it is given, and reads nothing of it.
  const idle = await PolledMember.open(
    { group, settings: settingsFor(kafka.bootstrap), drives: [[shared]] },
    { onEvent: ({ type }) => type !== 'assigned' },
  )
  await idle.until(() => idle.held.size === 2, 'all partitions')
  const line = 'run topologies/shared.yaml --until-end --http off --env trial'
  const running = folder.run(line, undefined, undefined, (text) => {
    if (text.includes('waits for')) told.resolve(text)
  })
  const ended = running.then(({ code }) => `ended with ${code}`)
  expect(await Promise.race([told.promise, ended])).toMatch(
    /It waits for those of other members of the group: \S+\/[01]\./,
  )
  await idle.close()
  const { code, out } = await running
  expect({ code, out: out.toSorted() }).toEqual({ code: 0, out: ['{"n":0}', '{"n":1}'] })
})

describe.each(['classic', 'consumer'] as const)('two workers of one instance (%s)', (protocol) => {
  test('one of them stops in one sentence, the other goes on', async () => {
    topology()
    if (protocol === 'consumer') await quicken(kafka.bootstrap, group)
    await write(0, 1)
    const stops = [new AbortController(), new AbortController()]
    const ended: number[] = []
    const line = `run topologies/visits.yaml --http off --env ${protocol}`
    const first = Promise.withResolvers<void>()
    const start = (n: number, heard?: () => void) =>
      folder.run(line, stops[n]!.signal, heard).finally(() => ended.push(n))
    const runs = [start(0, () => first.resolve())]
    await first.promise
    runs.push(start(1))
    // Whichever it is: the older protocol lets the newcomer in, the newer one keeps it out.
    const loser = await Promise.race(runs)
    expect(loser.code).toBe(1)
    expect(loser.err.at(-1)).toBe(
      `millrace: Another worker of group ${group} runs as instance worker-1 (kafka.instance of the environment): ` +
        'each worker needs a name of its own, or none.',
    )
    // With the older one both have been seen to be the one that stops.
    if (protocol === 'consumer') expect(ended).toEqual([1])
    expect(ended).toHaveLength(1)
    const winner = 1 - ended[0]!
    stops[winner]!.abort()
    expect(await runs[winner]).toMatchObject({ code: 0 })
  })
})
