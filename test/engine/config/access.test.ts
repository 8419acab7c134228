import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { loadAccessFile } from '../../../engine/config/access-file.ts'
import { defaultHttpSettings } from '../../../engine/config/access.ts'
import { readEnvironmentText } from '../../../engine/config/environment.ts'

const secret = 'canary-secret-of-more-than-32-bytes'
const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-access-'))
  await writeFile(join(folder, 'cert.pem'), pem)
})
afterAll(() => rm(folder, { recursive: true }))

const variables = { JWT: secret, SHORT: 'short', KEYS: '{"version":1,"keys":[]}' }

async function read(text: string) {
  const path = join(folder, 'access.yaml')
  await writeFile(path, text)
  return loadAccessFile(path, variables)
}

async function problems(text: string): Promise<string[]> {
  const message = await read(text).then(
    () => '',
    (error: Error) => error.message,
  )
  expect(message).not.toContain('canary')
  return message.split('\n').map((line) => line.replace(/^.*access\.yaml:/, ''))
}

const everything = `
http:
  listen: '[::1]:9443'
  tls: { certificate: cert.pem, key: file:cert.pem, passphrase: env:SHORT }
  proxies: [10.0.0.0/8, '::1']
  limits: { perSecond: 5, burst: 7, failedLogins: 3, body: 64KiB, time: 5s, connections: 9 }
access:
  keys: file:keys.json
  tokens:
    - { issuer: https://one, audience: millrace, jwks: https://one/keys, algorithms: [ES256] }
    - { issuer: https://two, audience: [a, b], jwks: file:two.json, skew: 1m }
    - { issuer: three, audience: a, secret: env:JWT }
`

describe('the sections http and access', () => {
  test('say what they say, with what they refer to', async () => {
    const { http, access } = await read(everything)
    expect(http).toMatchObject({
      ...{ host: '::1', port: 9443, proxies: ['10.0.0.0/8', '::1'] },
      limits: { perSecond: 5, burst: 7, failedLogins: 3, body: 65_536, time: 5000, connections: 9 },
    })
    expect(http!.tls!.certificate).toBe(pem)
    expect(access).toMatchObject({
      keys: { kind: 'file', path: join(folder, 'keys.json') },
      tokens: [
        {
          ...{ issuer: 'https://one', audience: ['millrace'], algorithms: ['ES256'], skewMs: 30_000 },
          verifyBy: { kind: 'keys', place: { kind: 'url', at: 'https://one/keys' } },
        },
        {
          ...{ audience: ['a', 'b'], algorithms: ['RS256', 'ES256', 'EdDSA'], skewMs: 60_000 },
          verifyBy: { kind: 'keys', place: { kind: 'file', at: join(folder, 'two.json') } },
        },
        { algorithms: ['HS256'], verifyBy: { kind: 'secret' } },
      ],
    })
    const [, , third] = access!.tokens
    expect(third!.verifyBy.kind === 'secret' && third!.verifyBy.secret.reveal()).toBe(secret)
    expect(inspect({ http, access }, { depth: 9 }) + JSON.stringify(access)).not.toContain('canary')
  })

  test('are sections of an environment too', async () => {
    const file = join(folder, 'environments.yaml')
    const config = await readEnvironmentText(file, `kafka: { brokers: [a:1] }${everything}`, variables)
    expect(config.http).toMatchObject({ port: 9443 })
    expect(config.access!.tokens).toHaveLength(3)
  })

  test('without a word are this machine’s alone', () => {
    expect(defaultHttpSettings()).toEqual({
      ...{ host: '127.0.0.1', port: 8480, proxies: [] },
      limits: {
        perSecond: 50,
        burst: 100,
        failedLogins: 20,
        body: 1_048_576,
        time: 30_000,
        connections: 256,
      },
    })
  })

  test('take keys out of a variable', async () => {
    const { access } = await read('access: { keys: env:KEYS }')
    expect(access!.keys!.kind === 'text' && access!.keys!.text.reveal()).toBe(variables.KEYS)
  })
})

describe('what could let anybody in is refused', () => {
  const token = (more: string): string => `access: { tokens: [{ issuer: a, audience: b, ${more} }] }`

  test.each([
    ['access: {}', /needs keys or tokens, or nobody could come in/],
    [token('jwks: http://login.test/keys'), /expected an https:\/\/ address without a user, or file:PATH/],
    [token('jwks: https://ada:canary@login.test/keys'), /expected an https:\/\/ address without a user/],
    [token('skew: 1s'), /it needs one of jwks and secret, and not both/],
    [token('jwks: https://a/b, secret: env:JWT'), /it needs one of jwks and secret, and not both/],
    [token('secret: env:JWT, algorithms: [RS256]'), /what is signed with a secret is HS256/],
    [token('jwks: https://a/b, algorithms: [none]'), /"none"/],
    [token('jwks: https://a/b, algorithms: [HS256]'), /"HS256"/],
    [token('secret: env:SHORT'), /The secret has 5 bytes: HS256 needs 32 at least/],
    [token('secret: canary-of-more-than-thirty-two-bytes'), /expected env:NAME .* or file:PATH/],
    [token('jwks: https://a/b, skew: 1h'), /more than 5m would let expired tokens in/],
    [
      'access: { tokens: [{ issuer: a, audience: b, secret: env:JWT }, { issuer: a, audience: c, secret: env:JWT }] }',
      /named twice/,
    ],
    ['http: { listen: 8080 }', /listen/],
    ['http: { proxies: [10.0.0.0/33] }', /expected an address such as 10\.0\.0\.7/],
    ['http: { proxies: [proxy.test] }', /expected an address such as 10\.0\.0\.7/],
    ['http: { tls: { certificate: cert.pem } }', /key/],
    ['http: { tls: { certificate: cert.pem, key: file:none.pem } }', /There is no file none\.pem/],
    ['kafka: { brokers: [a:1] }', /kafka/],
    ['- a', /This is no access file/],
  ])('%s', async (text, sentence) => {
    expect((await problems(text)).join('\n')).toMatch(sentence)
  })
})
