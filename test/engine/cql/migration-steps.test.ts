import { describe, expect, test } from '@jest/globals'
import { loadMigrations, readMigrations } from '../../../engine/cql/migrations.ts'

const path = 'cql/0001-first.cql'
const steps = (text: string) => readMigrations([{ path, text }]).migrations[0]!.steps

describe('statements of a migration', () => {
  test('say what they do, as they are written', () => {
    const found = steps(`-- first
      CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}; USE k;
      CREATE TABLE k.t (a int PRIMARY KEY); ;
      ALTER TABLE t ADD b text;
      ALTER TABLE t WITH comment = 'x;y' AND gc_grace_seconds = 5; DROP TABLE IF EXISTS t`)
    expect(found.map(({ act, text, keyspace, position }) => [act, text, keyspace, position.line])).toEqual([
      ['create-keyspace', "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}", undefined, 2],
      ['use', 'USE k', undefined, 2],
      ['create-table', 'CREATE TABLE k.t (a int PRIMARY KEY)', 'k', 3],
      ['add-columns', 'ALTER TABLE t ADD b text', undefined, 4],
      ['set-options', "ALTER TABLE t WITH comment = 'x;y' AND gc_grace_seconds = 5", undefined, 5],
      ['drop-table', 'DROP TABLE IF EXISTS t', undefined, 5],
    ])
    expect(found[4]).toMatchObject({
      options: { comment: 'x;y', gc_grace_seconds: 5 },
      table: { gcGrace: 5, options: { comment: 'x;y' } },
    })
  })

  test('for one database alone leave the tables as they are', () => {
    const text = `CREATE TABLE t (a int PRIMARY KEY);
      -- millrace:scylla
      ALTER TABLE t WITH cdc = {'enabled': true};
      ALTER TABLE t WITH comment = 'both'`
    expect(steps(text).map(({ only }) => only)).toEqual([undefined, 'scylla', undefined])
    expect(loadMigrations([{ path, text }]).tables.get('t')?.options).toEqual({ comment: 'both' })
  })

  test.each([
    [
      '-- millrace:scyla\nDROP TABLE IF EXISTS t',
      `${path}:1:1: "millrace:scyla" does not say for which database`,
    ],
    [
      '-- millrace:scylla\nCREATE TABLE t (a int PRIMARY KEY)',
      `${path}:2:1: a statement for one database alone may only be`,
    ],
    [
      'CREATE TABLE t (a int PRIMARY KEY);\n-- millrace:scylla\nALTER TABLE t WITH default_time_to_live = 5',
      `${path}:3:1: a statement for one database alone may only be`,
    ],
    ['DROP TABLE IF EXISTS t;\n-- millrace:scylla', `${path}:2:1: no statement follows this line`],
  ])('refuse %j', (text, message) => {
    expect(() => steps(text)).toThrow(message)
  })
})
