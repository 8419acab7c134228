import { describe, expect, test } from '@jest/globals'
import { adaptOptions } from '../../../engine/cassandra/dialect-options.ts'
import { detectDialect } from '../../../engine/cassandra/dialect.ts'
import { createKeyspace, statementOf, type Dialect } from '../../../engine/cassandra/migration-cql.ts'
import { readMigrations } from '../../../engine/cql/migrations.ts'

const cassandra: Dialect = { name: 'cassandra', tablets: false }
const scylla: Dialect = { name: 'scylla', tablets: true }
const statements = (text: string, dialect: Dialect) =>
  readMigrations([{ path: 'cql/0001-a.cql', text }]).migrations[0]!.steps.map((step) =>
    statementOf(step, 'shop', dialect),
  )

describe('statements of migrations', () => {
  test('say what a table means in embedded mode: collections are frozen, names are quoted', () => {
    const text = `CREATE TABLE IF NOT EXISTS t (a text, b int, c map<text, set<int>>, "D e" varchar, PRIMARY KEY ((a), b))
      WITH CLUSTERING ORDER BY (b DESC) AND comment = 'it''s' AND default_time_to_live = 60;
      ALTER TABLE t ADD (f int, g frozen<list<text>>);
      ALTER TABLE t WITH gc_grace_seconds = 7;
      DROP TABLE t;`
    for (const dialect of [cassandra, scylla]) {
      expect(statements(text, dialect).map((one) => one.text)).toEqual([
        [
          'CREATE TABLE "shop"."t" (',
          '  "a" text,',
          '  "b" int,',
          '  "c" frozen<map<text, frozen<set<int>>>>,',
          '  "D e" text,',
          '  PRIMARY KEY (("a"), "b")',
          ') WITH CLUSTERING ORDER BY ("b" DESC)',
          "  AND comment = 'it''s'",
          '  AND default_time_to_live = 60',
        ].join('\n'),
        'ALTER TABLE "shop"."t" ADD ("f" int, "g" frozen<list<text>>)',
        'ALTER TABLE "shop"."t" WITH gc_grace_seconds = 7',
        'DROP TABLE "shop"."t"',
      ])
    }
  })

  test('of one database alone are not sent to the other', () => {
    const text = `CREATE TABLE t (a text PRIMARY KEY);
      -- millrace:scylla
      ALTER TABLE t WITH tombstone_gc = {'mode': 'repair'};
      -- millrace:cassandra
      ALTER TABLE t WITH memtable = 'trie'`
    expect(statements(text, cassandra).map((one) => one.text)).toEqual([
      expect.stringContaining('CREATE TABLE'),
      undefined,
      `ALTER TABLE "shop"."t" WITH memtable = 'trie'`,
    ])
    expect(statements(text, scylla).map((one) => one.text)).toEqual([
      expect.stringContaining('CREATE TABLE'),
      `ALTER TABLE "shop"."t" WITH tombstone_gc = {'mode': 'repair'}`,
      undefined,
    ])
  })

  test('that set nothing in a database are not sent, and say why', () => {
    const [, statement] = statements(
      `CREATE TABLE t (a text PRIMARY KEY); ALTER TABLE t WITH read_repair = 'NONE'`,
      scylla,
    )
    expect(statement).toMatchObject({
      text: undefined,
      summary: 'set read_repair of t',
      notes: ['Scylla has no option read_repair: left out'],
    })
  })
})

test('a change log of Scylla is asked for as its manual writes it', () => {
  const options = `{'enabled': 'true', 'preimage': 'full', 'delta': 'keys', 'ttl': '604800'}`
  const [, made] = statements(
    `CREATE TABLE t (a text PRIMARY KEY); ALTER TABLE t WITH cdc = ${options}`,
    scylla,
  )
  expect(made!.text).toBe(`ALTER TABLE "shop"."t" WITH cdc = ${options}`)
})

describe('options', () => {
  const windows = { class: 'TimeWindowCompactionStrategy', compaction_window_unit: 'DAYS' }

  test.each([
    ['cdc', true, { cdc: true }, { cdc: { enabled: 'true' } }],
    ['cdc', { enabled: 'true', ttl: '60' }, { cdc: true }, { cdc: { enabled: 'true', ttl: '60' } }],
    [
      'cdc',
      { enabled: 'true', preimage: 'full', postimage: 'true', delta: 'keys', ttl: '604800' },
      { cdc: true },
      { cdc: { enabled: 'true', preimage: 'full', postimage: 'true', delta: 'keys', ttl: '604800' } },
    ],
    ['cdc', { enabled: 'false' }, { cdc: false }, { cdc: { enabled: 'false' } }],
    ['compaction', windows, { compaction: windows }, { compaction: windows }],
    [
      'compaction',
      { class: 'UnifiedCompactionStrategy', scaling_parameters: 'T4', enabled: 'true' },
      { compaction: { class: 'UnifiedCompactionStrategy', scaling_parameters: 'T4', enabled: 'true' } },
      { compaction: { class: 'SizeTieredCompactionStrategy', enabled: 'true' } },
    ],
    [
      'compaction',
      { class: 'IncrementalCompactionStrategy', space_amplification_goal: '1.5' },
      { compaction: { class: 'SizeTieredCompactionStrategy' } },
      { compaction: { class: 'IncrementalCompactionStrategy', space_amplification_goal: '1.5' } },
    ],
    [
      'compaction',
      { ...windows, unsafe_aggressive_sstable_expiration: 'true' },
      { compaction: { ...windows, unsafe_aggressive_sstable_expiration: 'true' } },
      { compaction: windows },
    ],
    [
      'compression',
      { class: 'ZstdCompressor', chunk_length_in_kb: '16' },
      { compression: { class: 'ZstdCompressor', chunk_length_in_kb: '16' } },
      { compression: { sstable_compression: 'ZstdCompressor', chunk_length_in_kb: '16' } },
    ],
    [
      'compression',
      { sstable_compression: 'LZ4Compressor' },
      { compression: { class: 'LZ4Compressor' } },
      { compression: { sstable_compression: 'LZ4Compressor' } },
    ],
    [
      'compression',
      { enabled: 'false' },
      { compression: { enabled: 'false' } },
      { compression: { sstable_compression: '' } },
    ],
    ['speculative_retry', '99p', { speculative_retry: '99p' }, { speculative_retry: '99PERCENTILE' }],
    ['speculative_retry', 'MIN(99p,50ms)', { speculative_retry: 'MIN(99p,50ms)' }, {}],
    ['additional_write_policy', '95p', { additional_write_policy: '95p' }, {}],
    ['memtable', 'trie', { memtable: 'trie' }, {}],
    ['tombstone_gc', { mode: 'repair' }, {}, { tombstone_gc: { mode: 'repair' } }],
    ['paxos_grace_seconds', 5, {}, { paxos_grace_seconds: 5 }],
    ['default_time_to_live', 5, { default_time_to_live: 5 }, { default_time_to_live: 5 }],
    ['caching', { keys: 'ALL' }, { caching: { keys: 'ALL' } }, { caching: { keys: 'ALL' } }],
  ])('%s = %j is written as each database has it', (name, value, forCassandra, forScylla) => {
    expect(adaptOptions({ [name]: value }, 'cassandra').options).toEqual(forCassandra)
    expect(adaptOptions({ [name]: value }, 'scylla').options).toEqual(forScylla)
  })

  test('that are left out or replaced are told', () => {
    const given = { memtable: 'trie', compaction: { class: 'UnifiedCompactionStrategy' } }
    expect(adaptOptions(given, 'scylla').notes).toEqual([
      'Scylla has no option memtable: left out',
      'Scylla has no UnifiedCompactionStrategy: SizeTieredCompactionStrategy is used',
    ])
    expect(adaptOptions(given, 'cassandra').notes).toEqual([])
  })
})

describe('a keyspace', () => {
  const made = (replication: Record<string, number | string>, dialect: Dialect) =>
    createKeyspace('Shop', replication, dialect)

  test('has replicas by datacenter, or whatever its class says', () => {
    expect(made({ dc1: 3, dc2: 2 }, cassandra)).toBe(
      `CREATE KEYSPACE IF NOT EXISTS "Shop" WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': '3', 'dc2': '2'}`,
    )
    expect(made({ class: 'SimpleStrategy', replication_factor: 1 }, cassandra)).toBe(
      `CREATE KEYSPACE IF NOT EXISTS "Shop" WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'}`,
    )
  })

  test('has vnodes on a Scylla that would choose tablets', () => {
    expect(made({ dc1: 3 }, scylla)).toContain(`'dc1': '3'} AND tablets = {'enabled': false}`)
    expect(made({ dc1: 3 }, { ...scylla, tablets: false })).not.toContain('tablets')
  })
})

describe('the database', () => {
  /** Answers as system tables that have these rows would. */
  const answering = (...there: readonly string[]) => ({
    read: async (_statement: string, values: readonly unknown[] = []) =>
      there.includes(values.join('.')) ? [{ found: true }] : [],
  })

  test('is what the environment says, or what its system tables tell', async () => {
    const old = answering('system.scylla_local')
    const newer = answering('system_schema.scylla_tables', 'system_schema.scylla_keyspaces.initial_tablets')
    expect(await detectDialect(answering(), 'auto')).toEqual(cassandra)
    expect(await detectDialect(old, 'auto')).toEqual({ name: 'scylla', tablets: false })
    expect(await detectDialect(newer, 'auto')).toEqual(scylla)
    expect(await detectDialect(newer, 'cassandra')).toEqual(cassandra)
    expect(await detectDialect(answering(), 'scylla')).toEqual({ name: 'scylla', tablets: false })
  })
})
