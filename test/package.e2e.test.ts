// The packed package, installed in another folder: its command runs and its types are found.
import { platformTopologies } from '../cli/demo/platform.ts'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../', import.meta.url))
let folder: string

const run = (command: string, args: string[], cwd = folder) => exec(command, args, { cwd, timeout: 300_000 })

/** Checks the types of a file beside the package. */
function typed(file: string) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const nodeTypes = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
  const noEmit = ['--noEmit', '--allowImportingTsExtensions']
  const options = [...noEmit, '--strict', '--ignoreConfig', '--module', 'nodenext', '--target', 'es2024']
  return run('node', [tsc, ...options, ...nodeTypes, file])
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-package-'))
  await run('npm', ['pack', '--pack-destination', folder], root)
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `./${archive!}`])
}, 600_000)

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('npx millrace --help works', async () => {
  const { stdout } = await run('npx', ['--no-install', 'millrace', '--help'])
  expect(stdout).toContain('millrace')
  expect(stdout).toMatch(/\brun\b/)
  expect(stdout).toMatch(/\bdemo\b/)
}, 300_000)

test('the packed files are the product, and nothing of the tests or the tools', async () => {
  const files = await readdir(join(folder, 'node_modules/millrace'), { recursive: true })
  expect(files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'dist/main.js', 'dist/engine/component/index.d.ts']),
  )
  expect(
    files.filter(
      (name) => /^(dist\/)?(test|bench|tools)\/|\.test\./.test(name) && !name.startsWith('topologies/'),
    ),
  ).toEqual([])
})

test('npx millrace demo works where there is no repository', async () => {
  const { stdout } = await run('npx', ['--no-install', 'millrace', 'demo', '-o', 'json'])
  const told = JSON.parse(stdout) as Record<string, { readonly stored: number }>
  expect(told['audit-store']!.stored).toBeGreaterThan(100)
}, 300_000)

test('npx millrace demo --platform works there too', async () => {
  const { stdout } = await run('npx', [
    ...['--no-install', 'millrace', 'demo', '--platform', '--events', '500', '-o', 'json'],
  ])
  const told = JSON.parse(stdout) as { readonly written: number; readonly summaries: object }
  expect(told.written).toBeGreaterThanOrEqual(500)
  expect(Object.keys(told.summaries)).toHaveLength(platformTopologies.length)
})

test('a project of one’s own: new, lint, test, produce, run', async () => {
  const project = join(folder, 'project')
  // By this folder the project is its own, whatever lies above it.
  await mkdir(join(project, 'schemas'), { recursive: true })
  const millrace = (...words: string[]) => run('npx', ['--no-install', 'millrace', ...words], project)
  await millrace('new', 'topology', 'parcels')
  expect((await millrace('lint', 'topologies/parcels.yaml')).stdout).toContain('Nothing to complain about')
  expect((await millrace('test')).stdout).toMatch(/cases? holds?\.\n$/)
  await writeFile(join(project, 'in.jsonl'), '{"id":"o1","status":"PAID","amount":5}\n')
  await millrace('produce', 'parcels-events', '--raw', '--file', 'in.jsonl')
  const { stdout } = await millrace('run', 'topologies/parcels.yaml', '--until-end', '-o', 'json')
  expect(stdout).toContain('"consumed":1')
})

test("import { openProducer } from 'millrace/producer', with the types of one’s own schemas", async () => {
  const schemas = join(folder, 'schemas')
  await mkdir(join(schemas, 'orders'), { recursive: true })
  const fields = ['eventId', 'orderId'].map((name) => ({ name, type: 'string', doc: 'x' }))
  const amount = { name: 'amount', type: 'long', doc: 'Cents.' }
  await writeFile(
    join(schemas, 'orders/OrderPaid.v1.0.avsc'),
    JSON.stringify({ type: 'record', name: 'OrderPaid', namespace: 'shop', fields: [...fields, amount] }),
  )
  await writeFile(join(schemas, 'catalogue.yaml'), 'topics: { orders: { key: orderId } }\n')
  await run('npx', ['--no-install', 'millrace', 'schemas', 'types'])
  const begin = `import { openProducer } from 'millrace/producer'
import type { RecordTypes } from './schemas/types.ts'
const producer = await openProducer<RecordTypes>({ source: 'test', spool: { folder: 'spool' } })
`
  const right = `console.log(JSON.stringify(await producer.write('shop.OrderPaid', { orderId: 'o', amount: 5 })))`
  await writeFile(join(folder, 'writes.ts'), `${begin}${right}\nawait producer.close()\n`)
  await expect(typed('writes.ts')).resolves.toMatchObject({ stdout: '' })
  const { stdout } = await run('node', ['--disable-warning=ExperimentalWarning', 'writes.ts'])
  expect(JSON.parse(stdout)).toEqual({ topic: 'orders', partition: 0, offset: 0 })

  const wrong = [
    `'shop.OrderPayd', { orderId: 'o', amount: 5 }`,
    `'shop.OrderPaid', { orderId: 7, amount: 5 }`,
    `'shop.OrderPaid', { amount: 5 }`,
    `'shop.OrderPaid', { orderId: 'o', amount: 5, extra: 1 }`,
  ].map((words) => `await producer.write(${words})`)
  await writeFile(join(folder, 'writes-wrong.ts'), begin + wrong.join('\n'))
  const refused = await typed('writes-wrong.ts').catch((error: unknown) => error as { stdout: string })
  const places = [...refused.stdout.matchAll(/^writes-wrong\.ts\((\d+),/gm)].map(([, line]) => Number(line))
  expect(places).toEqual([4, 5, 6, 7])
})

test("import { defineProcessor } from 'millrace' runs", async () => {
  const script = "import { defineProcessor } from 'millrace'; console.log(typeof defineProcessor)"
  const { stdout } = await run('node', ['--input-type=module', '--eval', script])
  expect(stdout.trim()).toBe('function')
})

test('a processor that npx millrace new writes runs there, and is typed', async () => {
  const millrace = (...words: string[]) => run('npx', ['--no-install', 'millrace', ...words])
  await millrace('new', 'processor', 'score')
  await writeFile(join(folder, 'in.jsonl'), '{"amount":120}\n')
  await millrace('produce', 'try-score', '--raw', '--file', 'in.jsonl')
  const { stdout } = await millrace('run', 'processors/score.yaml', '--until-end')
  expect(stdout).toContain('{"amount":120,"size":"large"}\n')
  await expect(typed('processors/score.ts')).resolves.toMatchObject({ stdout: '' })
}, 300_000)

test("import { defineProcessor } from 'millrace' is typed", async () => {
  await writeFile(
    join(folder, 'right.ts'),
    `import { defineProcessor } from 'millrace'
type Definition = Parameters<typeof defineProcessor>[0]
export const name: Definition['name'] = 'typed'
`,
  )
  await writeFile(
    join(folder, 'wrong.ts'),
    `import { defineProcessor } from 'millrace'
defineProcessor(42)
`,
  )
  await expect(typed('right.ts')).resolves.toMatchObject({ stdout: '' })
  await expect(typed('wrong.ts')).rejects.toMatchObject({
    stdout: expect.stringMatching(/wrong\.ts.*TS2345/),
  })
}, 300_000)
