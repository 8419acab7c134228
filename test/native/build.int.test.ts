// librdkafka from the cache, with the real build of this checkout: `make native` has made it.
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { store } from '../../native/build-cache.ts'
import { builtFiles, findRdkafka, nativeFolder, type RdkafkaPackage } from '../../native/build-layout.ts'
import { cacheEntry, provideLibrdkafka, tryLoading } from '../../native/build-librdkafka.ts'

const real = findRdkafka(nativeFolder())!
const has = tryLoading(real)!
const wanted = ['zstd', 'sasl_gssapi'].filter((feature) => has.includes(feature))
let folder: string
let copy: RdkafkaPackage
let env: NodeJS.ProcessEnv
let entry: string

/** node-rdkafka as npm lays it out, not built; npm itself takes a note and fails. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-restore-'))
  copy = { ...real, folder: join(folder, 'node_modules', 'node-rdkafka') }
  await mkdir(copy.folder, { recursive: true })
  for (const name of ['package.json', 'lib', 'librdkafka.js'])
    await cp(join(real.folder, name), join(copy.folder, name), { recursive: true })
  for (const name of ['bindings', 'file-uri-to-path'])
    await symlink(join(dirname(real.folder), name), join(folder, 'node_modules', name))
  await mkdir(join(folder, 'bin'))
  await writeFile(
    join(folder, 'bin', 'npm'),
    '#!/bin/sh\necho "npm $*, JOBS=$JOBS"\necho no such luck >&2\nexit 3\n',
  )
  await chmod(join(folder, 'bin', 'npm'), 0o755)
  env = {
    ...process.env,
    XDG_CACHE_HOME: join(folder, 'cache'),
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    JOBS: '8',
  }
  entry = cacheEntry(copy, wanted, env)
  await mkdir(dirname(entry), { recursive: true })
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

function provide() {
  const probe = {
    command: () => true,
    header: (path: string) => (path === 'zstd.h' ? wanted.includes('zstd') : wanted.includes('sasl_gssapi')),
  }
  return provideLibrdkafka({ rdkafka: copy, probe, log: join(folder, 'log', 'npm.log'), say: () => {}, env })
}

test('this checkout has been built', () => {
  expect(has).toEqual(expect.arrayContaining(['ssl', 'sasl_scram']))
})

test('a cached build is restored, loads, and is remembered', async () => {
  await store(entry, real.folder, builtFiles())
  expect(await provide()).toEqual({ from: 'cache', features: has })
  expect(tryLoading(copy)).toEqual(has)
  expect((await provide()).from).toBe('built before')
})

test('a build that is there goes into the cache', async () => {
  for (const file of builtFiles()) await cp(join(real.folder, file), join(copy.folder, file))
  expect((await provide()).from).toBe('built before')
  await rm(join(copy.folder, 'build'), { recursive: true })
  expect((await provide()).from).toBe('cache')
})

test('what was remembered does not hide a build that has changed since', async () => {
  await store(entry, real.folder, builtFiles())
  await provide()
  await writeFile(join(copy.folder, builtFiles()[0]!), 'damaged')
  expect((await provide()).from).toBe('cache')
  expect(tryLoading(copy)).toEqual(has)
})

test('a damaged entry is thrown away, and librdkafka is built from its sources', async () => {
  await store(entry, real.folder, builtFiles())
  await writeFile(join(entry, builtFiles()[0]!), 'damaged')
  await expect(provide()).rejects.toThrow(
    /^librdkafka could not be built; .*npm\.log says why and ends with:\n\nnpm run install, JOBS=\nno such luck\n$/,
  )
  expect(await readdir(dirname(entry))).toEqual([])
})

test('without an entry librdkafka is built from its sources, one job at a time, and the log is kept', async () => {
  await expect(provide()).rejects.toThrow('librdkafka could not be built')
  expect(await readFile(join(folder, 'log', 'npm.log'), 'utf8')).toBe(
    'npm run install, JOBS=\nno such luck\n',
  )
})

test('two restores at once both succeed', async () => {
  await store(entry, real.folder, builtFiles())
  const results = await Promise.all([provide(), provide()])
  expect(results.map((result) => result.features)).toEqual([has, has])
})
