import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openRegistry, type ServerRegistry } from '../../../engine/avro/registry-server.ts'
import type { RegistrySettings, RegistryTuning } from '../../../engine/avro/registry-settings.ts'
import { SchemaCache } from '../../../engine/avro/schema-cache.ts'
import { FakeRegistry, fakeTuning, rejection, settingsFor } from './registry-fake.ts'

let fake: FakeRegistry
let folder = ''
const registries: ServerRegistry[] = []

beforeEach(async () => {
  fake = await FakeRegistry.open()
  folder = await mkdtemp(join(tmpdir(), 'registry-cache-'))
})

afterEach(async () => {
  for (const registry of registries.splice(0)) registry.close()
  await fake.close()
  await rm(folder, { recursive: true, force: true })
})

/** A new life of a worker, on the same disk. */
async function life(tuning: Partial<RegistryTuning> = {}, more: Partial<RegistrySettings> = {}) {
  const settings = settingsFor(fake.url, { cache: folder, ...more })
  const registry = await openRegistry(settings, undefined, tuning)
  registries.push(registry)
  return registry
}

async function files(): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  return names.filter((name) => name.includes('.')).map((name) => join(folder, name))
}

const requests = (): string[] => fake.seen.splice(0).map(({ method, path }) => `${method} ${path}`)

describe('schemas on disk', () => {
  test('serve a start without the registry, also those with references', async () => {
    fake.add('unit', { type: 'enum', name: 'u.U', symbols: ['A'] })
    const references = [{ name: 'u.U', subject: 'unit', version: 1 }]
    const record = { type: 'record', name: 'a.B', fields: [{ name: 'u', type: 'u.U' }] }
    const id = fake.add('t-a.B', record, { references })
    const before = await (await life()).load(id)
    fake.answer = () => 'cut'
    const registry = await life()
    expect((await registry.load(id)).canonical).toBe(before.canonical)
    expect(await rejection(registry.load(id + 1))).toMatchObject({ kind: 'downstream' })
    expect((await files()).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('are compared with the registry’s once, and asked for no more', async () => {
    const ids = [1, 2, 3, 4, 5].map((n) => fake.add('s', { type: 'fixed', name: `a.F${n}`, size: n }))
    const first = await life()
    for (const id of ids) await first.load(id)
    requests()
    const second = await life()
    expect(requests()).toEqual([1, 3, 5].map((id) => `GET /schemas/ids/${id}`))
    for (const id of ids) await second.load(id)
    expect(requests()).toEqual([])
  })

  test.each([
    ['a flipped byte', (bytes: Buffer) => bytes.fill(bytes.at(-3)! ^ 1, bytes.length - 3, bytes.length - 2)],
    ['half a file', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['an empty file', () => Buffer.alloc(0)],
    ['another format', (bytes: Buffer) => Buffer.from(bytes.toString().replace('schemas 1', 'schemas 2'))],
    ['something else', () => Buffer.from('what is this?\n{}')],
  ])('%s counts as none, and is fetched anew', async (_, damage) => {
    const id = fake.add('s', { type: 'fixed', name: 'a.F', size: 3 })
    await (await life()).load(id)
    const [path] = await files()
    const whole = await readFile(path!)
    await writeFile(path!, damage(Buffer.from(whole)))
    requests()
    const registry = await life()
    expect((await registry.load(id)).fullName).toBe('a.F')
    expect(requests()).toEqual([`GET /schemas/ids/${id}`])
    expect(await readFile(path!)).toEqual(whole)
  })

  test('belong to one registry and one key, whatever their files are called', async () => {
    const troubles: string[] = []
    const cache = new SchemaCache(folder, 'http://one', (sentence) => troubles.push(sentence))
    await cache.write('id', '7', { text: '"int"' })
    expect(await cache.read('id', '7')).toEqual({ text: '"int"' })
    const [path] = await files()
    await writeFile(path!.replace('id-7', 'id-8'), await readFile(path!))
    expect(await cache.read('id', '8')).toBeUndefined()
    const other = new SchemaCache(folder, 'http://two', (sentence) => troubles.push(sentence))
    expect(await other.read('id', '7')).toBeUndefined()
    await other.write('id', '7', { text: '"long"' })
    const [one, two] = (await files()).filter((name) => name.includes('id-7'))
    await writeFile(one!, await readFile(two!))
    await writeFile(two!, await readFile(one!))
    const left = [await cache.read('id', '7'), await other.read('id', '7')]
    expect(left.filter((value) => value === undefined)).toHaveLength(1)
    expect(troubles).toEqual([])
  })

  test('another registry has a cache of its own, another order of its nodes does not', async () => {
    fake.add('s', '"int"')
    const elsewhere = await FakeRegistry.open()
    const two = `${fake.url},${elsewhere.url}`
    await (await life({}, { url: two })).load(1)
    fake.answer = () => 'cut'
    elsewhere.answer = () => 'cut'
    expect((await (await life({}, { url: `${elsewhere.url}/, ${fake.url}` })).load(1)).fullName).toBe('int')
    expect(await rejection((await life()).load(1))).toMatchObject({ kind: 'downstream' })
    await elsewhere.close()
  })

  test('several processes may write at once', async () => {
    const make = () => new SchemaCache(folder, 'http://one', () => undefined)
    const texts = Array.from({ length: 30 }, (_, n) => 'x'.repeat(1000 + n))
    await Promise.all(texts.map((text) => make().write('latest', 's', text)))
    expect(texts).toContain(await make().read('latest', 's'))
  })

  test('a folder that cannot be written is told of once, and does no harm', async () => {
    fake.add('s', '"int"')
    fake.add('s', '"long"')
    const file = join(folder, 'file')
    await writeFile(file, '')
    await chmod(file, 0o400)
    const { state, tuning } = fakeTuning()
    const registry = await life(tuning, { cache: file })
    expect((await registry.load(1)).fullName).toBe('int')
    expect((await registry.load(2)).fullName).toBe('long')
    expect(state.troubles).toEqual([expect.stringMatching(/^Schemas cannot be kept in .*ENOTDIR/)])
  })
})

describe('a registry that was set up anew', () => {
  const fixed = (name: string) => ({ type: 'fixed', name, size: 4 })

  async function setUpAnew(...schemas: unknown[]): Promise<void> {
    const { port } = fake
    await fake.close()
    fake = await FakeRegistry.open()
    const anew = fake
    await anew.close()
    await anew.listen(port)
    for (const schema of schemas) anew.add('s', schema)
  }

  test('is noticed at the start: what was kept is deleted', async () => {
    fake.add('s', fixed('a.Old'))
    await (await life()).load(1)
    await setUpAnew(fixed('a.New'))
    const { state, tuning } = fakeTuning()
    const registry = await life(tuning)
    expect((await registry.load(1)).fullName).toBe('a.New')
    expect(state.troubles).toEqual([
      expect.stringContaining('as one does that was set up anew: what was kept is deleted.'),
    ])
  })

  test('also where it has none of the ids', async () => {
    fake.add('s', fixed('a.Old'))
    await (await life()).load(1)
    await setUpAnew()
    await life()
    expect(await files()).toEqual([])
  })

  test('but an id that was deleted there is kept here', async () => {
    for (const name of ['a.A', 'a.B', 'a.C']) fake.add('s', fixed(name))
    const first = await life()
    for (const id of [1, 2, 3]) await first.load(id)
    await setUpAnew(fixed('a.A'), fixed('a.B'))
    expect((await (await life()).load(3)).fullName).toBe('a.C')
  })

  test('is fatal where its old schemas are in use already', async () => {
    fake.add('s', fixed('a.Old'))
    fake.add('s', fixed('a.Other'))
    await (await life()).load(1)
    const { state, tuning } = fakeTuning()
    fake.answer = () => 'cut'
    const registry = await life(tuning)
    expect((await registry.load(1)).fullName).toBe('a.Old')
    await setUpAnew(fixed('a.New'), fixed('a.Other'))
    state.now += 60_000
    expect(await rejection(registry.load(2))).toMatchObject({
      kind: 'fatal',
      code: 'SCHEMA_REGISTRY_INVALID',
      message: expect.stringContaining('start again'),
    })
    expect((await (await life()).load(1)).fullName).toBe('a.New')
  })
})
