import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Trial } from './trial.ts'

let trial: Trial
let payments: string
let logins: string
let out: string

beforeAll(async () => {
  trial = await Trial.open(3)
  payments = trial.kafka.uniqueTopic('payments')
  logins = trial.kafka.uniqueTopic('logins')
  out = trial.kafka.uniqueTopic('history')
  trial.topology(
    'history',
    `sources:
  payments: { type: topic, topic: ${payments}, format: json, timestamp: at }
  logins: { type: topic, topic: ${logins}, format: json, timestamp: at }
processors:
  all: { type: merge, from: [payments, logins], wait: 2s }
sinks:
  out: { type: topic, from: all, topic: ${out} }
`,
  )
})

afterAll(() => trial.close())

interface Event {
  readonly key: string
  readonly at: number
}

const keys = Array.from({ length: 20 }, (_, n) => `k${n}`)
const events = (from: number, count: number, every: number): Event[] =>
  Array.from({ length: count }, (_, n) => keys.map((key) => ({ key, at: 1000 + from + n * every }))).flat()

test('in a cluster: records of two topics come out by their event times, key by key', async () => {
  await trial.apply()
  // One topic is much longer than the other, and was written first.
  await trial.produce(payments, ...events(0, 200, 2))
  await trial.produce(logins, ...events(1, 50, 8))
  await trial.toEnd('history')
  const history = await trial.read<Event>(out)
  const times = (key: string): number[] => history.flatMap((event) => (event.key === key ? [event.at] : []))
  const expected = [...events(0, 200, 2), ...events(1, 50, 8)]
    .flatMap((event) => (event.key === 'k0' ? [event.at] : []))
    .sort((a, b) => a - b)
  for (const key of keys) expect(times(key)).toEqual(expected)
})
