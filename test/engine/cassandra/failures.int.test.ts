// What a client says, in one sentence and of which class, when Cassandra is away, frozen, or does not let it in; and that
// it goes on when that is over.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openClient } from '../../../engine/cassandra/client.ts'
import type { CassandraSettings, TlsSettings } from '../../../engine/cassandra/settings.ts'
import { CassandraTables } from '../../../engine/cassandra/tables.ts'
import { secretOf } from '../../../engine/component/contracts/secret.ts'
import type { TableRow } from '../../../engine/component/contracts/tables.ts'
import { MillraceError } from '../../../engine/errors.ts'
import { startCassandra, type CassandraServer } from '../../support/servers/cassandra.ts'
import { freePort } from '../../support/servers/ports.ts'
import { startProxy } from '../../support/servers/proxy.ts'
import { CassandraRoom, type Opened } from './cassandra-room.ts'
import { startStallingNode } from './stalling-node.ts'

const migration = 'CREATE TABLE notes (id int PRIMARY KEY, body text);'
const quick = { timeouts: { read: 400, write: 400, connect: 400 } }

let noted = 0
const note = (id = ++noted): TableRow => {
  return {
    table: 'notes',
    values: { id, body: `note ${id}` },
    timestampMicros: 1_700_000_000_000_000,
    mode: 'insert',
  }
}
const notes = (count: number): TableRow[] => Array.from({ length: count }, () => note())

async function failureOf(work: () => unknown): Promise<MillraceError> {
  const error: unknown = await (async () => work())().then(
    (answer) => expect(answer).toBe('an error'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(MillraceError)
  expect((error as Error).message).toMatch(/^[^\n]+\.$/)
  expect((error as Error).message).not.toContain('secret')
  return error as MillraceError
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(50)
}

const told = ({ kind, code }: MillraceError) => `${kind} ${code}`

/** Until it is stored: only the test's own limit ends the attempts. */
async function writeInTheEnd({ tables }: Opened, rows: readonly TableRow[]): Promise<void> {
  for (;;) {
    const outcomes = await tables.write(rows).catch((error: unknown) => {
      expect((error as MillraceError).kind).toBe('downstream')
      return undefined
    })
    if (outcomes !== undefined)
      return expect(outcomes.map(({ outcome }) => outcome)).toEqual(rows.map(() => 'stored'))
    await wait(50)
  }
}

describe('a node', () => {
  let server: CassandraServer
  let room: CassandraRoom
  let opened: Opened

  beforeAll(async () => {
    server = await startCassandra({ name: 'failures' })
    room = await CassandraRoom.make(server, migration)
    opened = await room.open(quick)
  })
  afterAll(async () => {
    server.resume()
    await opened.close()
    await server.close()
  })

  test('that is stopped is downstream trouble; when it is back, writes and lookups go on', async () => {
    const { tables } = opened
    const kept = note()
    await tables.write([kept])
    await server.stop()
    expect(told(await failureOf(() => tables.write(notes(3))))).toBe('downstream CASSANDRA_AWAY')
    expect(told(await failureOf(() => tables.lookup('notes').get({ id: 1 })))).toBe(
      'downstream CASSANDRA_AWAY',
    )
    const error = await failureOf(() => room.open(quick))
    expect(told(error)).toBe('downstream CASSANDRA_AWAY')
    expect(error.message).toContain(server.contactPoint)
    await server.start()
    await writeInTheEnd(opened, notes(200))
    expect(await tables.lookup('notes').get({ id: kept.values['id'] })).toEqual(kept.values)
  })

  test('that is killed in the middle of writes has all that it acknowledged', async () => {
    const { tables } = opened
    const acknowledged: TableRow[] = []
    let isAway = false
    const writing = (async () => {
      while (!isAway) {
        const rows = notes(50)
        await tables.write(rows).then(
          () => acknowledged.push(...rows),
          () => (isAway = true),
        )
      }
    })()
    while (acknowledged.length < 200) await wait(1)
    await server.stop('SIGKILL')
    await writing
    await server.start()
    await writeInTheEnd(opened, notes(1))
    // One after the other: a node that has just started is slow.
    const patient = await room.open({ timeouts: { read: 10_000, write: 10_000, connect: 10_000 } })
    const lookup = patient.tables.lookup('notes')
    const found: unknown[] = []
    for (const { values } of acknowledged) found.push(await lookup.get({ id: values['id'] }))
    await patient.close()
    expect(found).toEqual(acknowledged.map(({ values }) => values))
  })

  test('that is frozen is downstream trouble after the time-out of the request; thawed, all goes on', async () => {
    const { tables } = opened
    await writeInTheEnd(opened, notes(1))
    server.pause()
    const rows = notes(300)
    const [write, lookup] = await Promise.all([
      failureOf(() => tables.write(rows)),
      failureOf(() => tables.lookup('notes').get({ id: 1 })),
    ])
    expect([told(write), told(lookup)]).toEqual(['downstream CASSANDRA_AWAY', 'downstream CASSANDRA_AWAY'])
    expect(write.message).toMatch(/does not answer: .*400 ms/)
    // Nothing hangs, also when the connection was given up.
    expect(told(await failureOf(() => tables.write(notes(1))))).toBe('downstream CASSANDRA_AWAY')
    server.resume()
    await writeInTheEnd(opened, rows)
  })

  test('is closed to in no time while it is frozen, and writes under way fail', async () => {
    const other = await room.open({ timeouts: { read: 30_000, write: 30_000, connect: 30_000 } })
    server.pause()
    const writing = failureOf(() => other.tables.write(notes(5)))
    // Before the driver's client is closed, too.
    await other.tables.close()
    const error = await writing
    await other.close()
    expect(told(error)).toBe('downstream CASSANDRA_AWAY')
    expect(error.message).toContain('this client was closed')
    server.resume()
  })

  test('that was away again and again is connected to as before, and no more once the client is closed', async () => {
    const proxy = await startProxy()
    proxy.forwardTo(server.port)
    const through = await room.open({ ...quick, contactPoints: [proxy.address] })
    await through.tables.write(notes(10))
    const before = proxy.connections
    expect(before).toBeGreaterThan(0)
    for (let outage = 0; outage < 3; outage++) {
      proxy.cut()
      await failureOf(() => through.tables.write(notes(3)))
      // The driver's own search for a node, and that of its pool, go on meanwhile.
      await wait(700)
      proxy.pass()
      await writeInTheEnd(through, notes(10))
    }
    await until(() => proxy.connections <= before)
    proxy.cut()
    await failureOf(() => through.tables.write(notes(3)))
    await through.close()
    proxy.pass()
    // Longer than the driver waits between attempts.
    await wait(2500)
    expect(proxy.connections).toBe(0)
    await proxy.close()
  })

  test('that forgets its statements gets them again', async () => {
    const { tables } = opened
    await writeInTheEnd(opened, notes(1))
    // A change of the table makes the node drop what was prepared for it.
    await server.cql("ALTER TABLE notes WITH comment = 'changed'", room.keyspace)
    await server.cql('ALTER TABLE notes ADD later text', room.keyspace)
    const [row] = [note()]
    expect(await tables.write([row, ...notes(3)])).toHaveLength(4)
    expect(await tables.lookup('notes').get({ id: row.values['id'] })).toEqual(row.values)
  })
})

describe('a client', () => {
  let server: CassandraServer
  let plain: CassandraServer
  let room: CassandraRoom
  let settings: CassandraSettings
  const tlsOf = (ca: string): TlsSettings => ({ ca: readFileSync(ca, 'utf8'), verify: true })

  beforeAll(async () => {
    ;[server, plain] = await Promise.all([
      startCassandra({ name: 'access', auth: true, tls: true }),
      startCassandra({ name: 'plain' }),
    ])
    room = await CassandraRoom.make(server, migration)
    settings = { ...room.settings, timeouts: { read: 5000, write: 5000, connect: 3000 } }
  })
  afterAll(async () => {
    await room.close()
    await Promise.all([server.close(), plain.close()])
  })

  const refusal = async (more: Partial<CassandraSettings>) =>
    failureOf(() => openClient({ ...settings, ...more }))

  test('with TLS and a password writes and reads', async () => {
    const { tables } = await room.open({ tls: tlsOf(server.tls!.ca) })
    const row = note()
    expect(await tables.write([row])).toEqual([{ outcome: 'stored' }])
    expect(await tables.lookup('notes').get({ id: row.values['id'] })).toEqual(row.values)
  })

  test.each<[string, () => Partial<CassandraSettings>, RegExp]>([
    [
      'a wrong password',
      () => ({ password: secretOf('secret') }),
      /does not let this client in: .*correct username and password/,
    ],
    ['no user', () => ({ username: undefined as never }), /asks for a user and password/],
    [
      'another keyspace',
      () => ({ keyspace: 'nope' }),
      /Keyspace 'nope' does not exist: .*millrace cql apply/,
    ],
    [
      'another data center',
      () => ({ datacenter: 'mars' }),
      /no data center of that name, it has datacenter1: correct `datacenter`/,
    ],
    [
      'a stranger’s authority',
      () => ({ tls: tlsOf(server.tls!.strangerCa) }),
      /No TLS with Cassandra at .*: correct `tls`/,
    ],
    [
      'TLS that the node does not speak',
      () => ({ contactPoints: [plain.contactPoint], tls: tlsOf(server.tls!.ca) }),
      /No TLS with Cassandra at .*wrong version number: correct `tls`/,
    ],
  ])('with %s is told what to correct, and stops', async (_, more, sentence) => {
    const error = await refusal(more())
    expect(told(error)).toBe('fatal CASSANDRA_REFUSED')
    expect(error.message).toMatch(sentence)
  })

  test('that finds nobody is told where it looked, and may try again', async () => {
    const contactPoint = `127.0.0.1:${await freePort()}`
    for (const name of [contactPoint, 'no-such-host.invalid']) {
      const error = await refusal({ contactPoints: [name] })
      expect(told(error)).toBe('downstream CASSANDRA_AWAY')
      expect(error.message).toContain(name)
    }
  })

  test('that is not let in leaves nothing open: its process ends', async () => {
    const refusals = [
      { datacenter: 'mars' },
      { keyspace: 'nope' },
      { contactPoints: [`127.0.0.1:${await freePort()}`] },
      { contactPoints: [plain.contactPoint], tls: tlsOf(server.tls!.ca) },
    ]
    const whole = { ...settings, contactPoints: [plain.contactPoint], keyspace: 'system' }
    const stalling = await startStallingNode(plain)
    const asked = [...refusals, { contactPoints: [stalling.contactPoint] }]
    const words = asked.map((more) => JSON.stringify({ ...whole, ...more, username: undefined, ...quick }))
    try {
      const child = join(import.meta.dirname, 'refused-child.ts')
      const flags = ['--disable-warning=ExperimentalWarning', child]
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...words], {
        timeout: 60_000,
      })
      expect(stdout.trim().split('\n')).toEqual([
        'fatal CASSANDRA_REFUSED',
        'fatal CASSANDRA_REFUSED',
        'downstream CASSANDRA_AWAY',
        'fatal CASSANDRA_REFUSED',
        'downstream CASSANDRA_AWAY',
      ])
      expect(stalling.asked).toBe(true)
    } finally {
      stalling.close()
    }
  })

  test('that may not write is told which grant it lacks, and stops', async () => {
    await server.cql("CREATE ROLE IF NOT EXISTS reader WITH PASSWORD = 'reader-secret' AND LOGIN = true")
    await server.cql(`GRANT SELECT ON KEYSPACE ${room.keyspace} TO reader`)
    const client = await openClient({ ...settings, username: 'reader', password: secretOf('reader-secret') })
    const tables = await CassandraTables.open(client, room.catalogue)
    const error = await failureOf(() => tables.write([note()]))
    expect(told(error)).toBe('fatal CASSANDRA_REFUSED')
    expect(error.message).toMatch(/no MODIFY permission .*GRANT/)
    expect(await tables.lookup('notes').get({ id: -1 })).toBeUndefined()
    await tables.close()
    await client.close()
  })
})
