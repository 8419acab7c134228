// What reconcile says of a table behind each kind of node: that it compares it, or that nobody can; and that both are so.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { openProject } from '../../cli/project/project.ts'
import type { Reconciliation } from '../../cli/reconcile/result.ts'
import { processors } from '../../processors/index.ts'
import { Folder } from './full-command-line.ts'

jest.setTimeout(60_000)

interface Kind {
  /** The node `out`, behind `events` if nothing else is said. */
  readonly node: string
  /** What the sink reads, if not `out`. */
  readonly from?: string
  /** Further settings of the sink. */
  readonly sink?: string
  /** The rows that it makes of twenty records; a text says why nobody can tell. */
  readonly rows: number | string
}

const state = 'sends what follows from its state and the time, and not from records alone'
const looked = 'users, as: user'

const kinds: Readonly<Record<string, readonly Kind[]>> = {
  aggregate: [
    {
      node: 'type: aggregate, fields: { orders: count }',
      sink: 'sequence: version, columns: { id: key }',
      rows: `out (aggregate) ${state}`,
    },
  ],
  branch: [{ node: 'type: branch, field: kind, to: { some: a }, default: rest', from: 'out.some', rows: 15 }],
  dedupe: [{ node: 'type: dedupe, by: id, window: 1d', rows: 20 }],
  enrich: [
    { node: 'type: enrich, table: names, key: key, as: user', rows: 20 },
    {
      node: 'type: enrich, table: names, key: key, as: user',
      sink: 'sequence: at, columns: { id: user.name }',
      rows: 'which row it is goes by "user.name", which out (enrich) looks up',
    },
  ],
  filter: [{ node: 'type: filter, field: kind, equals: b', rows: 5 }],
  'flat-map': [{ node: 'type: flat-map, each: items, as: item', rows: 20 }],
  join: [
    { node: `type: join, table: ${looked}, kind: left`, rows: 20 },
    { node: `type: join, table: ${looked}, kind: left, global: true`, rows: 20 },
    { node: `type: join, table: ${looked}`, rows: 'out (join) sends on what has a row when it comes' },
  ],
  map: [
    { node: 'type: map, set: { shop: north }', rows: 20 },
    {
      node: 'type: map, from: known, copy: { item: user.name }',
      rows: 'out (map) may go by "user", which known (enrich) looks up',
    },
  ],
  merge: [{ node: 'type: merge, from: [events, others], wait: 10ms', rows: 23 }],
  redact: [{ node: 'type: redact, from: known, mask: [user.name]', rows: 20 }],
  repartition: [
    {
      node: 'type: repartition, by: shop',
      rows: 'what goes through the topic GROUP.out.repartition is deleted from it',
    },
  ],
  resequence: [
    { node: 'type: resequence, by: n, within: 1s, first: 1', rows: `out (resequence) ${state}` },
    {
      node: 'type: resequence, by: n, within: 1s, first: 1',
      from: 'out.late',
      rows: `out (resequence) ${state}`,
    },
  ],
  schedule: [
    {
      node: 'type: schedule, after: 1s, start: { field: kind, equals: a }, idle: 1s',
      rows: `out (schedule) ${state}`,
    },
  ],
  throttle: [{ node: 'type: throttle, rate: 1000', rows: 20 }],
  validate: [{ node: 'type: validate, fields: { n: { max: 4 } }', rows: 16 }],
}

/** What these make follows from the record alone, as with `map`; they need letters, or a process that loads casts. */
const likeMap = ['dead-letter', 'downcast', 'upcast']

const cases = Object.entries(kinds).flatMap(([kind, all]) =>
  all.map((one, n) => [`${kind}-${n}`, one] as const),
)

test('each processor is here', () => {
  expect([...Object.keys(kinds), ...likeMap].sort()).toEqual(Object.keys(processors).sort())
})

let folder: Folder
const start = Date.parse('2026-01-05T12:00:00Z')
const tableOf = (name: string): string => `${name.replaceAll('-', '_')}_rows`

beforeAll(async () => {
  folder = new Folder()
  const columns =
    'id text PRIMARY KEY, n bigint, item text, user frozen<map<text, text>>, shop text, at bigint'
  const made = cases.map(([name]) => `CREATE TABLE ${tableOf(name)} (${columns});`)
  folder.write(
    'cql/0001-rows.cql',
    ['CREATE TABLE names (key text PRIMARY KEY, name text);', ...made].join('\n'),
  )
  const lines = Array.from({ length: 20 }, (_, i) => ({
    ...{ id: `e${i}`, key: `k${i % 4}`, n: 1 + Math.floor(i / 4), shop: `s${i % 3}` },
    ...{ kind: i % 4 === 0 ? 'b' : 'a', items: [`i${i}`], at: start + i * 1000 },
  }))
  const rows = [0, 1, 2].map((i) => ({ key: `k${i}`, id: `u${i}`, at: start + i }))
  const users = rows.map(({ key, id }) => ({ key, id, at: new Date(start).toISOString() }))
  folder.write('events.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  folder.write('users.jsonl', users.map((line) => `${JSON.stringify(line)}\n`).join(''))
  folder.write('others.jsonl', rows.map((line) => `${JSON.stringify(line)}\n`).join(''))
  for (const topic of ['events', 'users', 'others'])
    expect(await folder.run(`produce ${topic} --raw --key key --file ${topic}.jsonl`)).toMatchObject({
      code: 0,
    })
})
afterAll(() => folder.remove())

test.each(cases)('%s', async (name, kind) => {
  const file = `topologies/${name}.yaml`
  folder.write(file, topologyOf(name, kind))
  expect(await folder.run(`run ${file} --until-end --http off`)).toMatchObject({ code: 0 })
  const told = await reconciled(file)
  expect(told.differences).toEqual([])
  if (typeof kind.rows === 'string') {
    const because = kind.rows.replace('GROUP', `k-${name}`)
    expect(told.notCompared).toEqual([{ table: tableOf(name), sink: 'rows', because }])
    expect([told.code, told.tables, told.text.at(-1)]).toEqual([
      3,
      [],
      'No table was compared, and no record is lost.',
    ])
    return
  }
  expect([told.code, told.notCompared]).toEqual([0, []])
  expect(told.tables).toMatchObject([{ expected: kind.rows, found: kind.rows }])
  await removeOne(tableOf(name))
  const after = await reconciled(file)
  expect([after.code, after.tables]).toMatchObject([1, [{ missing: 1, found: kind.rows - 1 }]])
})

function topologyOf(name: string, { node, from = 'out', sink = 'sequence: at' }: Kind): string {
  const json = 'format: json, timestamp: at'
  const out = node.includes('from:') ? node : `${node}, from: events`
  const sources = ['events', 'users', 'others'].filter(
    (topic) => topic === 'events' || node.includes(`${topic}]`) || node.includes(`table: ${topic},`),
  )
  const known = '  known: { type: enrich, from: events, table: names, key: key, as: user }'
  return `
name: k-${name}
description: Rows behind one node.
sources:
${sources.map((topic) => `  ${topic}: { type: topic, topic: ${topic}, ${json} }`).join('\n')}
processors:
${node.includes('from: known') ? known : ''}
  out: { ${out} }
sinks:
  rows: { type: table, from: ${from}, table: ${tableOf(name)}, mode: latest, ${sink} }
errors: { attempts: 2, backoff: { first: 1ms, longest: 2ms }, flood: { share: 1, of: 1000 } }
commit: { every: 20ms }
`
}

async function reconciled(
  file: string,
): Promise<Reconciliation & { readonly code: number; readonly text: readonly string[] }> {
  const [{ code, out, err }, text] = [
    await folder.run(`reconcile ${file} -o json`),
    await folder.run(`reconcile ${file}`),
  ]
  expect([err, text.code]).toEqual([[], code])
  return { ...(JSON.parse(out[0]!) as Reconciliation), code, text: text.out }
}

async function removeOne(table: string): Promise<void> {
  const project = await openProject({ cwd: folder.path })
  try {
    const [row] = project.storedTables.scan(table)
    const { decodeKey } = await import('../../engine/cql/keys.ts')
    const { keyDirections, primaryKey } = await import('../../engine/cql/stored-rows.ts')
    const schema = project.catalogue.tables.get(table)!
    const types = primaryKey(schema).map(({ type }) => type)
    const { values } = decodeKey(types, row!.key, keyDirections(schema))
    project.storedTables.deleteRow(table, { id: values[0] }, Number.MAX_SAFE_INTEGER)
  } finally {
    await project.close()
  }
}
