// The sentences of an addon that cannot be loaded, and that they are said. Loading itself: load.int.test.ts.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { libraryName } from '../../native/build-layout.ts'
import { buildCommand, explainLoadFailure, type LoadCircumstances } from '../../native/load.ts'

const exec = promisify(execFile)
const here = { node: 'v24.21.0', platform: 'linux-x64' }

function sentence(message: string, other: Partial<LoadCircumstances> = {}, code?: string): string {
  const error: NodeJS.ErrnoException = new Error(message)
  if (code) error.code = code
  return explainLoadFailure({
    path: '/a/rdkafka.node',
    error,
    built: undefined,
    chosen: false,
    ...here,
    ...other,
  })
}

describe('the sentence for', () => {
  test('an addon that was never built', () => {
    expect(sentence('cannot open shared object file')).toBe(
      'The Kafka client is not built for Node v24.21.0 on linux-x64: run `make native` ' +
        '(3 minutes the first time; the embedded mode works without it).',
    )
  })

  test('an addon that was built for another Node or another machine', () => {
    const expected = (built: string) =>
      `The Kafka client was built for Node ${built}, and this is Node v24.21.0 on linux-x64: run \`make native\` again.`
    expect(sentence('wrong', { built: { ...here, node: 'v22.1.0' } })).toBe(expected('v22.1.0 on linux-x64'))
    expect(sentence('invalid ELF header', { built: { ...here, platform: 'darwin-arm64' } })).toBe(
      expected('v24.21.0 on darwin-arm64'),
    )
  })

  test('a librdkafka that is gone', () => {
    expect(sentence(`${libraryName()}: cannot open shared object file`, { built: here })).toBe(
      `The Kafka client was built, but ${libraryName()} is no longer where node-rdkafka had built it: run \`make native\` again.`,
    )
  })

  test('a platform without recipe', () => {
    expect(sentence('not found', { platform: 'win32-x64' })).toMatch(
      /^There is no Kafka client for win32-x64, only for linux-x64, /,
    )
  })

  test('a process that may not load native code', () => {
    expect(sentence('disabled', {}, 'ERR_DLOPEN_DISABLED')).toMatch(/run it without --no-addons/)
  })

  test('a damaged file', () => {
    expect(sentence('file too short', { built: here })).toBe(
      'The Kafka client cannot be loaded: file too short; run `make native` again.',
    )
  })

  test('a folder that MILLRACE_NATIVE names', () => {
    expect(sentence('no such file', { chosen: true })).toBe(
      'The Kafka client that MILLRACE_NATIVE names, /a/rdkafka.node, cannot be loaded: no such file.',
    )
  })
})

test('an installed package is built by its own script', () => {
  expect(buildCommand('/home/me/shop/node_modules/millrace/dist/native')).toBe(
    'node node_modules/millrace/dist/native/build.js',
  )
  expect(buildCommand('/home/me/millrace/native')).toBe('make native')
})

describe('loadBinding', () => {
  const sources = join(import.meta.dirname, '..', '..', 'native')
  const script = `
    import { loadBinding } from './native/load.ts'
    try { loadBinding() } catch (error) { console.log(error.name + ': ' + error.message) }`
  let folder: string

  const outcome = async (args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env } }
    return (
      await exec(process.execPath, [...args, '--input-type=module', '-e', script], options)
    ).stdout.trim()
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-load-'))
    await mkdir(join(folder, 'native', 'src'), { recursive: true })
    for (const name of await readdir(sources))
      if (/^(build-layout|load)\.ts$/.test(name)) await cp(join(sources, name), join(folder, 'native', name))
    await writeFile(join(folder, 'native', 'src', 'addon.cc'), '')
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  })

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  test('says that nothing was built', async () => {
    expect(await outcome()).toBe(
      `BindingUnavailable: The Kafka client is not built for Node ${process.version} on ${process.platform}-${process.arch}: ` +
        'run `make native` (3 minutes the first time; the embedded mode works without it).',
    )
  })

  test('says that it was built for another Node', async () => {
    await mkdir(join(folder, 'native/build/Release'), { recursive: true })
    await writeFile(join(folder, 'native/build/Release/rdkafka.node'), 'not an addon')
    const stamp = { node: 'v22.1.0', abi: '127', platform: `${process.platform}-${process.arch}`, hash: '' }
    await writeFile(join(folder, 'native/build/Release/built.json'), JSON.stringify(stamp))
    expect(await outcome()).toMatch(/^BindingUnavailable: The Kafka client was built for Node v22\.1\.0 on /)
  })

  test('says that native code is forbidden', async () => {
    expect(await outcome(['--no-addons'])).toMatch(/^BindingUnavailable: .* run it without --no-addons/)
  })

  test('says that the folder of MILLRACE_NATIVE has none', async () => {
    expect(await outcome([], { MILLRACE_NATIVE: '/nowhere' })).toMatch(
      /^BindingUnavailable: The Kafka client that MILLRACE_NATIVE names, \/nowhere\/rdkafka\.node, cannot be loaded: /,
    )
  })
})
