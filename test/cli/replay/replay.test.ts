import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Folder } from '../full-command-line.ts'
import {
  appendOrders,
  committedIn,
  day,
  dayText,
  evenOrders,
  firstDay,
  replayFiles,
  type TimedOrder,
} from './project.ts'

interface Report {
  readonly name: string
  readonly group: string
  readonly goesOn: boolean
  readonly complete: boolean
  readonly partitions: readonly { readonly partition: number; readonly start: number; readonly end: number }[]
  readonly offsets: { readonly settled: number; readonly all: number }
  readonly counts?: {
    readonly consumed: number
    readonly stored: number
    readonly deadLettered: number
    readonly outside: number
  }
}

const file = 'topologies/store.yaml'
let folder: Folder
beforeEach(() => {
  folder = new Folder()
  for (const [name, text] of Object.entries(replayFiles)) folder.write(name, text)
})
afterEach(() => folder.remove())

async function rows(read: 'live' | 'side'): Promise<string[]> {
  const all: string[] = []
  for (const customer of ['c0', 'c1', 'c2']) {
    const found = await folder.json<{ rows: { id: string }[] }>(
      `query ${read} customer=${customer} --limit 100000`,
    )
    all.push(...found.rows.map(({ id }) => id))
  }
  return all.sort()
}

function idsOf(orders: readonly TimedOrder[], since = 0, until = Number.POSITIVE_INFINITY): string[] {
  return orders
    .filter(({ at, id }) => at >= since && at < until && !id.endsWith('x'))
    .map(({ id }) => id)
    .sort()
}

async function refusal(line: string): Promise<string> {
  const { code, err, out } = await folder.run(line)
  expect({ out, isOne: err.length === 1 && code !== 0 }).toEqual({ out: [], isOne: true })
  return err[0]!
}

describe('a replay beside the live topology', () => {
  test('of two days goes into the side table alone; offsets, state and letters of the live one stay as they are', async () => {
    const orders = [...evenOrders(60, 6), { id: 'bad-x', customer: 'c0', at: firstDay + 2.5 * day }]
    await appendOrders(folder.path, orders)
    await folder.json(`run ${file} --until-end`)
    const before = await committedIn(folder.path, 'store')
    const letters = await folder.json<unknown[]>('dlq list')
    expect(letters).toHaveLength(1)

    const line = `replay ${file} --from ${dayText(2)} --to ${dayText(4)} --tables-suffix _v2`
    const report = await folder.json<Report>(line)
    expect(report).toMatchObject({ name: '2026-10-03-until-2026-10-05', complete: true, goesOn: false })
    expect(report.group).toBe('store.replay.2026-10-03-until-2026-10-05')
    expect(report.counts).toMatchObject({ consumed: 21, stored: 20, deadLettered: 1 })
    expect(await rows('side')).toEqual(idsOf(orders, firstDay + 2 * day, firstDay + 4 * day))
    expect(await rows('live')).toEqual(idsOf(orders))

    expect(await committedIn(folder.path, 'store')).toEqual(before)
    const [own, side] = await Promise.all([
      folder.json('dlq list --topology store'),
      folder.json(`dlq list --topology ${report.group}`),
    ])
    expect(own).toEqual(letters)
    expect(side).toHaveLength(1)

    // The same once more does nothing, and says so.
    const again = await folder.json<Report>(line)
    expect(again).toMatchObject({ complete: true, goesOn: true, counts: { consumed: 0 } })
    expect((await folder.run(line)).err.at(-1)).toMatch(/is complete since .* begin another one \(--as\)/)

    const listed = await folder.json<readonly unknown[]>('replay list')
    expect(listed).toMatchObject([{ topology: 'store', complete: true }])
    const lag = await folder.json<readonly { readonly lag: number }[]>(`lag --group ${report.group}`)
    expect(lag).toHaveLength(2)
  })

  test('what comes after it began is not of it, and a letter that is mended goes into the side table', async () => {
    await appendOrders(folder.path, [...evenOrders(30, 3), { id: 'o-x', customer: 'c1', at: firstDay }])
    const line = `replay ${file} --as all --table orders_by_customer=orders_by_customer_v2`
    expect(await folder.json<Report>(line)).toMatchObject({ counts: { consumed: 31, deadLettered: 1 } })
    await appendOrders(folder.path, evenOrders(30, 3, 100))
    folder.write(file, replayFiles[file]!.replace('min: 0', 'min: -1'))
    await folder.run('dlq release --topology store.replay.all --all --yes')
    expect(await folder.json<Report>(line)).toMatchObject({
      complete: true,
      goesOn: true,
      counts: { consumed: 0 },
    })
    expect(await rows('side')).toEqual([...evenOrders(30, 3).map(({ id }) => id), 'o-x'].sort())
  })

  test('removed, it can be begun anew; what it wrote stays', async () => {
    await appendOrders(folder.path, [...evenOrders(30, 3), { id: 'o-x', customer: 'c1', at: firstDay }])
    const line = `replay ${file} --tables-suffix _v2`
    await folder.json(line)
    const dry = await folder.json<{ done: boolean; topics: string[] }>(`replay remove ${file}`)
    expect(dry).toMatchObject({
      done: false,
      topics: ['store.replay.all.orders.parked', 'store.replay.all.plan'],
    })
    expect(await folder.json(`replay remove ${file} --yes`)).toMatchObject({ done: true })
    expect(await folder.json('replay list')).toEqual([])
    expect(await folder.json('dlq list')).toEqual([])
    expect(await rows('side')).toHaveLength(30)
    expect(await folder.json<Report>(line)).toMatchObject({
      goesOn: false,
      counts: { consumed: 31, deadLettered: 1 },
    })
  })

  test('a dry run says what would be, and leaves nothing', async () => {
    await appendOrders(folder.path, evenOrders(30, 3))
    const { out } = await folder.run(`replay ${file} --from ${dayText(1)} --tables-suffix _v2 --dry-run`)
    expect(out).toEqual([
      'store, from 2026-10-02 to what is there now, as 2026-10-02',
      '  group    store.replay.2026-10-02',
      '  reads    orders: 2 partitions, up to 20 records',
      '  writes   table orders_by_customer_v2 (rows, instead of orders_by_customer)',
      '\nNothing was done, since this is a dry run.',
    ])
    expect(await folder.json('replay list')).toEqual([])
  })

  test('places bound it as times do; partitions that are not named take no part', async () => {
    const orders = evenOrders(60, 6)
    await appendOrders(folder.path, orders)
    const { counts, partitions } = await folder.json<Report>(
      `replay ${file} --as part --from orders/1:5 --to orders/1:15 --tables-suffix _v2`,
    )
    expect(counts).toMatchObject({ consumed: 10, outside: 0 })
    expect(partitions.find(({ partition }) => partition === 1)).toMatchObject({ start: 5, end: 15 })
    const inPartition = orders.filter(({ customer }) => customer === 'c1').map(({ id }) => id)
    expect(await rows('side')).toEqual(inPartition.slice(5, 15).sort())
  })
})

describe('timestamps that do not ascend', () => {
  test('what is replayed is what a plain filter of the topic by time finds', async () => {
    const seed = Date.now() % 1_000_000
    const random = randomBy(seed)
    const orders = Array.from({ length: 400 }, (_, n) => ({
      id: `o${n}`,
      customer: `c${Math.floor(random() * 3)}`,
      at: firstDay + Math.floor(random() * 10 * day),
    }))
    await appendOrders(folder.path, orders)
    for (let round = 0; round < 6; round++) {
      const since = firstDay + Math.floor(random() * 8 * day)
      const until = since + 1 + Math.floor(random() * 4 * day)
      const [from, to] = [since, until].map((time) => new Date(time).toISOString())
      const line = `replay ${file} --as r${round} --from ${from} --to ${to} --only rows --into live --store s${round}`
      folder.write(`s${round}/empty`, '')
      await appendOrders(`${folder.path}/s${round}`, orders)
      await folder.json(line)
      const found = await Promise.all(
        ['c0', 'c1', 'c2'].map((one) =>
          folder.json<{ rows: { id: string }[] }>(
            `query live customer=${one} --limit 100000 --store s${round}`,
          ),
        ),
      )
      const ids = found.flatMap((one) => one.rows.map(({ id }) => id)).sort()
      expect({ seed, round, ids }).toEqual({ seed, round, ids: idsOf(orders, since, until) })
    }
  })

  test('--late ends the reading sooner', async () => {
    const orders = [...evenOrders(60, 6), { id: 'late', customer: 'c0', at: firstDay }]
    await appendOrders(folder.path, orders)
    const line = `replay ${file} --from ${dayText(0)} --to ${dayText(2)} --tables-suffix _v2`
    const short = await folder.json<Report>(`${line} --late 1d --as short`)
    expect(short.counts).toMatchObject({ consumed: 20, outside: 10 })
    const whole = await folder.json<Report>(`${line} --as whole`)
    expect(whole.counts).toMatchObject({ consumed: 21, outside: 40 })
  })
})

function randomBy(seed: number): () => number {
  let state = seed + 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('what is refused, with a remedy', () => {
  beforeEach(() => appendOrders(folder.path, evenOrders(30, 3)))

  test('to write where the live topology writes, unless it is said', async () => {
    expect(await refusal(`replay ${file}`)).toMatch(
      /rows writes the table orders_by_customer \(rows that come out as before stay.*--table orders_by_customer=orders_by_customer_v2.*--only.*--into live\.$/,
    )
    expect(await folder.json<Report>(`replay ${file} --into live`)).toMatchObject({ complete: true })
    expect(await rows('live')).toHaveLength(30)
  })

  test('names that are not there', async () => {
    expect(await refusal(`replay ${file} --only row`)).toMatch(/no sink row: did you mean rows\?/)
    expect(await refusal(`replay ${file} --table orders_by_customr=x`)).toMatch(
      /did you mean orders_by_customer\?/,
    )
    expect(await refusal(`replay ${file} --tables-suffix _v3`)).toMatch(
      /No migration in cql\/ creates the table/,
    )
    expect(await refusal(`replay remove ${file} --as nope`)).toMatch(/There is no replay nope of store/)
  })

  test('another replay under the name of one that was begun', async () => {
    await folder.json(`replay ${file} --as one --from ${dayText(1)} --tables-suffix _v2`)
    expect(await refusal(`replay ${file} --as one --from ${dayText(2)} --tables-suffix _v2`)).toMatch(
      /was begun with --from 2026-10-02: leave --from 2026-10-03 out/,
    )
    expect(await folder.json<Report>(`replay ${file} --as one`)).toMatchObject({
      goesOn: true,
      complete: true,
    })
  })

  test('times the wrong way round, places outside, and what is no time', async () => {
    const line = `replay ${file} --tables-suffix _v2`
    expect(await refusal(`${line} --from ${dayText(2)} --to ${dayText(1)}`)).toMatch(/is not before --to/)
    expect(await refusal(`${line} --as p --to orders/0:5000`)).toMatch(
      /is not in the partition, which holds 0 to 20/,
    )
    expect(await refusal(`${line} --as p --to returns/0:5`)).toMatch(
      /no partition that is replayed: they are of orders/,
    )
    expect(await refusal(`${line} --from yesterday`)).toMatch(/--from yesterday is no time/)
    expect(await refusal(`${line} --to orders/0:5`)).toMatch(/needs a name: add --as NAME/)
    expect(await refusal(`${line} --from 7d`)).toMatch(/needs a name, since that is another time tomorrow/)
    expect(await refusal(`${line} --late 1h`)).toMatch(/give --to a time, too/)
    expect(await refusal(`replay list ${file} --nope`)).toMatch(/no flag --nope/)
  })

  test('what retention has deleted: how many are gone, and since when there are some', async () => {
    const { openEmbedded } = await import('../../../engine/embedded/embedded.ts')
    await appendOrders(
      folder.path,
      evenOrders(30, 3, 100).map((one) => ({ ...one, at: one.at + 3 * day })),
    )
    const store = openEmbedded(folder.path)
    await store.log.trim({ topic: 'orders', partition: 0, offset: 20 })
    await store.close()
    const line = `replay ${file} --tables-suffix _v2`
    expect(await refusal(`${line} --from ${dayText(1)}`)).toMatch(
      /orders\/0 has lost its first 20 records and begins at 2026-10-04T00:00:00.000Z.*--allow-gone/,
    )
    expect(await folder.json<Report>(`${line} --from ${dayText(1)} --allow-gone`)).toMatchObject({
      complete: true,
      counts: { consumed: 37 },
    })
    expect(await folder.json<Report>(`${line} --from ${dayText(4)}`)).toMatchObject({
      counts: { consumed: 20 },
    })
  })

  test('a source that reads no topic, and an exactly-once topic that is live', async () => {
    folder.write(
      'topologies/once.yaml',
      'name: once\ndelivery: exactly-once\nsources: { orders: { type: topic, topic: orders, format: json } }\n' +
        'sinks: { copy: { type: topic, from: orders, topic: copies } }\n',
    )
    expect(await refusal('replay topologies/once.yaml --into live')).toMatch(
      /exactly once.*--topic copies=copies-replayed/,
    )
    expect(await folder.json<Report>('replay topologies/once.yaml --topic copies=copies-2')).toMatchObject({
      counts: { consumed: 30 },
    })
    folder.write(
      'topologies/git.yaml',
      'name: git\nsources: { log: { type: git-log, repo: . } }\nsinks: { out: { type: console, from: log } }\n',
    )
    expect(await refusal('replay topologies/git.yaml')).toMatch(/Source log \(git-log\) reads no topic/)
  })
})
