import { describe, expect, test } from '@jest/globals'
import { loadMigrations } from '../../../engine/cql/migrations.ts'
import { typeName } from '../../../engine/cql/types.ts'

const one = (text: string) => loadMigrations([{ path: 'cql/0001-first.cql', text }])
const table = (columns: string) => one(`CREATE TABLE t (${columns});`)

describe('migrations', () => {
  test('read a table with everything that a table may say', () => {
    const catalogue = one(`
      CREATE KEYSPACE IF NOT EXISTS audit WITH replication = {'class':'SimpleStrategy', 'replication_factor': 1};
      USE audit;
      /* what happened
         to an entity */
      CREATE TABLE IF NOT EXISTS audit."by_entity" (
        store text, entity VARCHAR, bucket text, -- the month
        at timestamp, event_id uuid, // the id
        tags set<text>, user frozen<map<text, frozen<list<int>>>>,
        PRIMARY KEY ((store, entity, bucket), at, event_id)
      ) WITH CLUSTERING ORDER BY (at DESC) AND default_time_to_live = 31536000 AND gc_grace_seconds = 3600
        AND comment = 'it''s all here'
        AND compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_size': 15};`)
    const found = catalogue.tables.get('by_entity')!
    expect(catalogue.keyspaces).toEqual(['audit'])
    expect(found.columns.map(({ name, type, kind }) => `${name} ${typeName(type)} ${kind}`)).toEqual([
      'store text partition',
      'entity text partition',
      'bucket text partition',
      'at timestamp clustering',
      'event_id uuid clustering',
      'tags frozen<set<text>> regular',
      'user frozen<map<text, frozen<list<int>>>> regular',
    ])
    expect(found.partitionKey.map(({ name }) => name)).toEqual(['store', 'entity', 'bucket'])
    expect(found.clusteringOrder).toEqual(['DESC', 'ASC'])
    expect(found).toMatchObject({ keyspace: 'audit', defaultTtl: 31_536_000, gcGrace: 3600 })
    expect(found.options['comment']).toBe("it's all here")
    expect(found.options['compaction']).toMatchObject({ compaction_window_size: '15' })
    expect(found.position).toEqual({ path: 'cql/0001-first.cql', line: 6, column: 40 })
  })

  test('are applied in the order of their numbers, whatever the order of the files', () => {
    const catalogue = loadMigrations([
      { path: 'cql/0003-c.cql', text: 'DROP TABLE IF EXISTS gone; DROP TABLE old' },
      {
        path: 'cql/0001-a.cql',
        text: 'CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE old (id int PRIMARY KEY)',
      },
      {
        path: 'cql/0002-b.cql',
        text: 'ALTER TABLE t ADD a text; ALTER TABLE t ADD (b int, c uuid); ALTER TABLE t WITH default_time_to_live = 9',
      },
    ])
    expect([...catalogue.tables.keys()]).toEqual(['t'])
    expect(catalogue.tables.get('t')?.columns.map(({ name }) => name)).toEqual(['id', 'a', 'b', 'c'])
    expect(catalogue.tables.get('t')?.defaultTtl).toBe(9)
  })

  test.each([
    [['0001-a.cql', '0003-b.cql'], 'cql/0003-b.cql: the migration number 2 is missing before it'],
    [['0002-a.cql'], 'the migration number 1 is missing'],
    [['0001-a.cql', '0001-b.cql'], 'cql/0001-b.cql: the number 1 belongs to cql/0001-a.cql too'],
    [['users.cql'], 'cql/users.cql: a migration is named like 0001-audit-tables.cql'],
  ])('refuse the numbering of %j', (names, sentence) => {
    const files = names.map((name) => ({ path: `cql/${name}`, text: '' }))
    expect(() => loadMigrations(files)).toThrow(sentence)
  })

  test.each([
    ['id int PRIMARY KEY, id text', 'CQL_SYNTAX', '1:37: the column "id" is declared twice'],
    [
      'id int, PRIMARY KEY (ib)',
      'CQL_SYNTAX',
      '1:38: the primary key names "ib", which is no column of the table: did you mean id?',
    ],
    ['id int', 'CQL_SYNTAX', '1:14: the table "t" has no PRIMARY KEY'],
    ['id int PRIMARY KEY, s text static', 'CQL_UNSUPPORTED', 'static columns are not carried out yet'],
    ['id int PRIMARY KEY, d duration', 'CQL_UNSUPPORTED', 'the type duration has no order'],
    ['id int PRIMARY KEY, a address', 'CQL_SYNTAX', '"address" is not a type'],
    ['id frozen<list<int>> PRIMARY KEY', 'CQL_UNSUPPORTED', 'cannot be in a primary key'],
    ['id int PRIMARY KEY, constructor text', 'CQL_UNSUPPORTED', 'a column cannot be called "constructor"'],
    ["id int PRIMARY KEY, x 'y", 'CQL_SYNTAX', 'a string begins here and is never closed'],
  ])('refuse the table (%s)', (columns, code, sentence) => {
    expect(() => table(columns)).toThrow(expect.objectContaining({ code, kind: 'fatal' }))
    expect(() => table(columns)).toThrow(sentence)
  })

  test.each([
    ['CREATE INDEX ON t (a)', 'CREATE INDEX is not carried out: create a table with that column'],
    ['CREATE MATERIALIZED VIEW v AS SELECT', 'materialized views are not carried out'],
    ['CREATE TYPE a (b int)', 'user types are not carried out'],
    ['CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t DROP id', 'ALTER TABLE … DROP is not carried out'],
    ['CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ADD id int', 'has a column "id" already'],
    [
      'CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY)',
      'the table t exists since cql/0001-first.cql:1:14',
    ],
    ['ALTER TABLE users ADD a int', 'no table "users" has been created by this point'],
    ['INSERT INTO t (a) VALUES (1)', 'INSERT does not belong into a migration'],
    ['CREATE TABLE t (id int PRIMARY KEY) WITH coment = 1', 'did you mean comment?'],
    ['CREATE TABLE t (id int PRIMARY KEY) WITH default_time_to_live = -1', 'whole number of seconds from 0'],
    [
      'CREATE TABLE t (a int, b int, c int, PRIMARY KEY (a, b, c)) WITH CLUSTERING ORDER BY (c DESC)',
      'names "c" where the key has b',
    ],
    ['CREATE TABLE t (id int PRIMARY KEY) CREATE', 'expected ;, found "create"'],
    ['HELLO', 'expected CREATE TABLE, ALTER TABLE, DROP TABLE or CREATE KEYSPACE, found "hello"'],
    ['/* open', 'this comment is never closed'],
    ['CREATE TABLE t (id int PRIMARY KEY) %', '"%" has no meaning in CQL here'],
  ])('refuse %s', (text, sentence) => {
    expect(() => one(text)).toThrow(sentence)
  })
})
