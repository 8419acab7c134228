import { describe, expect, test } from '@jest/globals'
import { checksumsOf, planMigrations } from '../../../engine/cassandra/migration-plan.ts'
import type { MigrationRecord } from '../../../engine/cassandra/migration-records.ts'
import { readMigrations } from '../../../engine/cql/migrations.ts'

const one = 'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)'
const two = 'ALTER TABLE a ADD c int'
const files = (...texts: string[]) =>
  readMigrations(texts.map((text, index) => ({ path: `cql/000${index + 1}-m${index + 1}.cql`, text })))
    .migrations
const target = { keyspace: 'shop', dialect: { name: 'cassandra', tablets: false } } as const

/** What the database has recorded of a migration with this text. */
function record(
  version: number,
  before: string[],
  done: number,
  more: Partial<MigrationRecord> = {},
): MigrationRecord {
  const migration = files(...before)[version - 1]!
  const checksum = checksumsOf(migration)[done - 1] ?? ''
  const statements = migration.steps.length
  return { version, name: `m${version}`, checksum, statements, done, appliedAt: 1000, by: 'ada@one', ...more }
}

const plan = (texts: string[], records: MigrationRecord[]) => planMigrations(files(...texts), records, target)

describe('the plan of migrations', () => {
  test('has what is applied, begun and waiting', () => {
    const begun = record(1, [one], 1, { appliedAt: undefined })
    expect(plan([one, two], [begun])).toMatchObject({
      refused: [],
      migrations: [
        { version: 1, status: 'begun', done: 1 },
        { version: 2, status: 'pending', done: 0 },
      ],
    })
    expect(plan([one, two], [record(1, [one], 2)]).migrations.map(({ status }) => status)).toEqual([
      'applied',
      'pending',
    ])
  })

  test('takes no notice of comments and spaces', () => {
    const laidOut =
      '-- two tables\nCREATE TABLE a (\n  id int PRIMARY KEY\n);\n\n/* b */ create table b (id int primary key);\n'
    expect(plan([laidOut], [record(1, [one], 2)]).refused).toEqual([])
  })

  test.each([
    ['a type', one.replace('id int', 'id text')],
    ['a statement more', `${one}; CREATE TABLE c (id int PRIMARY KEY)`],
    ['a statement less', 'CREATE TABLE a (id int PRIMARY KEY)'],
    ['the order', 'CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE a (id int PRIMARY KEY)'],
  ])('refuses an applied file that was changed in %s', (_what, text) => {
    expect(plan([text], [record(1, [one], 2)]).refused).toEqual([
      'cql/0001-m1.cql: it was changed after it had been applied (on 1970-01-01T00:00:01.000Z by ada@one): restore it, and write what is new as a migration with the next number.',
    ])
  })

  test('lets the rest of a file change of which a part is done', () => {
    const begun = record(1, [one], 1, { appliedAt: undefined })
    const corrected = 'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE bb (id int PRIMARY KEY)'
    expect(plan([corrected], [begun]).refused).toEqual([])
    expect(plan(['CREATE TABLE aa (id int PRIMARY KEY)'], [begun]).refused).toEqual([
      expect.stringContaining(
        'of its statements the first 1 were carried out (by ada@one), and they were changed since',
      ),
    ])
  })

  test('refuses a keyspace that knows more than the project', () => {
    expect(plan([one], [record(1, [one], 2), record(2, [one, two], 1)]).refused).toEqual([
      'The keyspace shop has migrations that are not in cql/ (0002-m2): use the newer version of the project that has them.',
    ])
  })

  test('refuses a migration that comes after a later one', () => {
    const later = record(2, [one, two], 1)
    expect(plan([one, two], [later]).refused).toEqual([
      'cql/0001-m1.cql: a later migration was applied to shop before it: give this one the next free number.',
    ])
  })

  test('refuses another keyspace than the environment’s', () => {
    expect(plan(['CREATE TABLE shop.a (id int PRIMARY KEY); USE shop'], []).refused).toEqual([])
    expect(plan(['CREATE TABLE other.a (id int PRIMARY KEY)'], []).refused).toEqual([
      "cql/0001-m1.cql: it names the keyspace other, and the environment's is shop: leave the keyspace out, tables belong to that of the environment.",
    ])
  })

  test('tells a statement for one database alone from one for both', () => {
    const both = `${one}; ALTER TABLE a WITH comment = 'x'`
    const alone = `${one};\n-- millrace:scylla\nALTER TABLE a WITH comment = 'x'`
    expect(plan([alone], [record(1, [both], 3)]).refused).toHaveLength(1)
  })
})
