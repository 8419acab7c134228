// The addon that `make native` has built, loaded in processes and threads.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { findRdkafka, libraryName, nativeFolder, outputFolder, readStamp } from '../../native/build-layout.ts'

const exec = promisify(execFile)
const native = nativeFolder()
const load = join(import.meta.dirname, '..', '..', 'native', 'load.ts')
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-load-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function run(script: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const whole = `
    import { Worker } from 'node:worker_threads'
    import { once } from 'node:events'
    const { loadBinding, loadMock } = await import(${JSON.stringify(load)})
    ${script}`
  const options = { cwd: folder, env: { PATH: process.env.PATH, ...env } }
  return (await exec(process.execPath, ['--input-type=module', '-e', whole], options)).stdout.trim()
}

const loadAndTell = "try { loadBinding() } catch (error) { console.log(error.name + ': ' + error.message) }"
const inWorker = `import(${JSON.stringify(load)}).then(({ loadBinding }) => console.log(loadBinding().version))`

test('it is linked with the librdkafka that node-rdkafka bundles', async () => {
  expect(await run('console.log(loadBinding().version)')).toBe(findRdkafka(native)!.librdkafka)
})

test('a thread loads it once', async () => {
  expect(await run('console.log(loadBinding() === loadBinding())')).toBe('true')
})

test('so is the mock cluster', async () => {
  expect(await run('console.log(typeof loadMock())')).toBe('object')
})

test('it loads in workers, one after the other, and in the main thread when they have ended', async () => {
  const script = `
    for (let round = 0; round < 3; round++)
      await once(new Worker(${JSON.stringify(inWorker)}, { eval: true }), 'exit')
    console.log(loadBinding().version)`
  const { librdkafka } = findRdkafka(native)!
  expect((await run(script)).split('\n')).toEqual([librdkafka, librdkafka, librdkafka, librdkafka])
})

test('MILLRACE_NATIVE names another folder; where librdkafka is not to be found from there, one sentence says so', async () => {
  await cp(join(outputFolder(native, 'release'), 'rdkafka.node'), join(folder, 'rdkafka.node'))
  expect(await run(loadAndTell, { MILLRACE_NATIVE: folder })).toBe(
    `BindingUnavailable: The Kafka client was built, but ${libraryName()} is no longer where node-rdkafka had built it: ` +
      'run `make native` again.',
  )
})

test('another librdkafka than it was built with is refused', async () => {
  await cp(join(outputFolder(native, 'release'), 'rdkafka.node'), join(folder, 'rdkafka.node'))
  const stamp = { ...readStamp(outputFolder(native, 'release')), librdkafka: '1.0.0' }
  await writeFile(join(folder, 'built.json'), JSON.stringify(stamp))
  const { folder: rdkafka, librdkafka } = findRdkafka(native)!
  const env = { MILLRACE_NATIVE: folder, LD_LIBRARY_PATH: join(rdkafka, 'build', 'deps') }
  expect(await run(loadAndTell, env)).toBe(
    'BindingUnavailable: The Kafka client was built with librdkafka 1.0.0, but another one of this system, ' +
      `${librdkafka}, was found in its place: run \`make native\` again.`,
  )
})
