// Topologies of several parts, replayed: tables that are joined, topics between, aggregates; and what reconcile says.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openEmbedded } from '../../../engine/embedded/embedded.ts'
import { Folder } from '../full-command-line.ts'
import { appendOrders, day, dayText, evenOrders, firstDay, replayFiles } from './project.ts'

let folder: Folder
beforeEach(() => {
  folder = new Folder()
  for (const [name, text] of Object.entries(replayFiles)) folder.write(name, text)
})
afterEach(() => folder.remove())

async function append(
  topic: string,
  rows: readonly (readonly [key: string, value: object, at: number])[],
): Promise<void> {
  const store = openEmbedded(folder.path)
  try {
    await store.log.ensureTopic(topic, { partitions: 2 })
    await store.log.append(
      rows.map(([key, value, timestamp]) => ({
        ...{ topic, partition: Number(key.slice(1)) % 2, key: Buffer.from(key), headers: [], timestamp },
        value: Buffer.from(JSON.stringify(value)),
      })),
    )
  } finally {
    await store.close()
  }
}

const customers = ['c0', 'c1', 'c2'].map(
  (id) => [id, { name: `name of ${id}` }, firstDay - 100 * day] as const,
)

test.each(['', ' global: true,'])(
  'a table that is joined is whole, whatever the time that is replayed (%s)',
  async (reading) => {
    await append('customers', customers)
    await appendOrders(folder.path, evenOrders(60, 6))
    folder.write(
      'topologies/join.yaml',
      `name: join
sources:
  orders: { type: topic, topic: orders, format: json }
  customers: { type: topic, topic: customers, format: json }
processors:
  named: { type: join, from: orders, table: customers,${reading} as: row }
sinks:
  out: { type: console, from: named }
`,
    )
    const { code, out, err } = await folder.run(
      `replay topologies/join.yaml --from ${dayText(1)} --to ${dayText(3)}`,
    )
    expect({ code, err: code === 0 ? [] : err }).toEqual({ code: 0, err: [] })
    expect(out).toHaveLength(20)
    expect(out.every((line) => line.includes('name of c'))).toBe(true)
  },
)

test('through a topic of its own and an aggregate: sums of the time alone, in a side group', async () => {
  await appendOrders(folder.path, evenOrders(60, 6))
  folder.write(
    'topologies/sums.yaml',
    `name: sums
sources:
  orders: { type: topic, topic: orders, format: json }
processors:
  by-customer: { type: repartition, from: orders, by: customer, partitions: 2 }
  counted: { type: aggregate, from: by-customer, fields: { orders: count } }
sinks:
  out: { type: topic, from: counted, topic: sums, format: json }
`,
  )
  await folder.json('run topologies/sums.yaml --until-end')
  const line = `replay topologies/sums.yaml --from ${dayText(1)} --to ${dayText(3)} --topic sums=sums-side`
  expect(await folder.json(line)).toMatchObject({ complete: true })
  expect(await last('sums')).toEqual({ c0: 20, c1: 20, c2: 20 })
  const side = await last('sums-side')
  expect(Object.values(side).reduce((sum, count) => sum + count, 0)).toBe(20)
})

/** The last count of each customer in a topic. */
async function last(topic: string): Promise<Record<string, number>> {
  const store = openEmbedded(folder.path)
  try {
    const counts: Record<string, number> = {}
    for (let partition = 0; partition < ((await store.log.partitionsOf(topic)) ?? 0); partition++) {
      const { records } = await store.log.fetch({ topic, partition }, 0, 1000)
      for (let row = 0; row < records.count; row++) {
        const key = records.bytes.toString('utf8', records.keyStarts[row], records.keyEnds[row])
        const value = records.bytes.toString('utf8', records.valueStarts[row], records.valueEnds[row])
        counts[key.slice(0, 2)] = (JSON.parse(value) as { orders: number }).orders
      }
    }
    return counts
  } finally {
    await store.close()
  }
}

test('reconcile --replay compares the records of its time with the side table', async () => {
  const file = 'topologies/store.yaml'
  await appendOrders(folder.path, [
    ...evenOrders(60, 6),
    { id: 'o-x', customer: 'c1', at: firstDay + 2 * day },
  ])
  await folder.json(`replay ${file} --as some --from ${dayText(1)} --to ${dayText(3)} --tables-suffix _v2`)
  const compared = await folder.json<object>(`reconcile ${file} --replay some`)
  expect(compared).toMatchObject({
    topology: 'store.replay.some',
    events: { read: 21, parked: 1, lost: 0 },
    tables: [{ table: 'orders_by_customer_v2', expected: 20, found: 20, missing: 0 }],
    differences: [],
  })
  // A row that is not there is missed.
  await folder.json(
    `replay ${file} --as other --from ${dayText(2)} --to ${dayText(4)} --only rows --into live`,
  )
  const { code, out } = await folder.run(`reconcile ${file} --replay other -o json`)
  expect({ code, other: JSON.parse(out[0]!) as object }).toMatchObject({
    code: 0,
    other: { differences: [] },
  })
  folder.write('topologies/store.yaml', replayFiles[file]!.replace('min: 0', 'min: 15'))
  expect((await folder.run(`reconcile ${file} --replay some`)).code).toBe(1)
  expect((await folder.run(`reconcile ${file} --replay none`)).err[0]).toMatch(/no replay none of store/)
})

test('trace --replay says what became of an event in the replay, and finds none of another time', async () => {
  const file = 'topologies/store.yaml'
  await appendOrders(folder.path, evenOrders(60, 6))
  await folder.json(`replay ${file} --as some --from ${dayText(1)} --to ${dayText(3)} --tables-suffix _v2`)
  const traced = await folder.run(`trace o12 --topology ${file} --replay some`)
  expect(traced.code).toBe(0)
  expect(traced.out.join('\n')).toMatch(/orders_by_customer_v2/)
  expect((await folder.run(`trace o2 --topology ${file} --replay some`)).code).toBe(1)
  expect((await folder.run(`trace o2 --topology ${file}`)).code).toBe(0)
})
