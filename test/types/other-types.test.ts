// Records of types that a source passes over: counted apart, told by explain, and no difference to reconcile.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Folder } from '../cli/full-command-line.ts'
import { names, schemas, topic } from './project.ts'

let folder: Folder
const file = 'topologies/cancelled.yaml'
const event = (id: number, data: object): string =>
  `${JSON.stringify({
    ...{
      eventId: `00000000-0000-4000-8000-00000000000${id}`,
      eventType: 'x',
      timestamp: 1767614400000,
      data,
    },
    metadata: { sessionId: 's1', sessionSeq: id },
  })}\n`

beforeAll(async () => {
  folder = new Folder()
  for (const [name, text] of Object.entries(schemas)) folder.write(`schemas/${topic}/${name}`, text)
  folder.write('cql/0001-rows.cql', 'CREATE TABLE rows (event_id text PRIMARY KEY, timestamp bigint);')
  folder.write(
    file,
    `name: cancelled
description: Orders that are cancelled for a reason.
sources:
  events: { type: topic, topic: ${topic}, schema: [${names[2]}], others: skip, timestamp: timestamp }
processors:
  late: { type: filter, from: events, field: data.reason, equals: late }
sinks:
  rows: { type: table, from: late, table: rows, mode: latest, sequence: timestamp }
`,
  )
  folder.write('shipped.jsonl', [1, 2, 3].map((id) => event(id, { orderId: 'o1', carrier: 'x' })).join(''))
  folder.write(
    'cancelled.jsonl',
    [4, 5].map((id) => event(id, { orderId: 'o1', reason: id === 4 ? 'late' : 'other' })).join(''),
  )
  for (const [name, lines] of [
    ['shop.orders.OrderShipped', 'shipped'],
    [names[2], 'cancelled'],
  ])
    expect(
      await folder.run(`produce ${topic} --schema ${name} --key metadata.sessionId --file ${lines}.jsonl`),
    ).toMatchObject({ code: 0 })
})
afterAll(() => folder.remove())

test('are counted apart from those that a filter drops', async () => {
  const { code, err } = await folder.run(`run ${file} --until-end --http off`)
  expect([code, err.at(-1)]).toEqual([
    0,
    expect.stringContaining(
      '5 records: 1 stored, 0 duplicates, 4 dropped (3 of types that are not listed), 0 parked',
    ),
  ])
})

test('are no failures, and not lost', async () => {
  const { code, out } = await folder.run(`reconcile ${file} -o json`)
  expect(JSON.parse(out[0]!)).toMatchObject({
    events: { read: 5, failed: 0, lost: 0 },
    tables: [{ expected: 1, found: 1 }],
  })
  expect(code).toBe(0)
})

test('are told by explain, whichever way they go', async () => {
  const told = (await folder.run(`explain ${file}`)).out.join('\n')
  expect(told).toContain('A record of another type than those listed comes into the topology')
  folder.write(
    'topologies/strict.yaml',
    `name: strict
description: Orders that are cancelled.
sources: { events: { type: topic, topic: ${topic}, schema: [${names[2]}], timestamp: timestamp } }
sinks: { all: { type: topic, from: events, topic: all } }
`,
  )
  expect((await folder.run('explain topologies/strict.yaml')).out.join('\n')).toContain(
    'RECORD_TYPE_UNEXPECTED',
  )
})
