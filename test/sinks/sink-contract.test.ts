import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openProject, type Project } from '../../cli/project/project.ts'
import type { SinkWriter } from '../../engine/component/contracts/sink.ts'
import type { SinkDefinition } from '../../engine/component/define.ts'
import { plainRecord, type PlainRecord } from '../../engine/component/packed-records.ts'
import { WriteBatch } from '../../engine/component/write-batch.ts'
import { console } from '../../sinks/console.ts'
import { probe } from '../../sinks/probe.ts'
import { table } from '../../sinks/table.ts'
import { topic } from '../../sinks/topic.ts'
import { firstEvent, type SinkHarness, type Stored, type Value } from '../support/contracts/sink-bench.ts'
import { sinkContract } from '../support/contracts/sink-contract.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { batchOfValues } from '../support/fake-scope.ts'

const day = 86_400_000

const migrations = `
CREATE TABLE effects (shop text, id text, body text, n bigint, PRIMARY KEY (shop, id));
CREATE TABLE events (shop text, bucket text, id text, hash text, body text, n bigint,
  PRIMARY KEY ((shop, bucket), id, hash));
CREATE TABLE states (id text PRIMARY KEY, shop text, body text, n bigint);
`
const schema = {
  type: 'record',
  namespace: 'contract',
  name: 'Effect',
  fields: [...['id', 'shop', 'body'].map((name) => ({ name, type: 'string' })), { name: 'n', type: 'long' }],
}

/** The embedded environment in a folder of its own. */
class Room {
  readonly dir = mkdtempSync(join(tmpdir(), 'millrace-sinks-'))
  readonly lines: string[] = []
  readonly clock = new FakeClock(firstEvent + day)
  #project!: Project

  static async open(): Promise<Room> {
    const room = new Room()
    for (const folder of ['cql', 'schemas/effects']) mkdirSync(join(room.dir, folder), { recursive: true })
    writeFileSync(join(room.dir, 'cql/0001-effects.cql'), migrations)
    writeFileSync(join(room.dir, 'schemas/effects/Effect.v1.avsc'), JSON.stringify(schema))
    room.#project = await room.#open()
    room.#project.acquireWorkerLock()
    return room
  }

  #open(): Promise<Project> {
    return openProject({ cwd: this.dir, project: this.dir, clock: this.clock })
  }

  sink(definition: SinkDefinition, config: unknown): Promise<SinkWriter> {
    const { log, tables, schemas } = this.#project
    const print = (line: string) => void this.lines.push(line)
    const names = { topology: 'contract', node: 'sink', critical: false }
    const given: unknown = definition.config.parse(config)
    return definition.open(given, { ...names, clock: this.clock, log, tables, schemas, print })
  }

  /** Looks through a connection of its own, as another process would. */
  async look<Seen>(use: (project: Project) => Promise<Seen> | Seen): Promise<Seen> {
    const other = await this.#open()
    try {
      return await use(other)
    } finally {
      await other.close()
    }
  }

  readonly shut = (): Promise<void> => this.#project.close()

  async close(): Promise<void> {
    await this.shut()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

type Rest = Pick<SinkHarness, 'spoil' | 'tombstones' | 'stored'> & Partial<SinkHarness>

/** Opens a sink in a room of its own. */
async function open(
  definition: SinkDefinition,
  config: unknown,
  rest: (room: Room) => Rest,
): Promise<SinkHarness> {
  const room = await Room.open()
  const writer = await room.sink(definition, config)
  return { definition, writer, shut: room.shut, close: () => room.close(), ...rest(room) }
}

/** Bodies, ids and numbers that no schema and no column takes. */
const misfits = [
  (value: Value) => ({ ...value, body: 5 }),
  (value: Value) => ({ ...value, id: null }),
  (value: Value) => ({ ...value, n: 'many' }),
]

async function recordsIn(room: Room, name: string): Promise<PlainRecord[]> {
  const { records } = await room.look(({ log }) => log.fetch({ topic: name, partition: 0 }, 0, 1_000_000))
  return Array.from({ length: records.count }, (_, row) => plainRecord(records, row))
}

function storedRecord({ key, headers, timestamp }: PlainRecord, value: unknown): Stored {
  const text = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('latin1')
  const id = (value as Value | null)?.id ?? null
  return {
    id,
    value,
    key: text(key),
    time: timestamp,
    headers: headers.map((each) => [each.name, text(each.value)]),
  }
}

async function jsonIn(room: Room): Promise<Stored[]> {
  return (await recordsIn(room, 'out')).map((record) => {
    const text = record.value && Buffer.from(record.value).toString()
    return storedRecord(record, text === null || text === '{"id":' ? null : JSON.parse(text))
  })
}

async function avroIn(room: Room): Promise<Stored[]> {
  const records = await recordsIn(room, 'out')
  const codec = await room.look(({ schemas }) => schemas.codec('contract.Effect'))
  return records.map((record) => {
    const { value } = record
    return storedRecord(record, value && codec.decode(Buffer.from(value), 0, value.length))
  })
}

sinkContract('A topic sink that copies', () => {
  const rest = (room: Room): Rest => ({ spoil: [], tombstones: 'stored', stored: () => jsonIn(room) })
  return open(topic, { topic: 'out' }, rest)
})

sinkContract('A topic sink with a schema', () => {
  const rest = (room: Room): Rest => ({ spoil: misfits, tombstones: 'stored', stored: () => avroIn(room) })
  return open(topic, { topic: 'out', schema: 'contract.Effect' }, rest)
})

sinkContract('A topic sink with a schema, keys and headers of its own', () => {
  const stored = async (room: Room) =>
    (await avroIn(room)).map(({ key, headers, ...kept }) => {
      expect([key, headers?.at(-1)]).toEqual([`north/${kept.id}`, ['kind', 'effect']])
      return { ...kept, headers: headers!.slice(0, -1) }
    })
  const config = { topic: 'out', schema: 'contract.Effect', key: ['shop', 'id'], headers: { kind: 'effect' } }
  return open(topic, config, (room) => ({
    spoil: misfits,
    tombstones: 'refused',
    stored: () => stored(room),
  }))
})

/** A table, whose rows are values in the order of their ids. */
function tableRest(room: Room, name: string): Rest {
  const exact = (n: bigint) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)
  const stored = () =>
    room.look(({ storedTables }) =>
      [...storedTables.dump(name)]
        .map(({ id, shop, body, n }) => ({
          id: id as string,
          value: { id, shop, body, n: exact(n as bigint) },
        }))
        .sort((one, other) => (one.id < other.id ? -1 : 1)),
    )
  return { spoil: misfits, tombstones: 'refused', unordered: true, stored }
}

const insert = { table: 'effects' }
const latest = { table: 'states', mode: 'latest', sequence: 'n' }
const bucket = { column: 'bucket', by: 'month' }
const retained = { table: 'events', bucket, hash: { of: ['id', 'body'] }, retention: '30d' }

sinkContract('A table sink in mode insert', () => open(table, insert, (room) => tableRest(room, 'effects')))

sinkContract('A table sink with bucket, hash and retention', () => {
  const dropsBefore = firstEvent - 30 * day
  return open(table, retained, (room) => ({ ...tableRest(room, 'events'), dropsBefore }))
})

sinkContract('A table sink in mode latest', () => {
  const spoil = [...misfits, (value: Value) => ({ ...value, n: 1.5 })]
  return open(table, latest, (room) => ({ ...tableRest(room, 'states'), spoil }))
})

function valueOf(line: string): Stored {
  const value = JSON.parse(line) as Value | null
  return { id: value?.id ?? null, value }
}

function recordOf(line: string): Stored {
  const { topic: from, partition, offset, time, key, value } = JSON.parse(line)
  const position = `${from}/${partition}@${offset}`
  return { id: value?.id ?? null, value, key, position, time: Date.parse(time) }
}

for (const [show, parse] of [['value', valueOf] as const, ['record', recordOf] as const]) {
  const make = () => {
    const stored = async (room: Room) => room.lines.map(parse)
    const rest = { spoil: [], tombstones: 'stored', shut: undefined } as const
    return open(console, { show }, (room) => ({ ...rest, stored: () => stored(room) }))
  }
  sinkContract(`A console sink that shows the ${show}`, make)
}

function effectOf(line: string): Stored {
  const [from, partition, offset, key, id] = line.split('\t').map((cell) => (cell === '\\N' ? null : cell))
  return { id: id!, key: key!, position: `${from}/${partition}@${offset}` }
}

async function openProbe(): Promise<SinkHarness> {
  const file = join(mkdtempSync(join(tmpdir(), 'millrace-probe-')), 'effects.tsv')
  const stored = async () => readFileSync(file, 'utf8').split('\n').slice(0, -1).map(effectOf)
  const made = await open(probe, { file, id: 'id' }, () => ({ spoil: [], tombstones: 'stored', stored }))
  const close = async () => {
    await made.close()
    rmSync(dirname(file), { recursive: true })
  }
  return { ...made, shut: () => made.writer.close(), close }
}

sinkContract('A probe sink', openProbe)

/** Records of a few keys, in batches as they might come, some of them again. */
const batches = fc.array(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(9)), { maxLength: 6 }), {
  maxLength: 6,
})

test('a table sink in mode latest keeps the highest state of a key, in whatever order batches come', async () => {
  await fc.assert(
    fc.asyncProperty(batches, async (given) => {
      const room = await Room.open()
      const writer = await room.sink(table, latest)
      const highest = new Map<string, number>()
      for (const batch of given) {
        const values = batch.map(([id, n]) => ({
          id,
          shop: `at ${n}`,
          body: n % 2 === 0 ? `state ${n}` : null,
          n,
        }))
        await writer.write(new WriteBatch(batchOfValues(values.map((value) => ({ value, key: value.id })))))
        for (const { id, n } of values) highest.set(id, Math.max(n, highest.get(id) ?? 0))
      }
      const rows = await room.look(({ storedTables }) => [...storedTables.dump('states')])
      expect(new Map(rows.map(({ id, n }) => [id, Number(n)]))).toEqual(highest)
      for (const { id, shop, body } of rows) {
        const n = highest.get(id as string)!
        expect([shop, body]).toEqual([`at ${n}`, n % 2 === 0 ? `state ${n}` : null])
      }
      await room.close()
    }),
    { numRuns: 15 },
  )
})

test('a row that is written again later lives no longer for it', async () => {
  const room = await Room.open()
  const writer = await room.sink(table, retained)
  const value = { id: 'one', shop: 'north', body: 'body', n: 1 }
  const rows = () => room.look(({ storedTables }) => storedTables.count('events'))
  for (const days of [0, 10, 18]) {
    room.clock.advance(days * day)
    await writer.write(new WriteBatch(batchOfValues([{ value, timestamp: firstEvent }])))
    expect(await rows()).toBe(1)
  }
  room.clock.advance(day)
  expect(await rows()).toBe(0)
  await room.close()
})
