// Joins of a stream with a table come to what Kafka Streams itself makes of the same records (its TopologyTestDriver).
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  startStreamsWitness,
  type StreamsWitness,
  type WitnessRecord,
} from '../support/servers/streams-java.ts'
import { planOf, runBatches } from '../support/streams-runs.ts'

let streams: StreamsWitness
beforeAll(async () => {
  streams = await startStreamsWitness()
})
afterAll(() => streams.close())

const epoch = Date.parse('2026-01-01T00:00:00Z')
const key = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 1, arbitrary: fc.constant(null) },
)
const records = fc
  .array(
    fc.record({
      topic: fc.constantFrom('in' as const, 'table' as const),
      key,
      step: fc.integer({ min: -20, max: 30 }),
      tombstone: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((steps) => {
    let time = epoch
    return steps.map(({ topic, key: name, step, tombstone }, id): WitnessRecord => {
      time = Math.max(epoch, time + step)
      return { topic, key: name, time, value: tombstone ? null : { id } }
    })
  })

const topology = (kind: string): string => `name: compared
sources:
  in: { type: topic, topic: in, format: json }
  table: { type: topic, topic: table, format: json }
processors:
  joined: { type: join, from: in, table: table, as: row, kind: ${kind} }
sinks:
  out: { type: topic, from: joined, topic: out }
  ${kind === 'inner' ? 'unmatched: { type: topic, from: joined.unmatched, topic: unmatched }' : ''}
`

test.each(['inner', 'left'] as const)(
  '%s: the same results with the same timestamps, and what found no row is where it should be',
  async (kind) => {
    const plan = await planOf(topology(kind))
    await fc.assert(
      fc.asyncProperty(records, async (given) => {
        const { sent } = await streams.answer({ join: kind }, given)
        // Each record is committed before the next one comes: which row a record finds is then its topics' order.
        const batches = given.map((record) => [record])
        const topics = kind === 'inner' ? ['out', 'unmatched'] : ['out']
        const [out, unmatched = []] = await runBatches(plan, batches, topics)
        expect(out).toEqual(sent.map(({ key: name, time, value }) => ({ key: name, time, value })))
        const found = new Set(sent.map(({ at }) => at))
        const alone = given.flatMap(({ topic, key: name, value }, at) =>
          topic === 'in' && name !== null && value !== null && !found.has(at) ? [at] : [],
        )
        expect(unmatched.map(({ value }) => value!['id'])).toEqual(kind === 'inner' ? alone : [])
      }),
      { numRuns: 25 },
    )
  },
)

test('a global table joins as one by partition does', async () => {
  const record = (topic: 'in' | 'table', id: number | null): WitnessRecord => {
    return { topic, key: 'a', time: epoch, value: id === null ? null : { id } }
  }
  const given = [record('in', 0), record('table', 1), record('in', 2), record('table', null), record('in', 4)]
  for (const join of ['inner', 'left'] as const) {
    const [one, other] = [
      await streams.answer({ join }, given),
      await streams.answer({ join, global: true }, given),
    ]
    expect(one.sent).toEqual(other.sent)
  }
})
