import { expect, test } from '@jest/globals'
import { readTopologyText } from '../../../engine/config/load.ts'
import { sentenceOf } from '../../../engine/errors.ts'
import { explainText } from '../../../engine/topology/explain.ts'
import { planReading } from '../../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../../engine/topology/plan-types.ts'
import { ModelWorld } from '../../support/model-parts.ts'
import { Life } from '../../support/model-life.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Random } from '../../support/harness-records.ts'
import { lintText, planText } from './kit.ts'

function plan(processors: readonly string[], from: string): TopologyPlan {
  const registry = new ModelWorld().registry(new Life('w', new FakeClock(), new Random(1)))
  const text = `name: sums
sources:
  in: { type: topic, topic: in, format: json }
  more: { type: topic, topic: more, format: json }
processors:
${processors.map((line) => `  ${line}`).join('\n')}
sinks:
  out: { type: effect, from: [${from}, more] }
`
  return planReading(readTopologyText('sums.yaml', text, registry, {}))
}

function refusal(processors: readonly string[], from: string): string {
  try {
    plan(processors, from)
    return 'none'
  } catch (error) {
    return sentenceOf(error)
  }
}

const counts = 'fields: { n: count } }'

test('an aggregate reads one source', () => {
  expect(refusal([`sums: { type: aggregate, from: [in, more], ${counts}`], 'sums')).toBe(
    'sums.yaml:6:3: The aggregate "sums" reads the records of "in" and "more", between which there is no order that ' +
      'another run would keep: write them to one topic, and read that.',
  )
})

test('nothing before it makes several records of one', () => {
  const nodes = [
    'parts: { type: fan, from: in }',
    'same: { type: map-it, from: parts }',
    `sums: { type: aggregate, from: same, ${counts}`,
  ]
  expect(refusal(nodes, 'sums')).toContain('sums.yaml:8:3: The aggregate "sums" stands behind "parts"')
})

test('nothing behind it keeps state, but behind what it did not take', () => {
  const sums = `sums: { type: aggregate, from: in, window: { tumbling: 1m }, ${counts}`
  const same = 'same: { type: map-it, from: sums }'
  const behind = (from: string): string[] => [
    sums,
    same,
    `unique: { type: dedupe, from: ${from}, by: id, window: 1h }`,
  ]
  expect(refusal(behind('same'), 'unique')).toContain(
    'sums.yaml:8:3: The dedupe "unique" keeps state, and stands behind "sums"',
  )
  expect(refusal(behind('sums.late'), 'unique, same')).toBe('none')
  expect(refusal([sums, `twice: { type: aggregate, from: sums, ${counts}`], 'twice')).toContain(
    'stands behind "sums"',
  )
})

test('settings that cannot be are told at their place', () => {
  const sums = (rest: string): string => refusal([`sums: { type: aggregate, from: in, ${rest} }`], 'sums')
  expect(sums('emit: close, fields: { n: count }')).toContain('sums.yaml:6:')
  expect(sums('emit: close, fields: { n: count }')).toContain('without a window nothing is ever closed')
  expect(sums('window: { tumbling: 1m, session: 1m }, fields: { n: count }')).toContain(
    'exactly one of tumbling',
  )
  expect(sums('window: { hopping: 1m }, fields: { n: count }')).toContain('hopping and every go together')
  expect(sums('window: { hopping: 1m, every: 2m }, fields: { n: count }')).toContain(
    'records would be in none',
  )
  expect(sums('fields: { n: { sum: a, max: b } }')).toContain('exactly one of count, sum')
  expect(sums('fields: { n: { sum: a, most: 5 } }')).toContain('most and keep are for collect and distinct')
  expect(sums('fields: { version: count }')).toContain('are there already')
  expect(sums('fields: {}')).toContain('at least one field')
})

test('explain says what is owed, and what becomes of what fails', () => {
  const text = explainText(plan([`sums: { type: aggregate, from: in, ${counts}`], 'sums'))
  expect(text).toContain('"sums" and "sums.sent" and the offsets are in one commit')
  expect(text).toContain('is owed by the store until it is acknowledged')
  expect(text).toContain('it stays owed, is told in the log')
})

const turns = 'turns: { type: resequence, from: in, by: n, within: 30s }'

test('what a sequence sends has no position, gaps neither; late records do', () => {
  const unique = (from: string): string =>
    refusal([turns, `unique: { type: dedupe, from: ${from}, by: id, window: 1d }`], 'unique')
  for (const from of ['turns', 'turns.gaps']) expect(unique(from)).toContain('keeps state, and stands behind')
  expect(unique('turns.late')).toBe('none')
})

test('explain says which order a sequence has, and to whom the order of the topic comes', () => {
  const text = explainText(plan([turns], 'turns'))
  expect(text).toContain('Of each key the records are sent in ascending order of n, at least once')
  expect(text).toContain('A record that comes later than 30s has its turn')
  expect(text).toContain('parked, or in the state of that commit')
  // The sink reads a topic itself, too: what comes from there keeps its order.
  expect(text).toContain('Records of one key come to each sink')
  const only = explainText(planText(sequence('out: { type: topic, from: turns, topic: out }')))
  expect(only).not.toContain('in the order of "in"')
  const aside = explainText(
    planText(
      sequence(
        'out: { type: topic, from: turns, topic: out }\n  late: { type: topic, from: turns.late, topic: late }',
      ),
    ),
  )
  expect(aside).toContain('Records of one key come to "late" in the order of "in"')
})

test('what a sequence sends looks as what came in, and gaps as gaps', () => {
  const facts = { schemas: { 'a.B': { n: 'long', id: 'string' } } }
  const check = (from: string, field: string): readonly string[] =>
    lintText(
      sequence(`out: { type: topic, from: ${from}, topic: out, key: ${field} }`).replace(
        'format: json',
        'schema: a.B',
      ),
      facts,
    ).flatMap(({ code, message }) => (code === 'ML002' ? [message] : []))
  expect([check('turns', 'id'), check('turns.gaps', 'key'), check('turns.late', 'n')]).toEqual([[], [], []])
  expect(check('turns', 'key')).toEqual([expect.stringContaining('key')])
  expect(check('turns.gaps', 'id')).toEqual([expect.stringContaining('id')])
})

function sequence(sinks: string): string {
  return `name: order
sources: { in: { type: topic, topic: in, format: json } }
processors: { ${turns} }
sinks:
  ${sinks}
`
}

test('explain says by which time timers go', () => {
  const said = (setting: string): string =>
    explainText(plan([`timers: { type: schedule, from: in, after: 30m, ${setting} }`], 'timers'))
  expect(said('clock: wall')).toContain('what was written has been read when the clock counts')
  expect(said('clock: event')).toContain(
    'where nothing comes into the partition, it waits for the next record',
  )
  expect(said('idle: 1m')).not.toContain('it waits for the next record')
  expect(said('idle: 1m')).toContain('none that was taken away in time: by the records and their order alone')
})

test('timers say what they need', () => {
  const timers = (rest: string): string =>
    refusal([`timers: { type: schedule, from: in, ${rest} }`], 'timers')
  expect(timers('keep: last')).toContain('expected either after or at')
  expect(timers('after: 1m, at: due')).toContain('expected either after or at')
  expect(timers('after: 1m, clock: wall, idle: 1m')).toContain('the clock goes on by itself')
  expect(timers('after: 1m, start: { field: kind }')).toContain('expected at least one of equals')
})
