import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { openDirectoryRegistry } from '../../engine/avro/directory-registry.ts'
import { avroValueCodec, avroValueEncoder } from '../../engine/avro/value-codec.ts'
import { readTopologyFile } from '../../engine/config/load.ts'
import { loadMigrations } from '../../engine/cql/migrations.ts'
import { parseNamedRead } from '../../engine/cql/named-reads.ts'
import type { TableSchema } from '../../engine/cql/schema.ts'
import { planReading } from '../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../engine/topology/plan-types.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import type { TableConfig } from '../../sinks/table/row-maker.ts'
import { sources } from '../../sources/index.ts'
import { start } from '../support/fake-scope.ts'

const root = join(import.meta.dirname, '../..')
const day = 86_400

function textsOf(folder: string): { path: string; text: string }[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.cql'))
  return names.map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(root, folder, name), 'utf8') }))
}

const catalogue = loadMigrations(textsOf('cql'))
const tables = [...catalogue.tables.values()]

async function planOf(name: string): Promise<TopologyPlan> {
  return planReading(await readTopologyFile(join(root, 'topologies', name), { sources, processors, sinks }, {}))
}

function tableSinks(plan: TopologyPlan): { name: string; config: TableConfig }[] {
  const found = [...plan.nodes.values()].filter(({ kind, type }) => kind === 'sink' && type === 'table')
  return found.map(({ name, config }) => ({ name, config: config as unknown as TableConfig }))
}

/** One table sink writes to: its own table, and those of its variants, with how long they keep a row, in seconds. */
function targetsOf({ table, retention, variants }: TableConfig): { table: TableSchema; keeps: number }[] {
  const all = [{ table, retention }, ...Object.values(variants?.when ?? {})]
  return all.map((one) => ({
    table: catalogue.tables.get(one.table)!,
    keeps: one.retention === 'unlimited' ? 0 : one.retention / 1000,
  }))
}

// One with casts loads code, for which Jest has no hooks: its cases run in a process of their own.
const withoutCasts = readdirSync(join(root, 'topologies')).filter(
  (name) => !name.endsWith('.test.yaml') && !/type: (up|down)cast/.test(readFileSync(join(root, 'topologies', name), 'utf8')),
)

test.each(withoutCasts)('%s can run', async (name) => {
  const plan = await planOf(name)
  expect(`${plan.name}.yaml`).toBe(name)
  expect(plan.description).toMatch(/^[A-Z].*\.$/)
})

test('the named reads can be answered by the tables', () => {
  const reads = textsOf('cql/queries').map(({ path, text }) => parseNamedRead(path, text, catalogue))
  const audits = reads.filter(({ name }) => name.startsWith('audit-'))
  expect(audits.map(({ name }) => name).sort()).toEqual(['audit-by-entity', 'audit-by-store', 'audit-by-user'])
  for (const { selects, buckets } of audits) {
    // Every retention class is asked.
    expect(selects.map(({ table }) => table.name.replace(/^audit_by_[a-z]+/, ''))).toEqual(['', '_short', '_permanent'])
    expect(buckets?.newestFirst).toBe(true)
  }
})

describe('the audit tables', () => {
  test('that expire are cut into 20 to 30 time windows; those that do not are not cut', () => {
    for (const { name, defaultTtl, options } of tables.filter(({ name: table }) => table.startsWith('audit_'))) {
      const compaction = options['compaction'] as Readonly<Record<string, string>>
      if (defaultTtl === 0) {
        expect([name, compaction['class']]).toEqual([name, 'SizeTieredCompactionStrategy'])
        continue
      }
      expect([name, compaction['class'], compaction['compaction_window_unit']]).toEqual([name, 'TimeWindowCompactionStrategy', 'DAYS'])
      const windows = defaultTtl / day / Number(compaction['compaction_window_size'])
      expect(windows).toBeGreaterThanOrEqual(20)
      expect(windows).toBeLessThanOrEqual(30)
    }
  })

  test('are all written, keep rows as long as the sinks do, and have bucket and hash in their key', async () => {
    const sinksOfPlan = tableSinks(await planOf('audit-store.yaml'))
    const written = new Set<string>()
    for (const { config } of sinksOfPlan) {
      for (const { table, keeps } of targetsOf(config)) {
        written.add(table.name)
        expect([table.name, table.defaultTtl]).toEqual([table.name, keeps])
        expect(table.partitionKey.map(({ name }) => name)).toContain(config.bucket?.column)
        expect(table.clusteringKey.map(({ name }) => name)).toEqual(['event_time', 'event_id', config.hash?.column])
        expect(table.clusteringOrder[0]).toBe('DESC')
      }
    }
    const all = tables.map(({ name }) => name).filter((name) => name.startsWith('audit_'))
    expect([...written].sort()).toEqual(all.sort())
  })

  test('walk the buckets that the sinks write', async () => {
    const reads = textsOf('cql/queries').map(({ path, text }) => parseNamedRead(path, text, catalogue))
    for (const { config } of tableSinks(await planOf('audit-store.yaml'))) {
      const read = reads.find(({ selects }) => selects[0]?.table.name === config.table)
      expect([config.table, read?.buckets?.unit]).toEqual([config.table, config.bucket?.by])
    }
  })
})

describe('audit.AuditEvent', () => {
  test('documents every field, and has one for every column', async () => {
    const path = join(root, 'schemas/audit-events/AuditEvent.v1.avsc')
    const { fields } = JSON.parse(readFileSync(path, 'utf8')) as { fields: { name: string; doc?: string }[] }
    expect(fields.filter(({ doc }) => !doc)).toEqual([])
    const names = new Set([...fields.map(({ name }) => name), 'user'])
    for (const { config } of tableSinks(await planOf('audit-store.yaml'))) {
      const computed = [config.bucket?.column, config.hash?.column]
      for (const { table } of targetsOf(config)) {
        const columns = table.columns.map(({ name }) => name).filter((name) => !computed.includes(name))
        const fieldOf = (column: string): string => config.columns[column] ?? column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
        expect(columns.map(fieldOf).filter((field) => !names.has(field))).toEqual([])
      }
      // What is not in the hash is not what the event says: what was joined, and how long it is kept.
      const hashed = new Set(config.hash?.of)
      expect([...names].filter((name) => !hashed.has(name)).sort()).toEqual(['eventVersion', 'retentionClass', 'user'])
    }
  })

  test('is what git-audit makes of a change', async () => {
    const plan = await planOf('git-audit.yaml')
    const events = plan.nodes.get('events')!
    const change = {
      repository: 'shop', commit: 'c0ffee', committedAt: 1_700_000_000_000, authorName: 'Ada', authorEmail: 'ada@shop.example',
      authorDomain: 'shop.example', subject: 'Move "it"', id: 'c0ffee-1', action: 'renamed', path: 'b', oldPath: 'a',
    } // prettier-ignore
    const { output, failed } = start({ ...processors.map, config: { parse: () => events.config } } as never, {}, [{ value: change }])
    expect(failed).toEqual([])
    const registry = await openDirectoryRegistry(join(root, 'schemas'))
    const schema = await registry.latest('audit.AuditEvent')
    const bytes = Buffer.from(avroValueEncoder(schema).encode(output[0]))
    expect(avroValueCodec(registry, schema).decode(bytes, 0, bytes.length)).toMatchObject({
      eventId: 'c0ffee-1',
      eventVersion: '1.0.0',
      store: 'shop',
      entityType: 'file',
      entityId: 'b',
      action: 'renamed',
      userId: 'ada@shop.example',
      timestamp: 1_700_000_000_000,
      before: '{"path":"a"}',
      after: '{"path":"b","subject":"Move \\"it\\""}',
      source: 'git',
      correlationId: 'c0ffee',
      causationId: null,
      retentionClass: 'permanent',
    })
  })
})
