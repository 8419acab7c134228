// What reconcile must find, and what it must not, wherever topics and tables are.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Project } from '../../cli/project/project.ts'
import type { Reconciliation } from '../../cli/reconcile/result.ts'
import { type Folder } from './full-command-line.ts'

/** A write of one row past the topology. */
export interface Plant {
  readonly table: string
  readonly values: Readonly<Record<string, unknown>>
  readonly timestampMicros: number
  readonly ttlSeconds?: number
}

/** Where the cases run. */
export interface ReconcilePlace {
  readonly folder: Folder
  /** What goes behind every command: ` --env NAME`, or nothing. */
  readonly flags: string
  /** The project, opened. */
  inProject<T>(work: (project: Project) => Promise<T>): Promise<T>
  put(plant: Plant): Promise<void>
  remove(table: string, key: Readonly<Record<string, unknown>>, timestampMicros: number): Promise<void>
  close(): Promise<void>
}

const migrations = `
CREATE TABLE users (user_id text PRIMARY KEY, name text);
CREATE TABLE rows (
  shop text, bucket text, event_time timestamp, id text, hash text,
  user_id text, user frozen<map<text, text>>, note text, size bigint, tags frozen<set<text>>,
  PRIMARY KEY ((shop, bucket), event_time, id, hash)
) WITH CLUSTERING ORDER BY (event_time DESC, id ASC, hash ASC) AND default_time_to_live = 31536000;
CREATE TABLE rows_short (
  shop text, bucket text, event_time timestamp, id text, hash text,
  user_id text, user frozen<map<text, text>>, note text, size bigint, tags frozen<set<text>>,
  PRIMARY KEY ((shop, bucket), event_time, id, hash)
) WITH CLUSTERING ORDER BY (event_time DESC, id ASC, hash ASC);
CREATE TABLE latest (user_id text PRIMARY KEY, note text, size bigint);
`

/** The topology of the cases; what it does with records that fail is for the case to say. */
export function topologyOf(group: string, topic: string, then: 'park' | 'skip'): string {
  return `
name: ${group}
description: Events of shops in two tables, and the latest of each user.
sources:
  events: { type: topic, topic: ${topic}, format: json, timestamp: at }
processors:
  valid: { type: validate, from: events, fields: { id: { minLength: 1 }, note: { maxLength: 50 } } }
  unique: { type: dedupe, from: valid, by: id, window: 7d }
  known: { type: enrich, from: unique, table: users, key: userId, as: user, otherwise: pass }
sinks:
  rows:
    type: table
    from: known
    table: rows
    columns: { event_time: at }
    bucket: { column: bucket, by: month }
    hash: { of: [id, note, size] }
    retention: 365d
    variants: { by: class, when: { short: { table: rows_short, retention: 30d } } }
  latest: { type: table, from: unique, table: latest, mode: latest, sequence: n }
errors: { attempts: 2, then: ${then}, backoff: { first: 10ms, longest: 20ms }, flood: { share: 1, of: 1000 } }
commit: { every: 50ms }
`
}

export const group = 'shops'
export const file = 'topologies/shops.yaml'
const day = 86_400_000

interface Event {
  readonly id: string
  readonly n: number
  readonly shop: string
  readonly userId: string
  readonly at: number
  readonly [field: string]: unknown
}

export function laid(folder: Folder, topic: string): void {
  folder.write('cql/0001-shops.cql', migrations)
  folder.write(file, topologyOf(group, topic, 'park'))
}

/** The cases; `open` makes the place anew. */
export function reconcileCases(topic: string, open: () => Promise<ReconcilePlace>): void {
  const start = Date.now() - 20 * day
  const event = (n: number, more: Record<string, unknown> = {}): Event => ({
    ...{ id: `e${n}`, n, shop: `s${n % 3}`, userId: `u${n % 7}`, at: start + n * 60_000, note: `note ${n}` },
    ...(n % 2 === 0 && { size: n * 1000 }),
    ...(n % 5 === 0 && { class: 'short' }),
    ...(n % 4 === 0 && { tags: [`t${n}`, 'all'] }),
    ...more,
  })
  const bucket = (n: number): string => new Date(event(n).at).toISOString().slice(0, 7)
  let place: ReconcilePlace

  async function produce(values: readonly (Event | string)[]): Promise<void> {
    await place.inProject(async ({ log }) => {
      await log.append(
        values.map((value) => ({
          topic,
          key: Buffer.from(typeof value === 'string' ? 'broken' : value.userId),
          value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
          headers: [],
          timestamp: Date.now(),
        })),
      )
    })
  }

  async function run(): Promise<void> {
    const ran = await place.folder.run(
      `run ${place.folder.path}/${file} --until-end --http off${place.flags}`,
    )
    expect(ran.err.join('\n')).toContain('records')
    expect(ran.code).toBe(0)
  }

  async function reconciled(): Promise<Reconciliation & { readonly code: number }> {
    const { code, out, err } = await place.folder.run(`reconcile ${file} --limit 100 -o json${place.flags}`)
    if (out.length !== 1) throw new Error(err.join('\n'))
    return { ...(JSON.parse(out[0]!) as Reconciliation), code }
  }

  /** The row of an event as it is stored: its key with the hash is told by a comparison in which it is missing. */
  const hashes = new Map<string, string>()
  const keyOf = (n: number): Record<string, unknown> => ({
    ...{ shop: `s${n % 3}`, bucket: bucket(n), event_time: new Date(event(n).at).toISOString() },
    ...{ id: `e${n}`, hash: hashes.get(`e${n}`)! },
  })
  const micros = (n: number): number => event(n).at * 1000

  beforeAll(async () => {
    place = await open()
    await place.inProject(async ({ log }) => {
      await log.ensureTopic(topic, { partitions: 3 })
    })
  }, 120_000)

  afterAll(() => place?.close())

  describe('reconcile', () => {
    test('says that nothing is there yet, and nothing is missing', async () => {
      await produce([event(900), event(901)])
      const { code, events, tables } = await reconciled()
      expect({ code, events, found: tables.map(({ found }) => found) }).toMatchObject({
        code: 0,
        events: { read: 2, uncommitted: 2, failed: 0 },
        found: [0, 0, 0],
      })
    })

    test('finds no difference where everything is right', async () => {
      const good = Array.from({ length: 120 }, (_, n) => event(n))
      const twice = good.filter((_, n) => n % 10 === 3)
      const old = [event(500, { at: Date.now() - 400 * day })]
      const long = event(600, { note: 'x'.repeat(99), userId: 'parked' })
      const behind = event(601, { userId: 'parked' })
      await produce([...good, ...twice, ...old, '{"id":', long, behind])
      await run()
      const result = await reconciled()
      expect(result.differences).toEqual([])
      expect(result.code).toBe(0)
      expect(result.events).toEqual({
        ...{
          read: 138,
          duplicates: 12,
          failed: 2,
          lost: 0,
          parked: 3,
          released: 0,
          discarded: 0,
          uncommitted: 0,
        },
      })
      expect(result.lookedUp).toEqual([
        { column: 'rows.user', same: 97, other: 0 },
        { column: 'rows_short.user', same: 25, other: 0 },
      ])
      expect(
        result.tables.map(({ table, expected, found, expired }) => [table, expected, found, expired]),
      ).toEqual([
        ['rows', 97, 97, 1],
        ['rows_short', 25, 25, 0],
        ['latest', 7, 7, 0],
      ])
    }, 60_000)

    test('knows nothing of looked-up values, and of records that are not committed', async () => {
      await place.put({ table: 'users', values: { user_id: 'u1', name: 'Ada' }, timestampMicros: 1 })
      await produce([event(700), event(701, { userId: 'u1' })])
      const before = await reconciled()
      expect([before.code, before.differences, before.events.uncommitted]).toEqual([0, [], 2])
      await run()
      const after = await reconciled()
      expect([after.code, after.differences, after.events.uncommitted]).toEqual([0, [], 0])
      // The name came after most rows of this user, and a lookup gives it for all now.
      const rows = after.lookedUp[0]!
      expect(rows.other).toBeGreaterThan(5)
      expect(rows.same + rows.other).toBe(after.tables[0]!.found)
      const { out } = await place.folder.run(`reconcile ${file}${place.flags}`)
      expect(out.join('\n')).toContain(
        `rows.user: looked up, so write times and ends compared, values not: ${rows.same} as a lookup gives now, ${rows.other} otherwise`,
      )
    }, 60_000)

    test('finds a row that is missing, with its key and its record', async () => {
      const rows = await place.folder.run(`reconcile ${file} --limit 0 -o json${place.flags}`)
      expect(rows.code).toBe(0)
      // A row without its record says what the keys are: the hash is not to be computed here.
      await place.remove('latest', { user_id: 'u6' }, 10_000_000)
      const { code, differences, tables } = await reconciled()
      expect(code).toBe(1)
      expect(differences).toEqual([
        {
          kind: 'missing',
          table: 'latest',
          key: { user_id: 'u6' },
          position: expect.stringMatching(`^${topic}/\\d@\\d+$`) as unknown as string,
          cells: [],
        },
      ])
      expect(tables[2]).toMatchObject({ expected: 7, found: 6, missing: 1 })
      const text = await place.folder.run(`reconcile ${file}${place.flags}`)
      expect(text.out.join('\n')).toMatch(/missing in latest: user_id=u6 from \S+@\d+/)
      expect(text.code).toBe(1)
    }, 60_000)

    test('finds each kind of difference', async () => {
      const found = await place.inProject(async (project) => rowKeys(project))
      for (const [id, hash] of found) hashes.set(id, hash)
      const ttl = (n: number): number => Math.floor((event(n).at + 365 * day - Date.now()) / 1000)
      const put = (n: number, values: Record<string, unknown>, later: number, more = 0): Promise<void> =>
        place.put({
          table: 'rows',
          values: { ...keyOf(n), ...values },
          timestampMicros: micros(n) + later,
          ttlSeconds: ttl(n) + more,
        })
      await put(1, { note: 'another note' }, 1)
      await put(2, { note: 'note 2' }, 1)
      await put(3, { note: 'note 3', user_id: 'u3' }, 0, 1000)
      await put(4, { size: null }, 1)
      await put(6, { tags: ['none'] }, 0)
      await put(7, { id: 'nobody' }, 0)
      await place.remove('rows', keyOf(8), micros(8) + 1)
      // Looked up, at a time and with an end that no record gives it.
      await put(9, { user: { name: 'Eve' } }, 1)
      await put(11, { user: { name: 'Eve' } }, 0, 1000)
      await put(12, { user: { name: 'Eve' } }, 0)
      // The row of an event in the table for events of another kind.
      await place.remove('rows', keyOf(13), micros(13) + 1)
      await place.put({
        ...{ table: 'rows_short', values: { ...keyOf(13), note: 'note 13' } },
        ...{ timestampMicros: micros(13), ttlSeconds: ttl(13) },
      })
      const older = { user_id: 'u2', note: 'older' }
      await place.put({ table: 'latest', values: older, timestampMicros: 9_000_000 })
      const { differences, code, tables } = await reconciled()
      expect(code).toBe(1)
      const told = differences
        .filter(({ table }) => table === 'rows')
        .map(({ kind, key, cells }) => [
          key!['id'],
          kind,
          ...cells.map(({ column, what }) => `${column} ${what}`).sort(),
        ])
        .sort()
      expect(told).toEqual([
        ['e1', 'different', 'note value'],
        ['e11', 'different', 'user expiry'],
        ['e13', 'missing'],
        ['e2', 'different', 'note timestamp'],
        ['e3', 'different', 'note expiry', 'user_id expiry'],
        ['e4', 'different', 'size absent'],
        ['e6', 'different', 'tags unexpected'],
        ['e8', 'missing'],
        ['e9', 'different', 'user timestamp'],
        ['nobody', 'extra'],
      ])
      expect(tables[0]).toMatchObject({ missing: 2, different: 7, extra: 1 })
      const elsewhere = differences
        .filter(({ table }) => table !== 'rows')
        .map(({ table, kind, key, cells }) => {
          return [table, kind, key!['id'] ?? key!['user_id'], ...cells.map(({ what }) => what)]
        })
      expect(elsewhere.sort()).toEqual([
        ['latest', 'different', 'u2', 'value'],
        ['latest', 'missing', 'u6'],
        ['rows_short', 'extra', 'e13'],
      ])
    }, 60_000)

    test('finds records that failed, and are parked nowhere', async () => {
      place.folder.write(file, topologyOf(group, topic, 'skip'))
      await produce([event(800, { note: 'y'.repeat(99) })])
      await run()
      place.folder.write(file, topologyOf(group, topic, 'park'))
      const { differences, events } = await reconciled()
      expect(events).toMatchObject({ failed: 3, lost: 1 })
      expect(differences.filter(({ kind }) => kind === 'lost')).toEqual([
        {
          kind: 'lost',
          table: null,
          key: null,
          position: expect.stringContaining(`${topic}/`) as unknown as string,
          cells: [],
        },
      ])
    }, 60_000)
  })
}

/** The hash of each event's row, by id. */
async function rowKeys(project: Project): Promise<Map<string, string>> {
  const { openScan } = await import('../../cli/reconcile/scan.ts')
  const { decodeKey } = await import('../../engine/cql/keys.ts')
  const { keyDirections, primaryKey } = await import('../../engine/cql/stored-rows.ts')
  const schema = project.catalogue.tables.get('rows')!
  const scan = await openScan(project)
  const keys = new Map<string, string>()
  const types = primaryKey(schema).map(({ type }) => type)
  await scan.scan(schema, {
    visit: ({ key }) => {
      const { values } = decodeKey(types, key, keyDirections(schema))
      keys.set(values[3] as string, values[4] as string)
    },
  })
  await scan.close()
  return keys
}
