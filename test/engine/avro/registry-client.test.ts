import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { RegistryClient } from '../../../engine/avro/registry-client.ts'
import {
  defaultTuning,
  type RegistrySettings,
  type RegistryTuning,
} from '../../../engine/avro/registry-settings.ts'
import { secretOf } from '../../../engine/component/contracts/secret.ts'
import { FakeRegistry, fakeTuning, rejection, settingsFor } from './registry-fake.ts'

const open: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function fake(): Promise<FakeRegistry> {
  const registry = await FakeRegistry.open()
  open.push(registry)
  return registry
}

function clientOf(settings: RegistrySettings | string, tuning: Partial<RegistryTuning> = {}): RegistryClient {
  const whole = typeof settings === 'string' ? settingsFor(settings) : settings
  const client = new RegistryClient(whole, { ...defaultTuning, ...tuning })
  open.push(client)
  return client
}

describe('the calls', () => {
  test('a schema by id, a version, versions, subjects', async () => {
    const registry = await fake()
    const references = [{ name: 'a.B', subject: 'b', version: 1 }]
    registry.add('s/1 ä', '"int"')
    registry.add('s/1 ä', '"long"', { references })
    registry.add('other', '{}', { schemaType: 'JSON' })
    const client = clientOf(`${registry.url}/`)
    expect(await client.schemaById(2)).toEqual({ type: 'AVRO', text: '"long"', references })
    expect(await client.schemaById(3)).toEqual({ type: 'JSON', text: '{}', references: [] })
    expect(await client.schemaById(9)).toBeUndefined()
    expect(await client.version('s/1 ä', 'latest')).toMatchObject({ id: 2, version: 2 })
    expect(await client.version('s/1 ä', 1)).toMatchObject({ id: 1, version: 1, text: '"int"' })
    expect(await client.version('s/1 ä', 3)).toBeUndefined()
    expect(await client.version('none', 'latest')).toBeUndefined()
    expect(await client.versions('s/1 ä')).toEqual([1, 2])
    expect(await client.versions('none')).toEqual([])
    expect(await client.subjects()).toEqual(['s/1 ä', 'other'])
    expect(registry.seen[0]!.path).toBe('/schemas/ids/2')
  })

  test('looking up and registering', async () => {
    const registry = await fake()
    const client = clientOf(registry.url)
    expect(await client.lookup('s', '"int"', true)).toBeUndefined()
    expect(await client.register('s', '"int"')).toBe(1)
    expect(await client.lookup('s', '"int"', false)).toBe(1)
    expect(await client.lookup('s', '"long"', false)).toBeUndefined()
    expect(registry.seen.map(({ path }) => path)).toEqual([
      '/subjects/s?normalize=true',
      '/subjects/s/versions?normalize=true',
      '/subjects/s?normalize=false',
      '/subjects/s?normalize=false',
    ])
    // Newer fields (metadata, rule sets) are not understood by every registry.
    expect(registry.seen[1]!.body).toEqual({ schema: '"int"' })
  })

  test('a version that is not compatible, or not valid', async () => {
    const registry = await fake()
    const client = clientOf(registry.url)
    const message = 'org.some.RuleException: Incompatible:\n\treader lacks a default for y'
    registry.answer = () => ({ status: 409, body: { error_code: 409, message } })
    const refused = await rejection(client.register('s', '"int"'))
    expect(refused).toMatchObject({ kind: 'fatal', code: 'SCHEMA_REFUSED' })
    expect(refused.message).toMatch(
      /^The new version of subject s is not compatible .* \(409: Incompatible: reader lacks a default for y\): change it/,
    )
    registry.answer = () => ({ status: 422, body: { error_code: 42201, message: 'Invalid schema' } })
    expect(await rejection(client.register('s', '{'))).toMatchObject({
      code: 'SCHEMA_REFUSED',
      message: expect.stringContaining('was refused'),
    })
  })
})

describe('a registry that is away', () => {
  const away = [408, 425, 429, 500, 502, 503, 504]

  test.each(away)('status %d is downstream, and leaves the registry alone for a while', async (status) => {
    const registry = await fake()
    const { state, tuning } = fakeTuning()
    const client = clientOf(registry.url, tuning)
    registry.answer = () => ({ status, body: '<html>' })
    const first = await rejection(client.schemaById(1))
    expect(first).toMatchObject({ kind: 'downstream', code: 'REGISTRY_UNAVAILABLE' })
    expect(first.message).toContain(`${registry.url}: ${status}`)
    expect(first.facts).toEqual({ retryInMs: 250 })
    registry.answer = () => undefined
    expect(await rejection(client.schemaById(1))).toMatchObject({ message: first.message })
    expect(registry.seen).toHaveLength(1)
    state.now += 250
    expect(await client.schemaById(1)).toBeUndefined()
  })

  test('the wait doubles up to its limit, and begins anew after an answer', async () => {
    const registry = await fake()
    const { state, tuning } = fakeTuning({ backoffMs: [100, 1000] })
    const client = clientOf(registry.url, tuning)
    const waits: unknown[] = []
    registry.answer = () => ({ status: 503 })
    for (let n = 0; n < 6; n++) {
      const { facts } = await rejection(client.subjects())
      waits.push(facts['retryInMs'])
      state.now += Number(facts['retryInMs'])
    }
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000])
    registry.answer = () => undefined
    await client.subjects()
    registry.answer = () => ({ status: 503 })
    expect((await rejection(client.subjects())).facts).toEqual({ retryInMs: 100 })
  })

  test('chance shortens the wait by half at most', async () => {
    const registry = await fake()
    registry.answer = () => ({ status: 503 })
    const client = clientOf(registry.url, fakeTuning({ random: () => 0 }).tuning)
    expect((await rejection(client.subjects())).facts).toEqual({ retryInMs: 125 })
  })

  test('requests that fail together count once', async () => {
    const registry = await fake()
    registry.answer = () => ({ status: 503 })
    const client = clientOf(registry.url, fakeTuning().tuning)
    await Promise.all([1, 2, 3, 4].map((id) => rejection(client.schemaById(id))))
    expect((await rejection(client.schemaById(5))).facts).toEqual({ retryInMs: 250 })
  })

  test('of a thousand requests at once, eight find out for all that it is away', async () => {
    const registry = await fake()
    registry.answer = () => ({ status: 503 })
    const client = clientOf(registry.url, fakeTuning().tuning)
    const ids = Array.from({ length: 1000 }, (_, id) => id)
    const all = await Promise.all(ids.map((id) => rejection(client.schemaById(id))))
    expect(all.every(({ code }) => code === 'REGISTRY_UNAVAILABLE')).toBe(true)
    expect(registry.seen).toHaveLength(8)
  })

  test('Retry-After, in seconds and as a date', async () => {
    const registry = await fake()
    const retryAfter = async (value: string): Promise<unknown> => {
      registry.answer = () => ({ status: 429, headers: { 'retry-after': value } })
      return (await rejection(clientOf(registry.url, fakeTuning().tuning).subjects())).facts['retryInMs']
    }
    expect(await retryAfter('7')).toBe(7000)
    expect(await retryAfter('0')).toBe(250)
    expect(await retryAfter('86400')).toBe(300_000)
    expect(await retryAfter('soon')).toBe(250)
    const date = Number(await retryAfter(new Date(Date.now() + 120_000).toUTCString()))
    expect(date).toBeGreaterThan(60_000)
    expect(date).toBeLessThanOrEqual(120_000)
  })

  test('refused, cut and silent connections', async () => {
    const registry = await fake()
    const { tuning } = fakeTuning({ timeoutMs: 50 })
    registry.answer = () => 'cut'
    const cut = await rejection(clientOf(registry.url, tuning).schemaById(1))
    expect(cut).toMatchObject({ kind: 'downstream', message: expect.stringContaining('ECONNRESET') })
    registry.answer = () => 'hang'
    const silent = await rejection(clientOf(registry.url, tuning).schemaById(1))
    expect(silent).toMatchObject({
      kind: 'downstream',
      message: expect.stringContaining('no answer within 0.05 s'),
    })
    const { url } = registry
    await registry.close()
    const refused = await rejection(clientOf(url, fakeTuning({ timeoutMs: 30_000 }).tuning).schemaById(1))
    expect(refused).toMatchObject({ kind: 'downstream', message: expect.stringContaining('ECONNREFUSED') })
  })

  test('the next node is asked, and stays the first to be asked', async () => {
    const [one, two] = [await fake(), await fake()]
    two.add('s', '"int"')
    const { state, tuning } = fakeTuning()
    const client = clientOf(`${one.url}, ${two.url}`, tuning)
    one.answer = () => ({ status: 500 })
    expect(await client.schemaById(1)).toMatchObject({ text: '"int"' })
    expect(await client.schemaById(1)).toBeDefined()
    state.now += 60_000
    expect(await client.schemaById(1)).toBeDefined()
    expect([one.seen.length, two.seen.length]).toEqual([1, 3])
    two.answer = () => ({ status: 502 })
    one.answer = () => undefined
    expect(await client.schemaById(1)).toBeUndefined()
    one.answer = () => ({ status: 503 })
    const both = await rejection(client.schemaById(1))
    expect(both.message).toContain(`${one.url}: 503; ${two.url}: 502`)
  })
})

describe('what is no registry', () => {
  const page = '<!DOCTYPE html><title>Sign in</title>'
  test.each([
    ['a web page', { status: 200, body: page }, '200, a web page'],
    ['nothing', { status: 204, body: '' }, '204, nothing'],
    [
      'another path',
      { status: 404, body: { title: 'no such path', status: 404 } },
      '404, no answer of a registry',
    ],
    [
      'a redirect to a login',
      { status: 302, headers: { location: 'https://sso.example/login?token=abc' } },
      '302, a redirect to https://sso.example/login)',
    ],
    ['another 4xx', { status: 400, body: 'The plain HTTP request was sent to HTTPS port' }, '400, no answer'],
  ])('%s', async (_, answer, reason) => {
    const registry = await fake()
    registry.answer = () => answer
    const client = clientOf(registry.url, fakeTuning().tuning)
    const error = await rejection(client.schemaById(1))
    expect(error).toMatchObject({ kind: 'fatal', code: 'REGISTRY_REFUSED' })
    expect(error.message).toContain(
      `What answers at registry.url ${registry.url} is no schema registry (${reason}`,
    )
    expect(registry.seen).toHaveLength(1)
  })

  test('once it has proved itself, a web page is a passing trouble', async () => {
    const registry = await fake()
    const client = clientOf(registry.url, fakeTuning().tuning)
    expect(await client.subjects()).toEqual([])
    registry.answer = () => ({ status: 404, body: 'default backend' })
    expect(await rejection(client.subjects())).toMatchObject({ kind: 'downstream' })
  })

  test('a server that does not speak HTTP', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('220 mail.example\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push(server)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await rejection(clientOf(url).subjects())).toMatchObject({
      kind: 'fatal',
      message: expect.stringContaining('it does not speak HTTP'),
    })
  })

  test.each([401, 403])('status %d is fatal', async (status) => {
    const registry = await fake()
    registry.answer = () => ({ status, body: { error_code: status, message: 'No.' } })
    const bare = await rejection(clientOf(registry.url).subjects())
    expect(bare).toMatchObject({ kind: 'fatal', code: 'REGISTRY_REFUSED' })
    expect(bare.message).toContain(`denies access (${status}: No.): give registry.username`)
    const given = settingsFor(registry.url, { username: 'u', password: secretOf('hunter2') })
    const error = await rejection(clientOf(given).subjects())
    expect(error.message).toContain('correct registry.username')
    expect(JSON.stringify(error) + error.message).not.toContain('hunter2')
  })

  test('answers that lack what they should have', async () => {
    const registry = await fake()
    registry.answer = () => ({ status: 200, body: { id: 'seven' } })
    const client = clientOf(registry.url)
    expect(await rejection(client.schemaById(1))).toMatchObject({
      message: expect.stringContaining('without a schema'),
    })
    expect(await rejection(client.lookup('s', '"int"', false))).toMatchObject({
      message: expect.stringContaining('without "id"'),
    })
  })

  test('an answer larger than the limit', async () => {
    const registry = await fake()
    registry.add('s', JSON.stringify('x'.repeat(2000)))
    const client = clientOf(registry.url, { maxBytes: 1000 })
    expect(await rejection(client.schemaById(1))).toMatchObject({
      kind: 'permanent',
      code: 'AVRO_SCHEMA_INVALID',
      message: expect.stringContaining('larger than 1000 bytes'),
    })
  })
})

describe('access', () => {
  test('basic and bearer', async () => {
    const registry = await fake()
    await clientOf(settingsFor(registry.url, { username: 'ann', password: secretOf('pä:ss') })).subjects()
    await clientOf(settingsFor(registry.url, { token: secretOf('abc') })).subjects()
    await clientOf(registry.url).subjects()
    const basic = Buffer.from('ann:pä:ss').toString('base64')
    expect(registry.seen.map(({ authorization }) => authorization)).toEqual([
      `Basic ${basic}`,
      'Bearer abc',
      undefined,
    ])
  })

  test.each([
    ['ftp://x', {}, 'registry.url is a list of http:// or https:// URLs'],
    ['http://one,', {}, 'registry.url is a list of http:// or https:// URLs'],
    ['http://ann:hunter2@one', {}, 'registry.url (one) holds credentials'],
    ['http://one', { password: secretOf('hunter2') }, 'registry.password comes without a username'],
    ['http://one', { username: 'u', token: secretOf('hunter2') }, 'registry has a token and a username'],
    [
      'https://one',
      { tls: { ca: 'no PEM', certificate: 'neither', verify: true } },
      'registry.tls cannot be used',
    ],
  ])('%s %j is refused', (url, more, sentence) => {
    const make = () => new RegistryClient(settingsFor(url, more), defaultTuning)
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', kind: 'fatal' }))
    expect(make).toThrow(sentence)
    expect(make).not.toThrow('hunter2')
  })
})

test('TLS to a port without it', async () => {
  const plain = await fake()
  expect(await rejection(clientOf(plain.url.replace('http:', 'https:')).subjects())).toMatchObject({
    kind: 'fatal',
    message: expect.stringContaining('does not speak TLS'),
  })
})
