// The packed package, installed in another folder: its command runs and its types are found.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
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
  const options = ['--noEmit', '--strict', '--ignoreConfig', '--module', 'nodenext', '--target', 'es2024']
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
