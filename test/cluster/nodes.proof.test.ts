// Three nodes of Cassandra, of which one and then two are away: what LOCAL_QUORUM promises, and what becomes of a worker.

import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { Client, types } from 'cassandra-driver'
import type { TableRow } from '../../engine/component/contracts/tables.ts'
import type { MillraceError } from '../../engine/errors.ts'
import { CassandraRoom, type Opened } from '../engine/cassandra/cassandra-room.ts'
import { auditTopology, cassandraEnvironment, judgeTables, migrate } from '../support/cluster/audit.ts'
import { eventCount, patienceMs, play, startProofKafka } from '../support/cluster/scenario.ts'
import type { CassandraAdmin } from '../support/servers/cassandra-admin.ts'
import { startCassandraRing, type CassandraRing } from '../support/servers/cassandra-ring.ts'
import type { CassandraServer } from '../support/servers/cassandra.ts'

// Nodes are started six times, of which each may take minutes on a busy machine.
jest.setTimeout(3 * patienceMs)

const migration = `
  CREATE TABLE notes (id int, part int, body text, PRIMARY KEY (id, part));
  CREATE TABLE states (id int PRIMARY KEY, state text);
`
const eventTime = Date.UTC(2026, 0, 1) * 1000
const day = 86_400
/** `types.consistencies.all` */
const consistencyAll = 5

let ring: CassandraRing
let first: CassandraServer
beforeAll(async () => {
  ring = await startCassandraRing({ nodes: 3, name: 'nodes', heap: '512m' })
  first = ring.nodes[0]!
})
afterAll(() => ring?.close())

/** A keyspace with so many replicas of each row, and the tables. */
async function roomOf(replicas: number): Promise<CassandraRoom> {
  const admin: CassandraAdmin = {
    cql: (statement, keyspace) => first.cql(statement, keyspace),
    reset: () => first.reset(),
    async newKeyspace(name) {
      const keyspace = await first.newKeyspace(name)
      const replication = `{'class': 'NetworkTopologyStrategy', '${first.datacenter}': ${replicas}}`
      await first.cql(`ALTER KEYSPACE ${keyspace} WITH replication = ${replication}`)
      return keyspace
    },
  }
  const timeouts = { read: 5000, write: 5000, connect: 5000 }
  return CassandraRoom.make({ ...first, ...admin }, migration, { consistency: 'LOCAL_QUORUM', timeouts })
}

const note = (id: number, part = 0): TableRow => ({
  table: 'notes',
  values: { id, part, body: `note ${id}` },
  timestampMicros: eventTime + id,
  ttlSeconds: 30 * day,
  mode: 'insert',
})
const state = (id: number, sequence: number): TableRow => ({
  table: 'states',
  values: { id, state: `state ${sequence}` },
  timestampMicros: sequence,
  mode: 'insert',
})
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)

async function stored({ tables }: Opened, rows: readonly TableRow[]): Promise<void> {
  const outcomes = await tables.write(rows)
  expect(outcomes.filter(({ outcome }) => outcome !== 'stored')).toEqual([])
}

/** Until it is stored: the test's own limit ends the attempts. */
async function storedInTheEnd(opened: Opened, rows: readonly TableRow[]): Promise<void> {
  for (;;) {
    const error = await stored(opened, rows).then(
      () => undefined,
      (thrown: MillraceError) => thrown,
    )
    if (error === undefined) return
    expect(error.kind).toBe('downstream')
    await wait(200)
  }
}

/** What the driver was asked, and the node that answered. */
function listenTo(driver: Client): { readonly asked: { id: number; host: string }[] } {
  const asked: { id: number; host: string }[] = []
  const told = (values: unknown, { info }: types.ResultSet): void => {
    asked.push({ id: (values as readonly Buffer[])[0]!.readInt32BE(), host: info.queriedHost })
  }
  type Asking = (...all: readonly unknown[]) => Promise<types.ResultSet>
  const execute = (driver.execute as Asking).bind(driver)
  const batch = (driver.batch as Asking).bind(driver)
  driver.execute = (async (...given: Parameters<Client['execute']>) => {
    const answer = await execute(...given)
    told(given[1], answer)
    return answer
  }) as Client['execute']
  driver.batch = (async (...given: Parameters<Client['batch']>) => {
    const answer = await batch(...given)
    told((given[0] as readonly { params: unknown }[])[0]!.params, answer)
    return answer
  }) as Client['batch']
  return { asked }
}

/** Whether the schema and the ring are known to all again: each node sees the others up. */
async function untilAllSee(nodes: readonly CassandraServer[]): Promise<void> {
  for (const node of nodes) {
    for (;;) {
      const peers = await node.cql('SELECT peer FROM system.peers').catch(() => [])
      if (peers.length === ring.nodes.length - 1) break
      await wait(200)
    }
  }
}

describe('three nodes', () => {
  test('get each request at a node that has the row, single rows and batches and lookups', async () => {
    await untilAllSee(ring.nodes)
    const room = await roomOf(1)
    const opened = await room.open()
    // The ids by the node that owns their token, as the nodes themselves reckon.
    await stored(
      opened,
      range(0, 150).map((id) => note(id)),
    )
    const rows = await first.cql('SELECT id, token(id) AS place FROM notes', room.keyspace)
    const owner = new Map(
      rows.map((row) => {
        const token = BigInt(String(row['place']))
        const at = ring.tokens.findIndex((end) => token <= end)
        const node = ring.nodes[at < 0 ? 0 : at]!
        return [row['id'] as number, `${node.host}:${node.port}`]
      }),
    )
    expect(new Set(owner.values()).size).toBe(3)
    const { asked } = listenTo(opened.client.driver)
    await stored(
      opened,
      range(0, 100).map((id) => note(id)),
    )
    await stored(
      opened,
      range(100, 150).flatMap((id) => [note(id, 1), note(id, 2)]),
    )
    const lookup = opened.tables.lookup('notes')
    for (const id of range(0, 150)) await lookup.get({ id, part: 0 })
    expect(asked).toHaveLength(300)
    expect(asked.filter(({ id, host }) => owner.get(id) !== host)).toEqual([])
    await room.close()
  })

  test('one away: all goes on; two away: downstream, and nothing is lost; back: all replicas are equal', async () => {
    const room = await roomOf(3)
    const opened = await room.open()
    await stored(
      opened,
      range(0, 100).map((id) => note(id)),
    )
    await stored(
      opened,
      range(0, 100).map((id) => state(id, 1)),
    )

    await ring.nodes[2]!.stop('SIGKILL')
    // A request may have been under way to it, or be sent before the others know.
    await storedInTheEnd(opened, [note(100)])
    await stored(
      opened,
      range(100, 200).map((id) => note(id)),
    )
    await stored(
      opened,
      range(0, 200).map((id) => state(id, 3)),
    )
    expect(await opened.tables.lookup('notes').get({ id: 150, part: 0 })).toMatchObject({ body: 'note 150' })

    await ring.nodes[1]!.stop('SIGKILL')
    const error = await refused(() => opened.tables.write(range(200, 300).map((id) => note(id))))
    expect([error.kind, error.code]).toEqual(['downstream', 'CASSANDRA_AWAY'])
    const lookup = await refused(async () => opened.tables.lookup('notes').get({ id: 1, part: 0 }))
    expect(lookup.kind).toBe('downstream')

    await ring.nodes[1]!.start()
    await storedInTheEnd(
      opened,
      range(200, 300).map((id) => note(id)),
    )
    // An older state than the one that is there.
    await stored(
      opened,
      range(0, 200).map((id) => state(id, 2)),
    )
    await ring.nodes[2]!.start()
    await untilEqual(opened.client.driver, room.keyspace)
    await room.close()
  })
})

/**
 * All three nodes together have all rows, with the values, write times and ends that they must have; and afterwards each
 * by itself. Hints do not suffice: those that a killed node had in memory are lost, and reading from all repairs.
 */
async function untilEqual(driver: Client, keyspace: string): Promise<void> {
  const notes = 'SELECT id, body, WRITETIME(body) AS written, TTL(body) AS left FROM notes'
  const states = 'SELECT id, state, WRITETIME(state) AS written FROM states'
  const expected = [
    range(0, 300).map((id) => `${id} note ${id} ${eventTime + id} true`),
    range(0, 200).map((id) => `${id} state 3 3`),
  ]
  const told = async (ask: (query: string) => Promise<types.Row[]>): Promise<string[][]> => {
    const ends = (left: unknown): boolean => Number(left) > 29 * day && Number(left) <= 30 * day
    const byId = (a: types.Row, b: types.Row): number => Number(a['id']) - Number(b['id'])
    const [noted, kept] = [await ask(notes), await ask(states)]
    return [
      noted.sort(byId).map((row) => `${row['id']} ${row['body']} ${row['written']} ${ends(row['left'])}`),
      kept.sort(byId).map((row) => `${row['id']} ${row['state']} ${row['written']}`),
    ]
  }
  const ofAll = async (query: string): Promise<types.Row[]> => {
    const { rows } = await driver.execute(query, [], { consistency: consistencyAll, fetchSize: 1000 })
    return rows
  }
  // Until the nodes know of each other that they are up.
  let together: string[][] | undefined
  while (together === undefined) {
    together = await told(ofAll).catch(() => undefined)
    await wait(200)
  }
  expect(together).toEqual(expected)
  for (const node of ring.nodes) expect(await told((query) => node.cql(query, keyspace))).toEqual(expected)
}

async function refused(work: () => Promise<unknown>): Promise<MillraceError> {
  return work().then(
    (answer) => {
      throw new Error(`It was taken: ${JSON.stringify(answer)}`)
    },
    (error: MillraceError) => error,
  )
}

test('a worker of the audit topology waits while two of three nodes are away, and loses nothing', async () => {
  const kafka = await startProofKafka()
  const keyspace = await first.newKeyspace('proof')
  const replication = `{'class': 'NetworkTopologyStrategy', '${first.datacenter}': 3}`
  await first.cql(`ALTER KEYSPACE ${keyspace} WITH replication = ${replication}`)
  const tables: string[] = []
  const { wrong } = await play(kafka, {
    topology: auditTopology(),
    environment: cassandraEnvironment(first, keyspace),
    seed: 77,
    events: eventCount(3000),
    plan: { bad: 0 },
    story: async (proof) => {
      await migrate(join(proof.folder, 'environment.yaml'))
      const worker = proof.workers.start()
      await proof.untilCommitted(0.1, patienceMs)
      await ring.nodes[2]!.stop('SIGKILL')
      await proof.untilCommitted(0.3, patienceMs)
      await ring.nodes[1]!.stop('SIGKILL')
      await wait(5000)
      await ring.nodes[1]!.start()
      await proof.untilCommitted(1, patienceMs)
      await ring.nodes[2]!.start()
      expect(await worker.stop()).toMatchObject({ code: 0 })
      tables.push(...(await judgeTables(first, keyspace, proof.oracle)))
      return { slots: [1] }
    },
  })
  await kafka.close()
  expect([...wrong, ...tables]).toEqual([])
})
