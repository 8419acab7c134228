// The Kafka client of the packed package: built where it was installed, with the librdkafka of node-rdkafka beside it.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { builtFiles, findRdkafka, nativeFolder } from '../../native/build-layout.ts'

const exec = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
let folder: string

const run = (command: string, args: string[], cwd = folder) => exec(command, args, { cwd, timeout: 300_000 })

const load = `
  const { loadBinding } = await import('./node_modules/millrace/dist/native/load.js')
  try { console.log(loadBinding().version) } catch (error) { console.log(error.message) }`
const tell = async () => (await run('node', ['--input-type=module', '-e', load])).stdout.trim()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-package-'))
  await run('npm', ['pack', '--pack-destination', folder], root)
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `./${archive!}`])
}, 300_000)

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('it says how it is built, and is built and loaded', async () => {
  expect(await tell()).toContain('run `node node_modules/millrace/dist/native/build.js`')

  // As from the cache, of which build.int.test.ts knows more.
  const built = findRdkafka(nativeFolder())!
  for (const file of builtFiles())
    await cp(join(built.folder, file), join(folder, 'node_modules', 'node-rdkafka', file))
  await run('node', ['node_modules/millrace/dist/native/build.js'])

  expect(await tell()).toBe(built.librdkafka)
}, 300_000)

test('the mock cluster, which is for tests, is not in the package', async () => {
  const files = await readdir(join(folder, 'node_modules', 'millrace', 'native'), { recursive: true })
  expect(files).toEqual(expect.arrayContaining(['README.md', 'src', 'src/addon.cc']))
  expect(files.filter((file) => file.includes('mock'))).toEqual([])
})
