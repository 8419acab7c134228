import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openClient, type CassandraClient } from '../../../engine/cassandra/client.ts'
import { migrationSession } from '../../../engine/cassandra/migration-session.ts'
import {
  applyMigrations,
  planKeyspace,
  type ApplyOptions,
  type MigrationTarget,
} from '../../../engine/cassandra/migrations.ts'
import { readMigrations, type CqlFile } from '../../../engine/cql/migrations.ts'
import { sharedCassandra, type SharedCassandra } from '../../support/servers/cassandra-shared.ts'
import { cassandraSettings } from './cassandra-settings.ts'

let server: SharedCassandra
let client: CassandraClient

beforeAll(async () => {
  server = await sharedCassandra()
  client = await openClient(cassandraSettings(server, 'none'), { useKeyspace: false })
})

afterAll(async () => {
  await client?.close()
  await server?.reset()
})

const files = (...texts: string[]): CqlFile[] =>
  texts.map((text, index) => ({ path: `cql/000${index + 1}-m${index + 1}.cql`, text }))

function targetOf(
  keyspace: string,
  given: readonly CqlFile[],
  more: Partial<MigrationTarget> = {},
): MigrationTarget {
  const session = migrationSession(client.driver)
  return { session, keyspace, dialect: 'auto', migrations: readMigrations(given), ...more }
}

/** Applies, and answers what was sent. */
async function apply(target: MigrationTarget, options: Partial<ApplyOptions> = {}): Promise<string[]> {
  const told: string[] = []
  await applyMigrations(target, {
    by: 'ada@one',
    ...options,
    report: ({ outcome, step }) => {
      if (outcome !== 'sending') told.push(`${step.summary}: ${outcome}`)
    },
  })
  return told
}

const statusOf = async (target: MigrationTarget) => {
  const { migrations, differences, refused, holder } = await planKeyspace(target)
  return { differences, refused, holder, status: migrations.map(({ status, done }) => `${status} ${done}`) }
}

const applied = (...done: number[]) => ({
  ...{ differences: [], refused: [], holder: undefined },
  status: done.map((count) => `applied ${count}`),
})

describe('migrations', () => {
  test('of this project are taken as they are, once, and make what embedded tables have', async () => {
    const folder = new URL('../../../cql/', import.meta.url)
    const own = readdirSync(folder)
      .filter((name) => name.endsWith('.cql'))
      .map((name) => ({ path: `cql/${name}`, text: readFileSync(new URL(name, folder), 'utf8') }))
    const target = targetOf(await server.newKeyspace('own'), own)
    const sent = await apply(target)
    expect(sent).toHaveLength(own.reduce((sum, { text }) => sum + text.split('CREATE TABLE').length - 1, 0))
    const after = await statusOf(target)
    expect(after.differences).toEqual([])
    expect(after.status.every((status) => status.startsWith('applied'))).toBe(true)
    expect(await apply(target)).toEqual([])
  })

  test('that are cut short after any statement go on with the next', async () => {
    const given = files(
      'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int, n int, PRIMARY KEY (id, n)) WITH CLUSTERING ORDER BY (n DESC)',
      `ALTER TABLE a ADD (c text, d frozen<map<text, int>>); ALTER TABLE a WITH default_time_to_live = 60; DROP TABLE b;
       -- millrace:scylla
       ALTER TABLE a WITH tombstone_gc = {'mode': 'repair'};
       ALTER TABLE a WITH comment = 'done'`,
    )
    const target = targetOf(await server.newKeyspace('crash'), given)
    const crashed: string[] = []
    const all: string[] = []
    // Each life carries one statement out, and dies before it can say so. That options were set cannot be seen, so that
    // they are set again: the second time it lives on.
    const onSent: ApplyOptions['onSent'] = ({ step }) => {
      if (crashed.includes(step.summary)) return
      crashed.push(step.summary)
      throw new Error('power cut')
    }
    for (let ended = ''; ended !== 'done' && crashed.length < 10;) {
      const report: ApplyOptions['report'] = ({ outcome, step }) => all.push(`${step.summary}: ${outcome}`)
      ended = await applyMigrations(target, { by: 'ada@one', onSent, report }).then(
        () => 'done',
        (error: Error) => error.message,
      )
      expect(['done', 'power cut']).toContain(ended)
    }
    expect(crashed).toHaveLength(6)
    expect(all.filter((told) => told.endsWith(': there'))).toEqual([
      'create table a: there',
      'create table b: there',
      'add c, d to a: there',
      'drop table b: there',
    ])
    expect(await statusOf(target)).toEqual(applied(2, 5))
  })

  test('refuse what was changed, and tell what differs, without touching anything', async () => {
    const keyspace = await server.newKeyspace('edited')
    const text = 'CREATE TABLE a (id int PRIMARY KEY, n int)'
    await apply(targetOf(keyspace, files(text)))
    const edited = targetOf(
      keyspace,
      files(text.replace('n int', 'n bigint'), 'CREATE TABLE b (id int PRIMARY KEY)'),
    )
    await expect(apply(edited)).rejects.toMatchObject({
      code: 'CQL_MIGRATIONS_INVALID',
      message: expect.stringMatching(
        /^cql\/0001-m1.cql: it was changed after it had been applied/,
      ) as unknown,
    })
    expect(
      await server.cql(`SELECT table_name FROM system_schema.tables WHERE keyspace_name = '${keyspace}'`),
    ).toHaveLength(2)
    await server.cql(`ALTER TABLE a ADD extra int`, keyspace)
    await server.cql(`ALTER TABLE a WITH default_time_to_live = 5`, keyspace)
    expect((await statusOf(targetOf(keyspace, files(text)))).differences).toEqual([
      'a has a column extra that no migration makes',
      'a has default_time_to_live 5 and the migrations say 0',
    ])
  })

  test('take a table that is there already, if it is the same', async () => {
    const keyspace = await server.newKeyspace('there')
    await server.cql('CREATE TABLE same (id int PRIMARY KEY, n int)', keyspace)
    await server.cql('CREATE TABLE other (id int PRIMARY KEY, n text)', keyspace)
    const first = 'CREATE TABLE same (id int PRIMARY KEY, n int); '
    const wrong = targetOf(keyspace, files(`${first}CREATE TABLE other (id int PRIMARY KEY, n int)`))
    await expect(apply(wrong)).rejects.toMatchObject({
      code: 'TABLE_INCOMPATIBLE',
      message: `cql/0001-m1.cql:1: the table other is there already, but other.n is text and the migrations say int: correct the keyspace ${keyspace} by hand, or the migration, then apply again.`,
    })
    const corrected = targetOf(keyspace, files(`${first}CREATE TABLE other (id int PRIMARY KEY, n text)`))
    expect(await apply(corrected)).toEqual(['create table other: there'])
    expect(await statusOf(corrected)).toEqual(applied(2))
  })

  test('make the keyspace only where the environment says how', async () => {
    const keyspace = `made_${Date.now().toString(36)}`
    const given = files('CREATE TABLE a (id int PRIMARY KEY)')
    const message = `There is no keyspace ${keyspace}: create it, or give its replication in the environment file (cassandra.replication), and millrace cql apply will.`
    await expect(apply(targetOf(keyspace, given))).rejects.toMatchObject({ message })
    await expect(planKeyspace(targetOf(keyspace, given))).rejects.toMatchObject({ message })
    const target = targetOf(keyspace, given, { replication: { [server.datacenter]: 1 } })
    expect((await planKeyspace(target)).keyspaceStatement).toContain(
      `CREATE KEYSPACE IF NOT EXISTS "${keyspace}"`,
    )
    expect(await apply(target)).toEqual(['create table a: sent'])
    await server.cql(`DROP KEYSPACE ${keyspace}`)
  })
})

describe('the lock on migrations', () => {
  const given = files('CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)')
  const locked = { code: 'MIGRATIONS_LOCKED' }

  test('lets one of many work', async () => {
    const keyspace = await server.newKeyspace('many')
    const target = targetOf(keyspace, given)
    const ended = await Promise.allSettled([1, 2, 3, 4].map((n) => apply(target, { by: `worker ${n}` })))
    const done = ended.filter(({ status }) => status === 'fulfilled')
    expect(done.length).toBeGreaterThanOrEqual(1)
    for (const one of ended)
      if (one.status === 'rejected')
        expect((one.reason as Error).message).toMatch('at work on the migrations')
    const sent = done.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    expect(sent.sort()).toEqual(['create table a: sent', 'create table b: sent'])
    expect(await statusOf(target)).toEqual(applied(2))
  })

  test('is kept while a statement takes long, and tells who has it', async () => {
    const keyspace = await server.newKeyspace('long')
    const slow = targetOf(keyspace, given, { lockSeconds: 2 })
    const { session } = slow
    let inside: unknown
    const first = {
      ...slow,
      session: {
        ...session,
        async change(statement: string) {
          await session.change(statement)
          if (!statement.includes('"b"')) return
          // Longer than the lock lives: it must have been renewed.
          await new Promise((resolve) => setTimeout(resolve, 3000))
          inside = await apply(slow, { by: 'bob@two' }).catch((error: unknown) => error)
        },
      },
    }
    await apply(first, { by: 'ada@one' })
    expect(inside).toMatchObject(locked)
    expect((inside as Error).message).toMatch(
      /^ada@one is at work on the migrations: it was last heard of at .+Z, and its lock ends by itself [012] s from now/,
    )
  }, 30_000)

  test('ends by itself when its holder is gone', async () => {
    const keyspace = await server.newKeyspace('gone')
    const target = targetOf(keyspace, given, { lockSeconds: 2 })
    await apply(target)
    const until = Date.now() + 20_000
    const take = `UPDATE millrace_migrations USING TTL 2 SET lock_owner = 'gone', lock_by = 'gone' WHERE part = 'cql' IF lock_owner = null`
    await server.cql(take, keyspace)
    await expect(apply(target)).rejects.toMatchObject(locked)
    let answer: unknown
    do answer = await apply(target).catch((error: unknown) => error)
    while (answer instanceof Error && Date.now() < until)
    expect(answer).toEqual([])
  }, 30_000)

  test('that was broken stops its holder, who then records nothing', async () => {
    const keyspace = await server.newKeyspace('broken')
    const target = targetOf(keyspace, given)
    const { session } = target
    let second: string[] | undefined
    const stalled = {
      ...target,
      session: {
        ...session,
        async change(statement: string) {
          await session.change(statement)
          if (!statement.includes('"a"')) return
          // As if the process had been frozen here, and somebody had given it up.
          second = await apply(target, { by: 'bob@two', breakLock: true })
        },
      },
    }
    await expect(apply(stalled, { by: 'ada@one' })).rejects.toMatchObject({
      ...locked,
      message: expect.stringContaining('The lock on the migrations was lost') as unknown,
    })
    expect(second).toEqual(['create table a: there', 'create table b: sent'])
    const rows = await server.cql('SELECT applied_by, statements_done FROM millrace_migrations', keyspace)
    expect(rows).toMatchObject([{ applied_by: 'bob@two', statements_done: 2 }])
  }, 30_000)
})
