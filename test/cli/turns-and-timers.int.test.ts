// Sequences and timers on a real broker: what one worker took in, the next one sends.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Trial } from './trial.ts'

let trial: Trial
const topics = { events: '', turns: '', gaps: '', late: '', bills: '', reminders: '' }
let group: string

beforeAll(async () => {
  trial = await Trial.open(1)
  for (const name of Object.keys(topics) as (keyof typeof topics)[])
    topics[name] = trial.kafka.uniqueTopic(name)
  const catalogue = Object.values(topics).map((topic) => `  ${topic}: { retention: 1d, partitions: 1 }\n`)
  trial.folder.write('schemas/catalogue.yaml', `topics:\n${catalogue.join('')}`)
  group = trial.topology(
    'turns',
    `sources: { events: { type: topic, topic: ${topics.events}, format: json } }
processors:
  turns: { type: resequence, from: events, by: seq, first: 1, within: 1h }
sinks:
  out: { type: topic, from: turns, topic: ${topics.turns} }
  gaps: { type: topic, from: turns.gaps, topic: ${topics.gaps} }
  late: { type: topic, from: turns.late, topic: ${topics.late} }
delivery: exactly-once
`,
  )
  trial.topology(
    'timers',
    `sources: { bills: { type: topic, topic: ${topics.bills}, format: json, timestamp: at } }
processors:
  timers:
    type: schedule
    from: bills
    start: { field: type, equals: sent }
    cancel: { field: type, equals: paid }
    after: 10s
    every: 10s
    most: 2
    as: due
sinks:
  out: { type: topic, from: timers, topic: ${topics.reminders} }
delivery: exactly-once
`,
  )
  await trial.apply()
})

afterAll(() => trial.close())

test('in a cluster: what waits for its turn outlives its worker, and goes out in order, once', async () => {
  const shown = await trial.folder.json<{ settings: object }>(
    `topics show ${group}.turns.changelog --env trial`,
  )
  expect(shown.settings).toMatchObject({ 'cleanup.policy': 'compact' })
  const event = (key: string, seq: number): object => ({ key, seq })
  const keys = Array.from({ length: 50 }, (_, n) => `k${n}`)
  await trial.produce(topics.events, ...keys.flatMap((key) => [event(key, 2), event(key, 1), event(key, 4)]))
  await trial.toEnd('turns')
  // The first worker is gone: 3 comes, 2 comes again.
  await trial.produce(topics.events, ...keys.flatMap((key) => [event(key, 3), event(key, 2)]))
  await trial.toEnd('turns')
  const sent = await trial.read<{ key: string; seq: number }>(topics.turns)
  for (const key of keys)
    expect(sent.flatMap((one) => (one.key === key ? [one.seq] : []))).toEqual([1, 2, 3, 4])
  expect(await trial.read(topics.late)).toEqual(keys.map((key) => event(key, 2)))
})

test('in a cluster: timers outlive their worker, are due again, and end when they are taken away', async () => {
  const bill = (key: string, type: string, seconds: number): object => ({ key, type, at: seconds * 1000 })
  await trial.produce(topics.bills, bill('a', 'sent', 1), bill('b', 'sent', 2), bill('c', 'sent', 3))
  await trial.toEnd('timers')
  await trial.produce(topics.bills, bill('b', 'paid', 5), bill('x', 'seen', 14))
  await trial.toEnd('timers')
  await trial.produce(topics.bills, bill('c', 'paid', 15), bill('x', 'seen', 60))
  await trial.toEnd('timers')
  const sent = await trial.read<{ key: string; due: number }>(topics.reminders)
  expect(sent.map(({ key, due }) => `${key} ${due}`)).toEqual(['a 11000', 'c 13000', 'a 21000'])
})
