// Where an event went: what `trace` says is held against what was produced, and what became of it.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { TracedPosition, Tracing } from '../../cli/trace/report.ts'
import { answer, expectQuiet, expectRefusal, jsonLines, TestProject } from '../support/cli.ts'

jest.setTimeout(300_000)

const file = 'topologies/shops.yaml'
const files = {
  'cql/0001-shops.cql': `CREATE TABLE rows (
  shop text, at timestamp, id text, hash text, note text, size bigint,
  PRIMARY KEY ((shop), at, id, hash)
) WITH CLUSTERING ORDER BY (at DESC, id ASC, hash ASC);
`,
  [file]: `name: shops
description: Events of shops, each once, in a table and in topics.
sources:
  events: { type: topic, topic: events, format: json, timestamp: at }
processors:
  valid: { type: validate, from: events, fields: { id: { minLength: 1 }, note: { maxLength: 10 } } }
  real: { type: filter, from: valid, field: kind, not: TEST }
  unique: { type: dedupe, from: real, by: id, window: 7d }
  shops: { type: branch, from: unique, field: shop, to: { north: north }, default: rest }
  sums: { type: aggregate, from: unique, fields: { n: count } }
sinks:
  rows: { type: table, from: unique, table: rows, hash: { of: [id, note, size] } }
  copies: { type: topic, from: unique, topic: copies, key: shop }
  norths: { type: topic, from: shops.north, topic: norths }
  others: { type: topic, from: shops.rest, topic: others }
  odd: { type: topic, from: unique.conflicts, topic: conflicts }
  totals: { type: topic, from: sums, topic: totals }
errors: { attempts: 2, then: park, backoff: { first: 1ms, longest: 2ms }, flood: { share: 1, of: 1000 } }
commit: { every: 20ms }
`,
}

const start = Date.UTC(2026, 0, 1)
const event = (n: number, more: Readonly<Record<string, unknown>> = {}) => ({
  ...{ id: `e${n}`, shop: n % 2 === 0 ? 'north' : 'south', note: `note ${n}`, size: n, kind: 'REAL' },
  ...{ at: start + n * 1000, ...more },
})

/** The nodes that a record came to, with what they did. */
function course({ steps }: TracedPosition): string[] {
  return steps.map(({ node, verdict, output, reason, id }) =>
    [node, verdict, output, reason, id].filter((part) => part !== undefined).join(' '),
  )
}

describe('trace', () => {
  let project: TestProject
  const trace = async (id: string, ...flags: readonly string[]): Promise<Tracing> =>
    answer<Tracing>(await project.run(['trace', id, '--topology', file, '-o', 'json', ...flags]))
  const produce = async (values: readonly unknown[]): Promise<void> => {
    const words = ['produce', 'events', '--raw', '--key', 'shop', '--partitions', '2', '-o', 'json']
    const ran = await project.run(words, { input: jsonLines(values) })
    expect(answer(ran)).toMatchObject({ produced: values.length })
  }

  beforeAll(async () => {
    project = new TestProject(files)
    await produce([
      ...Array.from({ length: 40 }, (_, n) => event(n)),
      event(7),
      event(8, { note: 'other' }),
      event(100, { kind: 'TEST' }),
      event(101, { shop: 'bad', note: 'much too long' }),
      event(102, { shop: 'bad' }),
    ])
    answer(await project.run(['run', file, '--until-end', '--http', 'off', '-o', 'json']))
  })
  afterAll(() => project.remove())

  test('an event that is stored: its row and its records are there', async () => {
    const { positions, searched } = await trace('e4')
    expect(searched.records).toBe(45)
    expect(positions).toHaveLength(1)
    const [position] = positions
    expect(position).toMatchObject({
      topic: 'events',
      key: 'north',
      committed: true,
      verdict: 'stored',
      letters: [],
    })
    expect(position!.eventTime).toBe(start + 4000)
    expect(course(position!)).toEqual([
      'valid passed',
      'real passed',
      'unique passed replay',
      'shops sent north',
      'sums counted',
    ])
    const sinks = Object.fromEntries(position!.sinks.map((sink) => [sink.node, sink]))
    expect(sinks).toMatchObject({
      rows: { did: 'row', row: { table: 'rows', state: 'there', key: { shop: 'north', id: 'e4' } } },
      copies: { did: 'record', output: { topic: 'copies', found: [{ topic: 'copies' }], similar: [] } },
      norths: { did: 'record', output: { topic: 'norths', found: [{ topic: 'norths' }] } },
    })
    expect(Object.keys(sinks).sort()).toEqual(['copies', 'norths', 'rows'])
  })

  test('a duplicate and a conflict are known from the first position', async () => {
    const twice = await trace('e7')
    expect(twice.positions.map((position) => course(position)[2])).toEqual([
      'unique passed replay',
      'unique dropped duplicate duplicate',
    ])
    expect(twice.positions.map(({ verdict }) => verdict)).toEqual(['stored', 'duplicate'])
    const conflict = await trace('e8')
    expect(conflict.positions.map((position) => course(position)[2])).toEqual([
      'unique passed replay',
      'unique sent conflicts conflict',
    ])
    // The state knows the first one, also where nothing else of the event is looked at.
    const later = conflict.positions[1]!
    const alone = await trace(`events/${later.partition}@${later.offset}`)
    expect(alone.positions.map(course)).toEqual([course(later)])
    expect(alone.searched.records).toBe(1)
  })

  test('what a filter drops is not followed any further', async () => {
    const { positions } = await trace('e100')
    expect(positions.map(course)).toEqual([['valid passed', 'real dropped filtered']])
    expect(positions[0]).toMatchObject({ verdict: 'dropped', sinks: [], committed: true })
  })

  test('letters, with what became of them', async () => {
    const [failed] = (await trace('e101')).positions
    expect(failed).toMatchObject({ steps: [{ node: 'valid', verdict: 'failed' }], sinks: [] })
    expect(failed!.letters).toMatchObject([{ state: 'open', node: 'valid', follower: false, asked: null }])
    const [follower] = (await trace('e102')).positions
    expect(follower!.letters).toMatchObject([{ state: 'open', node: 'valid', follower: true }])
    const state = (position: TracedPosition | undefined): unknown[] =>
      position!.sinks
        .map((sink) => (sink.did === 'row' ? sink.row.state : null))
        .filter((one) => one !== null)
    expect(state(follower)).toEqual(['missing'])
    const { stdout } = await project.run(['trace', 'e102', '--topology', file])
    expect(stdout).toMatch(/row is not there, since it is parked: rows/)

    const [parked] = failed!.letters
    const [, partition, offset] = /\/(\d+)@(\d+)$/.exec(parked!.position)!
    expect({ partition, offset }).toEqual({ partition: String(failed!.partition), offset: '0' })
    const words = ['dlq', 'discard', '--topology', 'shops', '--key', 'bad', '--yes', '--reason', 'a test']
    const discarded = await project.run(words)
    expect({ code: discarded.code, text: discarded.stderr }).toMatchObject({ code: 0 })
    expect((await trace('e102')).positions[0]!.letters).toMatchObject([{ state: 'open', asked: 'discard' }])
    answer(await project.run(['run', file, '--until-end', '--http', 'off', '-o', 'json']))
    expect((await trace('e102')).positions[0]!.letters).toMatchObject([{ state: 'discarded', asked: null }])
  })

  test('what is not committed yet is told as such', async () => {
    await produce([event(200)])
    const { positions } = await trace('e200')
    expect(positions).toMatchObject([{ committed: false, letters: [] }])
    expect(course(positions[0]!)).toContain('unique passed fresh')
    const { stdout } = await project.run(['trace', 'e200', '--topology', file])
    expect(stdout).toMatch(/not committed by the topology yet/)
    expect(stdout).toMatch(/row is not there yet: rows/)
    expect(stdout).toMatch(/no record of its key, time and value is in copies yet/)
  })

  test('the search is bounded by what the flags say', async () => {
    const lastOnes = await trace('e200', '--last', '1')
    expect(lastOnes.searched.records).toBe(2)
    const early = await project.run(['trace', 'e200', '--topology', file, '--until', '2020-01-01T00:00:00Z'])
    expect(early).toMatchObject({ code: 1, stdout: expect.stringMatching(/found nowhere/) as unknown })
    expect((await trace('north', '--by', 'key', '--limit', '3')).positions).toHaveLength(3)
    expect((await trace('12', '--by', 'size')).positions).toMatchObject([{ key: 'north' }])
  })

  test('the text is read from top to bottom', async () => {
    const ran = await project.run(['trace', 'e7', '--topology', file, '--values'])
    expectQuiet(ran)
    const lines = ran.stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' '))
    expect(lines[0]).toBe('id e7 in shops: found at 2 positions')
    expect(lines).toContain('unique dedupe dropped (duplicate): its id is known from another position')
    expect(lines.some((line) => line.startsWith('value {"id":"e7"'))).toBe(true)
    expect(lines.some((line) => line.startsWith('rows table row is there: rows {'))).toBe(true)
  })

  test('mistakes on the command line', async () => {
    expectRefusal(await project.run(['trace']), 2, /trace needs an event/)
    expectRefusal(await project.run(['trace', 'e1']), 2, /trace needs a topology/)
    expectRefusal(await project.run(['trace', 'a', 'b', '--topology', file]), 2, /one event at a time/)
    expectRefusal(await project.run(['trace', 'x/0@1', '--topology', file]), 2, /does not read x/)
    const since = ['trace', 'e1', '--topology', file, '--since', 'noon']
    expectRefusal(await project.run(since), 2, /is no time/)
    project.write(
      'topologies/plain.yaml',
      files[file].replace(/ {2}unique:.*\n/, '').replaceAll(/from: unique(\.conflicts)?/g, 'from: real'),
    )
    expectRefusal(await project.run(['trace', 'e1', '--topology', 'topologies/plain.yaml']), 2, /--by FIELD/)
    project.write('topologies/lost.yaml', files[file].replace('topic: events', 'topic: lost'))
    expectRefusal(
      await project.run(['trace', 'e1', '--topology', 'topologies/lost.yaml']),
      1,
      /no topic lost/,
    )
  })
})
