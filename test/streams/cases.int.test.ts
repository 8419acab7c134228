// The cases beside Kafka Streams itself: it sends the same, but for those that differ on purpose.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import type { GivenRecord, TestCase } from '../../engine/testing/case-schema.ts'
import { readCasesText } from '../../engine/testing/read-cases.ts'
import { config, windowOf } from '../../processors/aggregate/config.ts'
import {
  startStreamsWitness,
  type StreamsWitness,
  type WitnessRecord,
  type WitnessSent,
  type WitnessTopology,
} from '../support/servers/streams-java.ts'

let streams: StreamsWitness
beforeAll(async () => {
  streams = await startStreamsWitness()
})
afterAll(() => streams.close())

type Result = Readonly<Record<string, unknown>>
type Setting = { readonly type: string; readonly from: string }

/** What Kafka Streams sends where we differ on purpose. */
const theirs: Readonly<Record<string, readonly Result[]>> = {
  'forever.test.yaml: on purpose: of several changes between two commits the last one is sent': [
    { key: 'ada', n: 1, sum: 10 },
    { key: 'ada', n: 2, sum: 17 },
  ],
  'tumbling.test.yaml: on purpose: a record without value is ignored, and moves no stream time': [
    { key: 'ada', from: 0, n: 1 },
    { key: 'ada', from: 20_000, n: 1 },
  ],
  'hopping.test.yaml: on purpose: the first windows may begin before 1970': [
    { key: 'ada', from: 0, to: 5000, sum: 1 },
  ],
  'sliding.test.yaml: on purpose: the first windows may begin before 1970': [
    { key: 'ada', from: 0, to: 5000, sum: 1 },
  ],
  'sessions.test.yaml: on purpose: a session that is closed is not opened again': [
    { key: 'ada', from: 10_000, to: 10_000, sum: 1 },
    { key: 'ada', from: 10_000, to: 14_000, sum: 5 },
    { key: 'bob', from: 19_000, to: 19_000, sum: 2 },
  ],
}

const folder = join(import.meta.dirname, 'project/topologies')
const files = readdirSync(folder).filter((name) => name.endsWith('.test.yaml'))
const all = files.flatMap((file) => {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const { processors } = parse(text(file.replace('.test', ''))) as {
    readonly processors: { readonly sums?: Setting; readonly joined?: { readonly kind: 'inner' | 'left' } }
  }
  const { cases } = readCasesText(file, text(file), {})
  return cases.map((one) => ({ name: `${file}: ${one.name}`, topologies: topologiesOf(processors), one }))
})

test.each(all)('$name', async ({ name, topologies, one }) => {
  const steps = [one, ...one.then]
  // What a worker loses and keeps is not its driver's to show.
  if (steps.some(({ restart }) => restart)) return
  const records = steps.flatMap(({ given }) => given.map(witnessed))
  const expected = expectedOf(one)
  const wanted = theirs[name] ?? expected
  for (const topology of topologies) {
    const { sent } = await streams.answer(topology, records)
    const got = sent.map(resultOf)
    expect(inOrder(got)).toMatchObject(inOrder(wanted))
    expect(got).toHaveLength(wanted.length)
  }
  if (name in theirs) expect(inOrder(wanted)).not.toEqual(inOrder(expected))
})

/** How Kafka Streams is asked for what a node does. */
function topologiesOf({
  sums,
  joined,
}: {
  readonly sums?: Setting
  readonly joined?: { readonly kind: 'inner' | 'left' }
}): WitnessTopology[] {
  if (joined !== undefined) return [{ join: joined.kind }, { join: joined.kind, global: true }]
  const { type: _type, from: _from, ...setting } = sums!
  const { window: windowed, emit } = config.parse(setting)
  const window = windowOf(windowed)
  if (emit === 'update') return [{ window, emit }]
  // Windows whose ends are inclusive are suppressed a millisecond too short: see below.
  const inclusive = window.kind === 'session' || window.kind === 'sliding'
  return inclusive
    ? [{ window, emit }]
    : [
        { window, emit },
        { window, emit: 'suppress' },
      ]
}

test('every difference on purpose has its case', () => {
  const names = all.filter(({ one }) => !one.then.some(({ restart }) => restart)).map(({ name }) => name)
  const onPurpose = new Set(names.filter((name) => name.includes('on purpose')))
  expect(new Set(Object.keys(theirs))).toEqual(onPurpose)
})

test('suppress sends a session in the last millisecond in which it may change, and then again', async () => {
  const record = (key: string, time: number) => ({ key, time, value: { amount: 1 } })
  const records = [record('ada', 0), record('bob', 5), record('ada', 5), record('cy', 50)]
  const sentOf = async (emit: 'suppress' | 'close') => {
    const { sent } = await streams.answer({ window: { kind: 'session', gap: 5, grace: 0 }, emit }, records)
    return sent.map(({ at, key, from, to }) => [at, key, from, to])
  }
  const bob = [3, 'bob', 5, 5]
  expect(await sentOf('suppress')).toEqual([[1, 'ada', 0, 0], [3, 'ada', 0, 5], bob])
  expect(await sentOf('close')).toEqual([[3, 'ada', 0, 5], bob])
})

function witnessed({ source, key, value, at, timestamp }: GivenRecord): WitnessRecord {
  const written = at instanceof Date ? at.getTime() : (at ?? 0)
  const topic = source === 'table' ? 'table' : 'in'
  return { topic, key: key ?? null, time: timestamp ?? written, value: value as WitnessRecord['value'] }
}

/** What the end of a case expects in the topic, without what Kafka Streams has no word for. */
function expectedOf(one: TestCase): Result[] {
  const { out = [] } = (one.then.at(-1) ?? one).expect.topics
  return out.map(({ key, value, timestamp }) => {
    const { version: _, ...fields } = value as Result
    return {
      ...(key !== undefined && { key }),
      ...fields,
      ...(timestamp !== undefined && { time: timestamp }),
    }
  })
}

function resultOf({ key, from, to, time, value }: WitnessSent): Result {
  return { key, ...(from !== undefined && { from, to }), time, ...value }
}

/** Results of a key and window in their order; those of different ones in any. */
function inOrder(results: readonly Result[]): Result[] {
  const nameOf = ({ key, from }: Result): string => `${String(key)} ${String(from).padStart(10)}`
  return results.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : Number(nameOf(a) > nameOf(b))))
}
