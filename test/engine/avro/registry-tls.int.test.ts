// A registry behind TLS and passwords: a proxy that ends TLS, asks for credentials, and hands on to the real one.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server, type ServerOptions } from 'node:https'
import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { openRegistry, type ServerRegistry } from '../../../engine/avro/registry-server.ts'
import type { RegistrySettings, RegistryTls } from '../../../engine/avro/registry-settings.ts'
import { secretOf } from '../../../engine/component/contracts/secret.ts'
import { makeTls } from '../../support/servers/kafka-tls.ts'
import { sharedRegistry, type SharedRegistry } from '../../support/servers/registry-shared.ts'
import { rejection } from './registry-fake.ts'

const files = ['ca', 'strangerCa', 'brokerPem', 'expiredBrokerPem', 'clientCert', 'clientKey'] as const
let texts: Record<(typeof files)[number], string>
let folder = ''
let registry: SharedRegistry
let id = 0
const open: { close(): unknown }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-tls-'))
  const [tls, shared] = await Promise.all([makeTls(folder), sharedRegistry()])
  const read = async (name: (typeof files)[number]) => [name, await readFile(tls[name], 'utf8')] as const
  texts = Object.fromEntries(await Promise.all(files.map(read))) as typeof texts
  registry = shared
  id = await shared.register('registry-tls', { type: 'fixed', name: 'a.Secret', size: 3 })
})

afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Answers with the base URL. */
async function secured(
  pem: string,
  { expected, ...more }: ServerOptions & { expected?: string } = {},
): Promise<string> {
  const handle = (from: IncomingMessage, to: ServerResponse): void => {
    if (expected !== undefined && from.headers.authorization !== expected) {
      to.writeHead(401, { 'content-type': 'application/json' }).end(
        '{"error_code":401,"message":"Unauthorized"}',
      )
      return
    }
    const { method, headers } = from
    const onward = request(`${registry.url}${from.url}`, { method: method!, headers }, (answer) => {
      to.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(to)
    })
    from.pipe(onward)
  }
  const server: Server = createServer({ key: pem, cert: pem, ...more }, handle)
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  open.push(server)
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

async function opened(url: string, tls: Partial<RegistryTls>, more: Partial<RegistrySettings> = {}) {
  const settings = {
    url,
    subjects: 'record',
    register: true,
    tls: { verify: true, ...tls },
    ...more,
  } as const
  const opened: ServerRegistry = await openRegistry(settings, undefined)
  open.push(opened)
  return opened
}

describe('a registry behind TLS', () => {
  test('with an authority of one’s own, and basic authentication', async () => {
    const expected = `Basic ${Buffer.from('ann:pä:ss').toString('base64')}`
    const url = await secured(texts.brokerPem, { expected })
    const right = await opened(url, { ca: texts.ca }, { username: 'ann', password: secretOf('pä:ss') })
    const schema = await right.load(id)
    expect(schema.fullName).toBe('a.Secret')
    expect(await right.register('registry-tls', schema)).toBe(id)
    const wrong = await opened(url, { ca: texts.ca }, { username: 'ann', password: secretOf('hunter2') })
    const error = await rejection(wrong.load(id))
    expect(error).toMatchObject({ kind: 'fatal', code: 'REGISTRY_REFUSED' })
    expect(error.message).toContain('denies access (401: Unauthorized): correct registry.username')
    expect(error.message).not.toContain('hunter2')
  })

  test('with a client certificate, and a bearer token', async () => {
    const mutual = { ca: texts.ca, requestCert: true, rejectUnauthorized: true }
    const url = await secured(texts.brokerPem, { ...mutual, expected: 'Bearer abc' })
    const certificate = { certificate: texts.clientCert, key: secretOf(texts.clientKey) }
    const right = await opened(url, { ca: texts.ca, ...certificate }, { token: secretOf('abc') })
    expect((await right.load(id)).fullName).toBe('a.Secret')
    const bare = await opened(url, { ca: texts.ca }, { token: secretOf('abc') })
    expect(await rejection(bare.load(id))).toMatchObject({
      kind: 'fatal',
      message: expect.stringMatching(/ALERT.*\): give registry.tls a certificate and key that it trusts/),
    })
  })

  test('whose certificate is another’s, or has run out', async () => {
    const url = await secured(texts.brokerPem)
    const expired = await secured(texts.expiredBrokerPem)
    const refused = async (where: string, ca: string | undefined) =>
      rejection((await opened(where, { ca })).load(id))
    const stranger = await refused(url, texts.strangerCa)
    expect(stranger).toMatchObject({ kind: 'fatal', code: 'REGISTRY_REFUSED' })
    expect(stranger.message).toMatch(
      /^The certificate of .* cannot be trusted \(.*\): give its authority as registry.tls.ca/,
    )
    expect(await refused(url, undefined)).toMatchObject({ kind: 'fatal' })
    expect((await refused(expired, texts.ca)).message).toContain('CERT_HAS_EXPIRED')
    const trusting = await opened(url, { ca: texts.strangerCa, verify: false })
    expect((await trusting.load(id)).fullName).toBe('a.Secret')
  })

  test('whose certificate is not for servers', async () => {
    const { cert, key } = { cert: texts.clientCert, key: texts.clientKey }
    const url = await secured(texts.brokerPem, { cert, key })
    const error = await rejection((await opened(url, { ca: texts.ca })).load(id))
    expect(error).toMatchObject({ kind: 'fatal', message: expect.stringContaining('cannot be trusted') })
  })
})

test('a name that is not in the certificate', async () => {
  const url = (await secured(texts.brokerPem)).replace('localhost', '127.0.0.2')
  const listening = await opened(url, { ca: texts.ca })
  expect(await rejection(listening.load(id))).toMatchObject({
    kind: 'fatal',
    message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
  })
})
