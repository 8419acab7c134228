import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sharedCassandra, type SharedCassandra } from '../support/servers/cassandra-shared.ts'
import { Folder } from './full-command-line.ts'

let server: SharedCassandra
let keyspace: string
const folder = new Folder()

function environment(name: string, more: Record<string, string> = {}): void {
  const cassandra = {
    contactPoints: `['${server.contactPoint}']`,
    datacenter: server.datacenter,
    keyspace,
    ...more,
  }
  const lines = Object.entries(cassandra).map(([field, value]) => `  ${field}: ${value}\n`)
  folder.write(
    `environments/${name}.yaml`,
    `kafka: { brokers: ['localhost:1'] }\ncassandra:\n${lines.join('')}`,
  )
}

beforeAll(async () => {
  server = await sharedCassandra()
  keyspace = await server.newKeyspace('cli')
  environment('test')
  folder.write(
    'cql/0001-notes.cql',
    'CREATE TABLE notes (owner text, at timestamp, note text, PRIMARY KEY (owner, at)) WITH CLUSTERING ORDER BY (at DESC);',
  )
  folder.write(
    'cql/queries/notes-of.cql',
    '-- summary: The notes of an owner, newest first.\n-- param owner text  whose notes\nSELECT at, note FROM notes WHERE owner = :owner',
  )
})

afterAll(async () => {
  folder.remove()
  await server?.reset()
})

describe('millrace cql', () => {
  test('says what it would do, does it, and then has nothing to do', async () => {
    const plan = await folder.run('cql plan --env test')
    expect(plan.code).toBe(3)
    expect(plan.out).toEqual([
      `${keyspace} (cassandra)`,
      '  0001-notes',
      '    + create table notes',
      '',
      '1 statement to carry out: millrace cql apply',
    ])
    expect(await folder.run('cql apply --env test')).toEqual({
      code: 0,
      out: ['0001-notes 1/1  create table notes  done', `${keyspace} has all migrations.`],
      err: [],
    })
    expect(await folder.json('cql apply --env test')).toMatchObject({
      pending: 0,
      carriedOut: 0,
      refused: [],
    })
    expect(await folder.json('cql plan --env test')).toMatchObject({
      ...{ keyspace, dialect: 'cassandra', keyspaceStatement: null, pending: 0, differences: [], lock: null },
      migrations: [{ version: 1, name: 'notes', status: 'applied', done: 1 }],
    })
  })

  test('drops a table only where that is meant', async () => {
    folder.write('cql/0002-more.cql', 'CREATE TABLE more (id int PRIMARY KEY); DROP TABLE more')
    const refused = await folder.run('cql apply --env test')
    expect(refused).toEqual({
      ...{ code: 2, out: [] },
      err: ['millrace: This drops more with all rows: give --yes if that is meant.'],
    })
    expect((await folder.run('cql apply --env test --yes')).code).toBe(0)
  })

  test('tells what differs, with exit code 1', async () => {
    await server.cql('ALTER TABLE notes WITH default_time_to_live = 9', keyspace)
    const { code, out } = await folder.run('cql plan --env test')
    expect(code).toBe(1)
    expect(out).toContain('differs: notes has default_time_to_live 9 and the migrations say 0')
    await server.cql('ALTER TABLE notes WITH default_time_to_live = 0', keyspace)
  })

  test.each([
    ['cql', 2, 'cql needs to be told what to do: plan or apply.'],
    ['cql aply', 2, 'cql has no "aply": did you mean apply?'],
    [
      'cql plan',
      2,
      'cql plan needs an environment: give --env NAME. (Embedded tables follow cql/ by themselves.)',
    ],
    ['cql plan more --env test', 2, 'cql plan has no use for "more": leave it out.'],
    ['cql plan --env none', 1, 'environments/none.yaml names no Cassandra'],
    ['cql plan --env down', 4, 'Connecting failed, since Cassandra at localhost:1 does not answer'],
    ['cql plan --env missing', 1, 'There is no keyspace nothing_there: create it'],
    ['query notes-of owner=x --env missing', 1, 'make it with `millrace cql apply`'],
    ['query notes-of --env test', 2, 'The parameter owner (whose notes) is missing: give owner=….'],
  ])('%s: one sentence, and exit code %i', async (line, code, sentence) => {
    folder.write('environments/none.yaml', `kafka: { brokers: ['localhost:1'] }\n`)
    environment('down', { contactPoints: `['localhost:1']` })
    environment('missing', { keyspace: 'nothing_there' })
    const ran = await folder.run(line)
    expect(ran.err).toEqual([expect.stringContaining(sentence)])
    expect(ran.code).toBe(code)
  })
})

describe('millrace query --env', () => {
  test('answers from Cassandra, page by page', async () => {
    for (const hour of ['01', '02', '03'])
      await server.cql(
        `INSERT INTO notes (owner, at, note) VALUES ('ada', '2026-05-01 ${hour}:00:00Z', 'at ${hour}')`,
        keyspace,
      )
    const first = await folder.json<{ rows: unknown[]; nextPage: string }>(
      'query notes-of owner=ada --limit 2 --env test',
    )
    expect(first.rows).toEqual([
      { at: '2026-05-01T03:00:00.000Z', note: 'at 03' },
      { at: '2026-05-01T02:00:00.000Z', note: 'at 02' },
    ])
    const next = await folder.run('query notes-of owner=ada --limit 2 --env test')
    // A token says when its first page was read, so that no two are equal.
    expect(next.out.at(-1)).toMatch(
      /^ {2}millrace query notes-of owner=ada --limit 2 --env test --page [\w-]+$/,
    )
    const second = await folder.json(`query notes-of owner=ada --limit 2 --env test --page ${first.nextPage}`)
    expect(second).toEqual({ rows: [{ at: '2026-05-01T01:00:00.000Z', note: 'at 01' }], nextPage: null })
  })
})

// Kafka does not answer here: a worker that gets as far as that goes on, and has to be stopped.
describe('a worker looks at its tables before it reads anything', () => {
  const table = (name: string) =>
    folder.write(
      'topologies/notes.yaml',
      `name: notes
sources: { said: { type: topic, topic: notes, format: json } }
processors: { known: { type: enrich, from: said, table: notes, key: { owner: owner, at: at }, as: last } }
sinks: { notes: { type: table, from: known, table: ${name}, columns: { at: time } } }\n`,
    )
  const run = (name: string) => folder.run(`run topologies/notes.yaml --until-end --http off --env ${name}`)

  beforeAll(async () => {
    environment('start')
    environment('elsewhere', { datacenter: 'mars' })
    environment('unmade', { keyspace: 'not_made' })
    folder.write('cql/0003-later.cql', 'CREATE TABLE later (owner text PRIMARY KEY, note text)')
    table('notes')
  })

  test.each([
    [
      'elsewhere',
      /has no data center of that name, it has datacenter1: correct `datacenter` of the environment\.$/,
    ],
    ['unmade', /not_made.*make it with `millrace cql apply`, or correct the keyspace of the environment\.$/],
  ])('%s: stops in one sentence', async (name, sentence) => {
    const { code, err } = await run(name)
    expect({ code, err }).toEqual({ code: 1, err: [expect.stringMatching(sentence)] })
  })

  test('a table that is not there: stops in one sentence', async () => {
    table('later')
    expect(await run('start')).toMatchObject({
      code: 1,
      err: [
        `millrace: The keyspace ${keyspace} has no table later, which the migrations make: see what is to be done with ` +
          '`millrace cql plan`, and run `millrace cql apply`.',
      ],
    })
  })

  test('where all is well, or Cassandra is away, it goes on', async () => {
    table('notes')
    environment('away', { contactPoints: "['127.0.0.1:1']" })
    for (const name of ['start', 'away']) {
      const stop = new AbortController()
      const line = `run topologies/notes.yaml --http off --env ${name}`
      const said: string[] = []
      const running = folder.run(line, stop.signal, undefined, (text) => {
        said.push(text)
        if (text.includes('localhost:1')) stop.abort()
      })
      expect(await running).toMatchObject({ code: 0 })
      expect(said.some((text) => text.includes('127.0.0.1:1 does not answer'))).toBe(name === 'away')
    }
  })
})
