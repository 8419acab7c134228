import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from '../../cli/command-line/command.ts'
import { command as describeCommand } from '../../cli/describe.ts'
import { command as explainCommand } from '../../cli/explain.ts'
import { projectFacts } from '../../cli/lint/facts.ts'
import { command as lintCommand } from '../../cli/lint.ts'
import { processors } from '../../processors/index.ts'
import { sinks } from '../../sinks/index.ts'
import { sources } from '../../sources/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-lint-'))
  await mkdir(join(folder, 'schemas', 'orders'), { recursive: true })
  await mkdir(join(folder, 'cql'))
  await mkdir(join(folder, 'topologies'))
  await mkdir(join(folder, 'elsewhere'))
  const user = { type: 'record', name: 'User', fields: [{ name: 'id', type: 'string' }] }
  const fields = [
    { name: 'orderId', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'user', type: ['null', user], default: null },
    { name: 'tags', type: { type: 'map', values: 'string' } },
  ]
  const order = { type: 'record', name: 'Order', namespace: 'shop', fields }
  await writeFile(join(folder, 'schemas', 'orders', 'Order.v1.avsc'), JSON.stringify(order))
  await writeFile(
    join(folder, 'schemas', 'catalogue.yaml'),
    'topics: { orders: { key: orderId, rate: 100 } }\n',
  )
  await writeFile(
    join(folder, 'cql', '0001-orders.cql'),
    'CREATE TABLE orders (at timestamp, order_id text, total text, PRIMARY KEY (order_id, at));',
  )
  await topology('good', 'orders', '# lint-allow ML006 totals come later')
  await topology('wrong', 'ordrs', '# orders')
  await writeFile(join(folder, 'topologies', 'broken.yaml'), 'name: x\nsource: {}\n')
})
afterAll(() => rm(folder, { recursive: true }))

async function topology(name: string, table: string, comment: string): Promise<void> {
  const text = `name: ${name}
sources: { in: { type: topic, topic: orders, schema: shop.Order, timestamp: at } }
sinks:
  rows: { type: table, from: in, table: ${table} } ${comment}
`
  await writeFile(join(folder, 'topologies', `${name}.yaml`), text)
}

async function run(command: Command, positionals: string[], values: Record<string, string | boolean> = {}) {
  const lines: string[] = []
  const code = await command.run({
    positionals,
    values,
    registry: { sources, processors, sinks },
    out: (line) => lines.push(line),
    err: () => undefined,
    cwd: folder,
    env: {},
    signal: new AbortController().signal,
  })
  return { code, text: lines.join('\n') }
}

describe('lint', () => {
  test('takes schemas and tables from the project around the file', async () => {
    expect(await run(lintCommand, ['topologies/good.yaml'])).toEqual({
      code: 0,
      text: 'Nothing to complain about in 1 file.',
    })
    const { code, text } = await run(lintCommand, ['topologies/wrong.yaml'])
    expect(code).toBe(1)
    expect(text).toContain(
      'wrong.yaml:4:34: error ML003: No migration creates the table "ordrs": there are orders.',
    )
  })

  test('tells of files that cannot be planned in the same way, and goes on with the others', async () => {
    const files = ['topologies/broken.yaml', 'topologies/none.yaml', 'topologies/good.yaml']
    const { code, text } = await run(lintCommand, files, { output: 'json' })
    const { files: reports, errors } = JSON.parse(text) as {
      files: { findings: { code: string; line: number }[] }[]
      errors: number
    }
    expect(code).toBe(2)
    expect(errors).toBe(4)
    expect(
      reports.map(({ findings }) => findings.map((finding) => `${finding.code}:${finding.line}`)),
    ).toEqual([['CONFIG_INVALID:1', 'CONFIG_INVALID:1', 'CONFIG_INVALID:2'], ['CONFIG_UNREADABLE:1'], []])
  })

  test('places errors of migrations where they are', async () => {
    const other = join(folder, 'other')
    await mkdir(join(other, 'cql'), { recursive: true })
    await writeFile(join(other, 'cql', '0001-bad.cql'), 'CREATE TABEL x;')
    const { code, text } = await run(lintCommand, ['topologies/good.yaml'], { project: 'other' })
    expect(code).toBe(1)
    expect(text).toMatch(/^other\/cql\/0001-bad\.cql:1:8: error CQL_/)
  })

  test('counts warnings as errors where that is wanted', async () => {
    const text =
      'name: w\nsources: { in: { type: topic, topic: a, format: json } }\nsinks: { out: { type: console, from: in } }\nerrors: { then: skip }\n'
    await writeFile(join(folder, 'topologies', 'warned.yaml'), text)
    expect((await run(lintCommand, ['topologies/warned.yaml'])).code).toBe(0)
    expect((await run(lintCommand, ['topologies/warned.yaml'], { strict: true })).code).toBe(1)
  })

  test('fails on what it is told to fail on', async () => {
    const text = 'name: f\nsources: { in: { type: topic, topic: a, format: json, timestamp: at } }\n'
    const nodes =
      'processors: { u: { type: dedupe, from: in, by: id, window: 7d } }\nsinks: { out: { type: console, from: u } }\n'
    await writeFile(join(folder, 'topologies', 'informed.yaml'), text + nodes)
    const codeFor = async (values: Record<string, string>) =>
      (await run(lintCommand, ['topologies/informed.yaml'], values)).code
    expect(await codeFor({})).toBe(0)
    expect(await codeFor({ 'fail-on': 'warning' })).toBe(0)
    expect(await codeFor({ 'fail-on': 'info' })).toBe(1)
    await expect(codeFor({ 'fail-on': 'warnin' })).rejects.toMatchObject({
      code: 'USAGE',
      message: '--fail-on warnin is no severity: did you mean warning?',
    })
  })

  test('takes a folder for the topologies in it, without their cases', async () => {
    const project = join(folder, 'many')
    await mkdir(join(project, 'topologies'), { recursive: true })
    await mkdir(join(project, 'empty'))
    const text =
      'name: m\nsources: { in: { type: topic, topic: a, format: json } }\nsinks: { out: { type: console, from: in } }\n'
    for (const name of ['a.yaml', 'b.yml', 'a.test.yaml', 'notes.txt'])
      await writeFile(join(project, 'topologies', name), text)
    const { text: said } = await run(lintCommand, ['many', 'many/topologies/a.yaml'], { output: 'json' })
    const { files } = JSON.parse(said) as { files: { file: string }[] }
    expect(files.map(({ file }) => file)).toEqual(['many/topologies/a.yaml', 'many/topologies/b.yml'])
    await expect(run(lintCommand, ['many/empty'])).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('explains a rule', async () => {
    const { code, text } = await run(lintCommand, [], { explain: 'ml012' })
    expect(code).toBe(0)
    expect(text).toContain('# ML012: A window over the time of the record')
    expect(text).toContain('## The same, mended')
    const { text: said } = await run(lintCommand, [], { explain: 'ML012', output: 'json' })
    expect(JSON.parse(said)).toMatchObject({ code: 'ML012', severity: 'info' })
    for (const [other, title] of [
      ['ML000', 'A lint-allow that allows nothing'],
      ['mc002', 'State stays behind under another name'],
    ] as const)
      expect((await run(lintCommand, [], { explain: other })).text).toContain(`: ${title}\n\nSeverity: **`)
    for (const unknown of ['ML01', 'MC100', 'x'])
      await expect(run(lintCommand, [], { explain: unknown })).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('needs a format that there is', async () => {
    await expect(run(lintCommand, ['x'], { output: 'xml' })).rejects.toMatchObject({ code: 'USAGE' })
  })
})

test('the facts of a project', async () => {
  const facts = await projectFacts(folder, folder)
  expect(facts.schemas()).toEqual(['shop.Order'])
  expect(facts.tables()).toEqual(['orders'])
  expect(facts.topic('orders')).toEqual({ key: 'orderId', rate: 100 })
  expect(facts.table('orders')!.columns.map(({ name, kind }) => [name, kind])).toEqual([
    ['order_id', 'partition'],
    ['at', 'clustering'],
    ['total', 'regular'],
  ])
  const fields = facts.schemaFields('shop.Order')!.fields!
  expect(fields.get('at')).toEqual({ type: 'long', logical: 'timestamp-millis' })
  expect(fields.get('user')!.fields!.has('id')).toBe(true)
  expect(fields.get('tags')!.open).toBe(true)
  expect(facts.named('good')).toEqual([join(folder, 'topologies', 'good.yaml')])
  const none = await projectFacts(join(folder, 'elsewhere'), folder)
  expect(none.named('good')).toEqual([])
  expect([none.schemas(), none.tables(), none.topic('orders')]).toEqual([undefined, undefined, undefined])
})

describe('describe and explain', () => {
  test.each([
    ['text', /^good\n\nin \(topic source, orders, shop\.Order\)\n└─ rows/],
    ['mermaid', /^flowchart LR\n/],
    ['dot', /^digraph "good" \{[^]*\n\}$/],
    ['svg', /^<svg [^]*<\/svg>$/],
    ['json', /^\{\n {2}"name": "good"/],
  ])('describe -o %s', async (output, expected) => {
    const { code, text } = await run(describeCommand, ['topologies/good.yaml'], { output })
    expect(code).toBe(0)
    expect(text).toMatch(expected)
  })

  test.each([
    ['text', /^End to end\n\n {2}in to rows\n[^]*\n\nWhat good guarantees/],
    ['json', /^\{\n {2}"name": "good",\n {2}"ends": \[[^]*\n {2}"statements"/],
  ])('explain -o %s', async (output, expected) => {
    const { code, text } = await run(explainCommand, ['topologies/good.yaml'], { output })
    expect(code).toBe(0)
    expect(text).toMatch(expected)
  })

  test('describe tells of components, and lists them', async () => {
    const { text } = await run(describeCommand, ['dedupe'])
    expect(text).toMatch(/^# dedupe \(processor\)\n[^]*\| `window` \|[^]*\n## Examples\n/)
    expect((await run(describeCommand, ['topic'])).text).toMatch(/^# topic \(source\)[^]*\n# topic \(sink\)/)
    const { text: list } = await run(describeCommand, ['components'])
    expect(list).toMatch(/^sources\n[^]*\n {2}topic +Reads [^]*\nprocessors\n[^]*\n {2}dedupe +Lets /)
    await expect(run(describeCommand, ['dedupe'], { output: 'svg' })).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('a plain word is a topology of topologies/', async () => {
    expect((await run(describeCommand, ['good'])).text).toMatch(/^good\n/)
    expect((await run(lintCommand, ['good'])).text).toBe('Nothing to complain about in 1 file.')
  })

  test('take one file that can be planned', async () => {
    await expect(run(describeCommand, [])).rejects.toMatchObject({ code: 'USAGE' })
    await expect(run(explainCommand, ['a', 'b'])).rejects.toMatchObject({ code: 'USAGE' })
    await expect(run(explainCommand, ['topologies/broken.yaml'])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})
