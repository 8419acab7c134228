import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openProject, type Project } from '../../cli/project.ts'
import type { SinkWriter } from '../../engine/component/contracts/sink.ts'
import type { SinkDefinition } from '../../engine/component/define.ts'
import { plainRecord, type PlainRecord } from '../../engine/component/packed-records.ts'
import { console } from '../../sinks/console.ts'
import { probe } from '../../sinks/probe.ts'
import { table } from '../../sinks/table.ts'
import { topic } from '../../sinks/topic.ts'
import {
  firstEvent,
  sinkContract,
  type SinkHarness,
  type Stored,
  type Value,
} from '../support/contracts/sink-contract.ts'
import { FakeClock } from '../support/fake-clock.ts'

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
  readonly #clock = new FakeClock(firstEvent + day)
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
    return openProject({ cwd: this.dir, project: this.dir, clock: this.#clock })
  }

  sink(definition: SinkDefinition, config: unknown): Promise<SinkWriter> {
    const { log, tables, schemas } = this.#project
    const print = (line: string) => void this.lines.push(line)
    const names = { topology: 'contract', node: 'sink' }
    const given: unknown = definition.config.parse(config)
    return definition.open(given, { ...names, clock: this.#clock, log, tables, schemas, print })
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

async function harness(
  room: Room,
  definition: SinkDefinition,
  config: unknown,
  rest: Rest,
): Promise<SinkHarness> {
  const writer = await room.sink(definition, config)
  return { definition, writer, shut: room.shut, close: () => room.close(), ...rest }
}

/** Bodies, ids and numbers that no schema and no column takes. */
const misfits = [
  (value: Value) => ({ ...value, body: 5 }),
  (value: Value) => ({ ...value, id: null }),
  (value: Value) => ({ ...value, n: 'many' }),
]

async function recordsIn(room: Room, name: string): Promise<PlainRecord[]> {
  const records = await room.look(({ log }) => log.fetch({ topic: name, partition: 0 }, 0, 1_000_000))
  return Array.from({ length: records.count }, (_, row) => plainRecord(records, row))
}

function storedRecord({ key, headers, timestamp }: PlainRecord, value: unknown): Stored {
  return {
    id: (value as Value | null)?.id ?? null,
    value,
    key: key && Buffer.from(key).toString(),
    time: timestamp,
    headers: headers.map(
      (each) => [each.name, each.value && Buffer.from(each.value).toString('latin1')] as const,
    ),
  }
}

sinkContract('A topic sink that copies', async () => {
  const room = await Room.open()
  return harness(
    room,
    topic,
    { topic: 'out' },
    {
      spoil: [],
      tombstones: 'stored',
      stored: async () =>
        (await recordsIn(room, 'out')).map((record) => {
          const text = record.value && Buffer.from(record.value).toString()
          return storedRecord(record, text === null || text === '{"id":' ? null : JSON.parse(text))
        }),
    },
  )
})

async function avroIn(room: Room): Promise<Stored[]> {
  const records = await recordsIn(room, 'out')
  const codec = await room.look(({ schemas }) => schemas.codec('contract.Effect'))
  return records.map((record) => {
    const { value } = record
    return storedRecord(record, value && codec.decode(Buffer.from(value), 0, value.length))
  })
}

sinkContract('A topic sink with a schema', async () => {
  const room = await Room.open()
  return harness(
    room,
    topic,
    { topic: 'out', schema: 'contract.Effect' },
    {
      spoil: misfits,
      tombstones: 'stored',
      stored: () => avroIn(room),
    },
  )
})

sinkContract('A topic sink with a schema, keys and headers of its own', async () => {
  const room = await Room.open()
  const config = { topic: 'out', schema: 'contract.Effect', key: ['shop', 'id'], headers: { kind: 'effect' } }
  return harness(room, topic, config, {
    spoil: misfits,
    tombstones: 'refused',
    stored: async () =>
      (await avroIn(room)).map(({ key, headers, ...stored }) => {
        if (key !== `north/${stored.id}` || headers?.at(-1)?.join() !== 'kind,effect')
          throw new Error(`What is ${key}?`)
        return { ...stored, headers: headers.slice(0, -1) }
      }),
  })
})

/** The rows of a table as values, in the order of their ids. */
function rowsOf(room: Room, name: string): Promise<Stored[]> {
  return room.look(({ storedTables }) =>
    [...storedTables.dump(name)]
      .map(({ id, shop, body, n }) => ({
        id: id as string,
        value: { id, shop, body, n: exact(n as bigint) },
      }))
      .sort((one, other) => (one.id < other.id ? -1 : 1)),
  )
}

function exact(n: bigint): number | bigint {
  return Number.isSafeInteger(Number(n)) ? Number(n) : n
}

sinkContract('A table sink in mode insert', async () => {
  const room = await Room.open()
  return harness(
    room,
    table,
    { table: 'effects' },
    {
      spoil: misfits,
      tombstones: 'refused',
      unordered: true,
      stored: () => rowsOf(room, 'effects'),
    },
  )
})

sinkContract('A table sink with bucket, hash and retention', async () => {
  const room = await Room.open()
  const bucket = { column: 'bucket', by: 'month' }
  const config = { table: 'events', bucket, hash: { of: ['id', 'body'] }, retention: '30d' }
  return harness(room, table, config, {
    spoil: misfits,
    tombstones: 'refused',
    unordered: true,
    dropsBefore: firstEvent - 30 * day,
    stored: () => rowsOf(room, 'events'),
  })
})

sinkContract('A table sink in mode latest', async () => {
  const room = await Room.open()
  return harness(
    room,
    table,
    { table: 'states', mode: 'latest', sequence: 'n' },
    {
      spoil: [...misfits, (value) => ({ ...value, n: 1.5 })],
      tombstones: 'refused',
      unordered: true,
      stored: () => rowsOf(room, 'states'),
    },
  )
})

sinkContract(
  'A console sink',
  async () => {
    const room = await Room.open()
    return harness(
      room,
      console,
      {},
      {
        spoil: [],
        tombstones: 'stored',
        shut: undefined,
        stored: async () =>
          room.lines.map((line) => {
            const value = JSON.parse(line) as Value | null
            return { id: value?.id ?? null, value }
          }),
      },
    )
  },
  ['an undecodable value fails no other record'],
)

sinkContract(
  'A console sink that shows all',
  async () => {
    const room = await Room.open()
    return harness(
      room,
      console,
      { show: 'record' },
      {
        spoil: [],
        tombstones: 'stored',
        shut: undefined,
        stored: async () =>
          room.lines.map((line) => {
            const { topic: from, partition, offset, time, key, value } = JSON.parse(line)
            const position = `${from}/${partition}@${offset}`
            return { id: value?.id ?? null, value, key, position, time: Date.parse(time) }
          }),
      },
    )
  },
  ['an undecodable value fails no other record'],
)

sinkContract(
  'A probe sink',
  async () => {
    const room = await Room.open()
    const file = join(room.dir, 'effects.tsv')
    const made = await harness(
      room,
      probe,
      { file, id: 'id' },
      {
        spoil: [],
        tombstones: 'stored',
        stored: async () =>
          readFileSync(file, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => {
              const [from, partition, offset, key, id] = line
                .split('\t')
                .map((cell) => (cell === '\\N' ? null : cell))
              return { id: id!, key: key!, position: `${from}/${partition}@${offset}` }
            }),
      },
    )
    return { ...made, shut: () => made.writer.close() }
  },
  ['an undecodable value fails no other record'],
)
