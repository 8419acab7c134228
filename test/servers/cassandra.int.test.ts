import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { ask } from '../support/servers/cassandra-admin.ts'
import { sharedCassandra } from '../support/servers/cassandra-shared.ts'
import { startCassandra, type CassandraServer } from '../support/servers/cassandra.ts'

const hello = 'SELECT release_version FROM system.local'

describe('one node', () => {
  let cassandra: CassandraServer
  let keyspace: string

  beforeAll(async () => {
    cassandra = await startCassandra()
    keyspace = await cassandra.newKeyspace('kit')
    await cassandra.cql('CREATE TABLE notes (id int PRIMARY KEY, text text)', keyspace)
  })

  afterAll(() => cassandra.close())

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'comes back after %s with what it acknowledged',
    async (signal) => {
      await cassandra.cql(`INSERT INTO notes (id, text) VALUES (1, '${signal}')`, keyspace)
      await cassandra.stop(signal)
      expect(cassandra.pid()).toBeUndefined()
      await expect(ask({ host: '127.0.0.1', port: cassandra.port }, { statement: hello })).rejects.toThrow()
      await cassandra.start()
      const rows = await cassandra.cql('SELECT text FROM notes WHERE id = 1', keyspace)
      expect(rows.map((row) => row['text'])).toEqual([signal])
    },
  )

  test('frozen, it takes connections and does not answer', async () => {
    const address = { host: '127.0.0.1', port: cassandra.port }
    cassandra.pause()
    await expect(ask(address, { statement: hello, timeout: 300 })).rejects.toThrow()
    cassandra.resume()
    expect(await cassandra.cql(hello)).toHaveLength(1)
  })
})

test('two askers get the same node, and keyspaces of their own', async () => {
  const [one, other] = await Promise.all([sharedCassandra(), sharedCassandra()])
  expect(one.clusterName).toBe(other.clusterName)
  const [mine, theirs] = [await one.newKeyspace(), await other.newKeyspace()]
  expect(mine).not.toBe(theirs)
  await one.reset()
  const rows = await one.cql('SELECT keyspace_name FROM system_schema.keyspaces')
  const names = rows.map((row) => String(row['keyspace_name']))
  expect(names).toContain(theirs)
  expect(names).not.toContain(mine)
  await other.reset()
})

test('a node that cannot start is an error with the words of its log', async () => {
  const settings = { concurrent_reads: 1 }
  const trouble = await startCassandra({ settings, name: 'broken' }).then(String, String)
  expect(trouble).toMatch(/Cassandra did not start: .*concurrent_reads.*; see \S+cassandra\.log$/)
  expect(existsSync(trouble.replace(/.*; see /, ''))).toBe(true)
})
