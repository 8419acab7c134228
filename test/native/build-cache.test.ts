import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import {
  cacheFolder,
  cacheKey,
  discard,
  libc,
  restore,
  store,
  type CacheFacts,
} from '../../native/build-cache.ts'

const facts: CacheFacts = {
  version: '3.6.1',
  features: ['zstd', 'sasl_gssapi'],
  abi: '137',
  platform: 'linux-x64',
  libc: 'glibc-2.36',
}
const files = ['build/deps/library', 'build/Release/addon']
let folder: string
let entry: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-cache-'))
  entry = join(folder, 'cache', 'entry')
  await mkdir(dirname(entry))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** A folder with all files, whose text tells one from the other. */
async function built(name: string): Promise<string> {
  for (const file of files) {
    await mkdir(dirname(join(folder, name, file)), { recursive: true })
    await writeFile(join(folder, name, file), `${name} ${file}`)
  }
  return join(folder, name)
}

const texts = (target: string) => Promise.all(files.map((file) => readFile(join(target, file), 'utf8')))

test('a key tells all facts apart', () => {
  const others: Partial<CacheFacts>[] = [
    { version: '3.6.2' },
    { features: ['zstd'] },
    { features: [] },
    { abi: '138' },
    { platform: 'linux-arm64' },
    { libc: 'musl' },
    { folder: '/elsewhere' },
  ]
  const keys = [facts, ...others.map((other) => ({ ...facts, ...other }))].map(cacheKey)
  expect(new Set(keys).size).toBe(keys.length)
})

test('a key is readable, and the order of features does not matter', () => {
  expect(cacheKey(facts)).toMatch(/^node-rdkafka-3\.6\.1-linux-x64-[0-9a-f]{12}$/)
  expect(cacheKey({ ...facts, features: ['sasl_gssapi', 'zstd'] })).toBe(cacheKey(facts))
})

test('the cache lies where the user keeps caches', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/somewhere' })).toBe('/somewhere/millrace/native')
  expect(cacheFolder({})).toMatch(/\/\.cache\/millrace\/native$/)
  expect(cacheFolder({ XDG_CACHE_HOME: '' })).toBe(cacheFolder({}))
})

test('the libc has a name', () => {
  expect(libc()).toMatch(process.platform === 'linux' ? /^(glibc-\d+\.\d+|musl)$/ : /^\w+$/)
})

test('what was stored is restored, over what was there', async () => {
  await store(entry, await built('one'), files)
  const target = await built('two')
  expect(await restore(entry, target, files)).toBe(true)
  expect(await texts(target)).toEqual(files.map((file) => `one ${file}`))
})

test('a second entry takes the place of the first, and nothing else is left in the cache', async () => {
  await store(entry, await built('one'), files)
  await store(entry, await built('two'), files)
  expect(await texts(entry)).toEqual(files.map((file) => `two ${file}`))
  expect(await readdir(dirname(entry))).toEqual(['entry'])
})

test('an entry that lacks a file is no entry, and nothing of it is copied', async () => {
  await store(entry, await built('one'), files)
  await rm(join(entry, files[1]!))
  const target = await built('two')
  expect(await restore(entry, target, files)).toBe(false)
  expect(await texts(target)).toEqual(files.map((file) => `two ${file}`))
})

test('no entry, nothing restored', async () => {
  expect(await restore(entry, join(folder, 'two'), files)).toBe(false)
})

test('a store that fails half-way leaves the entry as it was', async () => {
  await store(entry, await built('one'), files)
  await expect(store(entry, await built('two'), [...files, 'absent'])).rejects.toThrow('ENOENT')
  expect(await texts(entry)).toEqual(files.map((file) => `one ${file}`))
  expect(await readdir(dirname(entry))).toEqual(['entry'])
})

test('several stores and restores at once leave one whole entry and whole files', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const sources = await Promise.all(names.map(built))
  await store(entry, sources[0]!, files)
  const targets = names.map((name) => join(folder, `target-${name}`))
  await Promise.all([
    ...sources.map((source) => store(entry, source, files)),
    ...targets.map((target) => restore(entry, target, files)),
  ])
  const [library, addon] = await texts(entry)
  expect(library!.split(' ')[0]).toBe(addon!.split(' ')[0])
  expect(await readdir(dirname(entry))).toEqual(['entry'])
})

test('what is discarded is gone, also when there was nothing', async () => {
  await store(entry, await built('one'), files)
  await discard(entry)
  await discard(entry)
  expect(await readdir(dirname(entry))).toEqual([])
})
