import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from '@jest/globals'
import { loadMigrations } from '../../../engine/cql/migrations.ts'
import { EmbeddedTables, type WriteRow } from '../../../engine/embedded/tables.ts'

const migrations = (...texts: string[]) => {
  return loadMigrations(texts.map((text, index) => ({ path: `cql/000${index + 1}-m.cql`, text })))
}
const users = 'CREATE TABLE users (id text PRIMARY KEY, name text, age int);'
const events =
  'CREATE TABLE events (day text, at timestamp, what text, PRIMARY KEY (day, at)) WITH gc_grace_seconds = 100;'
const row = (id: unknown, more: Partial<WriteRow> & { values?: object } = {}): WriteRow => {
  return { table: 'users', mode: 'insert', timestampMicros: 1, ...more, values: { id, ...more.values } }
}

const dirs: string[] = []
const databases: DatabaseSync[] = []
function database(path = ':memory:'): DatabaseSync {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL')
  databases.push(db)
  return db
}
function file(): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-tables-'))
  dirs.push(dir)
  return join(dir, 'store.db')
}

afterEach(() => {
  for (const db of databases.splice(0)) if (db.isOpen) db.close()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

describe('writing rows', () => {
  test('a refused row leaves its neighbours alone and holds back the rest of its key', () => {
    const tables = new EmbeddedTables(database(), migrations(users))
    const outcomes = tables.writeRows([
      row('a', { orderKey: 'k1' }),
      row('b', { orderKey: 'k2', values: { age: 'old' } }),
      row('c', { orderKey: 'k2' }),
      row('d', { orderKey: 'k1' }),
      row(null),
      row('e', { values: { nam: 'x' } }),
      row('f', { table: 'user' }),
      row('', {}),
      row('g', { ttlSeconds: -1 }),
      row('h', { timestampMicros: 2n ** 60n }),
      row('i'.repeat(70_000)),
      row('j'),
    ])
    expect(
      outcomes.map((one) =>
        one.stored ? 'stored' : one.unattempted === true ? 'unattempted' : one.error.code,
      ),
    ).toEqual([
      'stored',
      'ROW_REFUSED',
      'unattempted',
      'stored',
      'ROW_REFUSED',
      'ROW_REFUSED',
      'TABLE_UNKNOWN',
      'ROW_REFUSED',
      'ROW_REFUSED',
      'ROW_REFUSED',
      'ROW_REFUSED',
      'stored',
    ])
    const sentences = outcomes.map((one) => (one.stored || one.unattempted === true ? '' : one.error.message))
    expect(sentences[1]).toMatch(
      /^users\.age: expected a whole number within 32 bits \(int\), got the string "old"/,
    )
    expect(sentences[4]).toMatch(/^users\.id belongs to the primary key and null was given/)
    expect(sentences[5]).toBe('The table users has no column "nam": did you mean name?')
    expect([...tables.dump('users')].map(({ id }) => id)).toEqual(['a', 'd', 'j'])
  })

  test('values of any length, and every column, come back', () => {
    const tables = new EmbeddedTables(database(), migrations(users))
    const lengths = [0, 1, 254, 255, 256, 5000, 300_000]
    tables.writeRows(
      lengths.map((length) => row(`u${length}`, { values: { name: 'é'.repeat(length), age: length } })),
    )
    for (const length of lengths) {
      expect(tables.get('users', { id: `u${length}` })).toEqual({
        id: `u${length}`,
        name: 'é'.repeat(length),
        age: length,
      })
    }
    expect(tables.get('users', { id: 'nobody' })).toBeUndefined()
    expect(() => tables.get('users', {})).toThrow('users.id belongs to the primary key')
    expect(() => tables.get('user', {})).toThrow('No migration in cql/ creates the table "user"')
  })

  test('nothing is half stored where SQLite fails', () => {
    const db = database()
    const tables = new EmbeddedTables(db, migrations(users))
    tables.writeRows([row('a')])
    const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count'])
    db.exec(`PRAGMA max_page_count = ${pages + 2}`)
    const large = [row('b'), row('c', { values: { name: 'x'.repeat(100_000) } })]
    expect(() => tables.writeRows(large)).toThrow(expect.objectContaining({ code: 'STORE_FULL' }))
    expect([...tables.dump('users')].map(({ id }) => id)).toEqual(['a'])
    db.exec('PRAGMA max_page_count = 100000')
    expect(tables.writeRows(large)).toEqual([{ stored: true }, { stored: true }])
    expect(tables.count('users')).toBe(3)
  })

  test('is refused inside of another transaction', () => {
    const db = database()
    const tables = new EmbeddedTables(db, migrations(users))
    db.exec('BEGIN')
    expect(() => tables.writeRows([row('a')])).toThrow('inside of another transaction')
    db.exec('ROLLBACK')
  })

  test('a replay at the same timestamp renews the TTL; a TTL of 0 is for ever', () => {
    let now = 1_000_000
    const tables = new EmbeddedTables(database(), migrations(users), { now: () => now })
    const write = () =>
      tables.writeRows([row('a', { ttlSeconds: 10, values: { name: 'x' } }), row('b', { ttlSeconds: 0 })])
    write()
    now += 9000
    expect(tables.get('users', { id: 'a' })).toMatchObject({ name: 'x' })
    write()
    now += 9000
    expect(tables.get('users', { id: 'a' })).toMatchObject({ name: 'x' })
    now += 1000
    expect(tables.get('users', { id: 'a' })).toBeUndefined()
    now += 1e12
    expect([...tables.dump('users')].map(({ id }) => id)).toEqual(['b'])
  })
})

describe('the stored form', () => {
  test('outlives the process: in the log, half moved, and in the trees', () => {
    const path = file()
    const catalogue = migrations(users, events)
    for (let round = 0; round < 6; round++) {
      const db = database(path)
      const tables = new EmbeddedTables(db, catalogue, { memoryBytes: 40_000 })
      const ids = Array.from({ length: 300 }, (_, index) => `u${(index * 7919 + round * 100) % 1000}`)
      expect(
        tables.writeRows(ids.map((id) => row(id, { timestampMicros: round, values: { age: round } }))),
      ).toHaveLength(300)
      db.close()
    }
    const tables = new EmbeddedTables(database(path), catalogue)
    const before = [...tables.dump('users')]
    tables.flush()
    expect([...tables.dump('users')]).toEqual(before)
    const expected = new Map<string, number>()
    for (let round = 0; round < 6; round++) {
      for (let index = 0; index < 300; index++) expected.set(`u${(index * 7919 + round * 100) % 1000}`, round)
    }
    expect(new Map(before.map(({ id, age }) => [id, age]))).toEqual(expected)
  })

  test('a reader beside the writer sees what is written, moved and erased', () => {
    const path = file()
    const catalogue = migrations(users, events)
    const writer = new EmbeddedTables(database(path), catalogue, { memoryBytes: 3000 })
    const reader = new EmbeddedTables(database(path), catalogue)
    for (let round = 0; round < 40; round++) {
      writer.writeRows([row(`u${round % 7}`, { timestampMicros: round, values: { age: round } })])
      if (round % 5 === 4) writer.deletePartition('users', { id: `u${round % 3}` }, round)
      if (round % 11 === 10) writer.flush()
      expect([...reader.dump('users')]).toEqual([...writer.dump('users')])
    }
  })

  test('a reader forgets what it remembered of a row once another process has changed it', async () => {
    const path = file()
    const writer = new EmbeddedTables(database(path), migrations(users))
    const reader = new EmbeddedTables(database(path), migrations(users))
    expect(reader.get('users', { id: 'a' })).toBeUndefined()
    for (const [timestampMicros, name] of ['first', 'second', 'third'].entries()) {
      writer.writeRows([row('a', { timestampMicros, values: { name } })])
      // Moved at once: the reader never meets the row in the log.
      writer.flush()
      await new Promise((resolve) => setTimeout(resolve, 25))
      expect(reader.get('users', { id: 'a' })).toMatchObject({ name })
    }
  })

  test('rows of tables that the own migrations do not know reach their trees all the same', () => {
    const path = file()
    const both = migrations(users, events)
    new EmbeddedTables(database(path), both).writeRows([
      { table: 'events', mode: 'insert', timestampMicros: 1, values: { day: 'd', at: 1, what: 'x' } },
    ])
    new EmbeddedTables(database(path), migrations(users)).flush()
    expect(new EmbeddedTables(database(path), both).count('events')).toBe(1)
  })

  test('takes added columns, and refuses other changes and newer formats', () => {
    const path = file()
    new EmbeddedTables(database(path), migrations(users)).writeRows([
      row('a', { values: { name: 'x', age: 5 } }),
    ])
    const grown = new EmbeddedTables(
      database(path),
      migrations(users, 'ALTER TABLE users ADD (city text, zip int)'),
    )
    grown.writeRows([row('b', { values: { city: 'Ulm' } })])
    expect([...grown.dump('users')]).toEqual([
      { id: 'a', name: 'x', age: 5, city: null, zip: null },
      { id: 'b', name: null, age: null, city: 'Ulm', zip: null },
    ])
    const refusals: [string, string][] = [
      [
        'CREATE TABLE users (id text PRIMARY KEY, name text, age int, city text)',
        'it no longer has the column zip int',
      ],
      [
        'CREATE TABLE users (id text PRIMARY KEY, name int, age int)',
        'its column name is now int and is stored as text',
      ],
      [
        'CREATE TABLE users (id uuid PRIMARY KEY, name text, age int)',
        'its primary key is now ((id uuid)) and rows are stored by ((id text))',
      ],
    ]
    for (const [text, sentence] of refusals) {
      expect(() => new EmbeddedTables(database(path), migrations(text))).toThrow(sentence)
      expect(() => new EmbeddedTables(database(path), migrations(text))).toThrow(/^cql\/0001-m\.cql:1:14: /)
    }
    const db = database(path)
    db.exec("UPDATE cql_meta SET value = 9 WHERE name = 'format'")
    const again = () => new EmbeddedTables(db, migrations(users))
    expect(again).toThrow(expect.objectContaining({ code: 'STORE_UNREADABLE', kind: 'fatal' }))
    expect(again).toThrow('holds tables of format 9, and this Millrace knows 1')
  })
})

describe('the sweep', () => {
  const stored = (db: DatabaseSync, table: string) =>
    Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'])
  const event = (at: number, ttlSeconds: number, timestampMicros = 5): WriteRow => {
    return {
      table: 'events',
      mode: 'insert',
      timestampMicros,
      ttlSeconds,
      values: { day: `d${at % 3}`, at, what: 'x' },
    }
  }

  test('removes what ended gc_grace_seconds ago, in bounded steps, and nothing else', () => {
    let now = 1_000_000
    const db = database()
    const tables = new EmbeddedTables(db, migrations(events), { now: () => now })
    tables.writeRows(Array.from({ length: 90 }, (_, at) => event(at, at % 2 === 0 ? 10 : 0)))
    tables.deleteRow('events', { day: 'd1', at: 1 }, 7)
    tables.deletePartition('events', { day: 'd0' }, 7)
    const visible = [...tables.dump('events')].filter(({ at }) => (at as number) % 2 === 1)
    const round = () => {
      let removed = 0
      for (;;) {
        const step = tables.sweep(8)
        expect(step.examined).toBeLessThanOrEqual(8)
        removed += step.removed
        if (step.complete) return removed
      }
    }
    now += 50_000
    // The partition that was deleted; expired rows must stay for gc_grace, to win over older writes.
    expect(round()).toBe(30)
    expect([...tables.dump('events')]).toEqual(visible)
    tables.writeRows([event(2, 0, 4), event(3, 0, 7)])
    expect([...tables.dump('events')]).toEqual(visible)
    now += 61_000
    expect(round()).toBeGreaterThanOrEqual(31)
    expect([...tables.dump('events')]).toEqual(visible)
    expect([stored(db, 'cql_rows_1'), stored(db, 'cql_erased'), stored(db, 'cql_log')]).toEqual([
      visible.length,
      0,
      0,
    ])
  })

  test('a deletion goes only after everything that it covers, also what is still in memory', () => {
    let now = 1_000_000
    const tables = new EmbeddedTables(database(), migrations(events), { now: () => now })
    tables.deletePartition('events', { day: 'd0' }, 7)
    tables.deleteRow('events', { day: 'd1', at: 1 }, 7)
    tables.flush()
    tables.writeRows([event(0, 0), event(1, 0)])
    now += 200_000
    for (let step = 0; step < 12; step++) {
      tables.sweep(1)
      expect(tables.count('events')).toBe(0)
      expect(tables.get('events', { day: 'd0', at: 0 })).toBeUndefined()
    }
  })
})
