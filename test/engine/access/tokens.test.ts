import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
  type JWTPayload,
} from 'jose'
import { openAuthenticator } from '../../../engine/access/authenticator.ts'
import type { TokenIssuer } from '../../../engine/access/settings.ts'

const start = Date.UTC(2026, 10, 21)
let now = start
const seconds = () => Math.floor(now / 1000)
const secret = 'a secret that is long enough: 32!'

interface Signer {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: object
}

async function signer(kid: string, alg = 'ES256'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } }
}

const claims = (more: JWTPayload = {}): JWTPayload => ({
  ...{ iss: 'https://login.test', aud: 'millrace', sub: 'ada', exp: seconds() + 60 },
  scope: 'dlq:read dlq:release:orders',
  ...more,
})

const sign = ({ kid, alg, privateKey }: Signer, payload = claims()) =>
  new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(privateKey)

const signSecret = (payload: JWTPayload, text = secret, alg = 'HS256') =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(Buffer.from(text))

let folder: string
let first: Signer
let second: Signer
let server: Server
/** What the issuer answers; undefined = it is away. */
let published: object[] | undefined
let asked = 0
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-tokens-'))
  first = await signer('first')
  second = await signer('second')
  server = createServer((request, response) => {
    asked++
    if (request.url === '/redirect') response.writeHead(302, { location: '/' }).end()
    else if (published === undefined) response.writeHead(503).end()
    else response.end(JSON.stringify({ keys: published }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

const base = {
  issuer: 'https://login.test',
  audience: ['millrace', 'millrace-2'],
  skewMs: 5000,
  algorithms: ['RS256', 'ES256', 'EdDSA'],
} as const

const bySecret: TokenIssuer = {
  ...base,
  algorithms: ['HS256'],
  verifyBy: { kind: 'secret', secret: { reveal: () => secret } },
}
const byKeys = (at = url): TokenIssuer => ({
  ...base,
  verifyBy: { kind: 'keys', place: { kind: at.startsWith('http') ? 'url' : 'file', at } },
})

async function door(issuer: TokenIssuer) {
  const opened = await openAuthenticator({ tokens: [issuer] }, () => now)
  return async (token: string): Promise<string> => {
    const verdict = await opened.verdictOn(`Bearer ${token}`)
    return verdict.outcome === 'known' ? 'known' : `${verdict.outcome}: ${verdict.sentence}`
  }
}

describe('a token that is signed with a secret', () => {
  test('is let in with its subject and scopes', async () => {
    const opened = await openAuthenticator({ tokens: [bySecret] }, () => now)
    const token = await signSecret(claims({ scp: ['dlq:replay'], aud: ['other', 'millrace-2'] }))
    expect(await opened.verdictOn(`Bearer ${token}`)).toEqual({
      outcome: 'known',
      identity: {
        ...{ kind: 'token', id: 'https://login.test', name: 'ada' },
        scopes: ['dlq:read', 'dlq:release:orders', 'dlq:replay'],
        expires: (seconds() + 60) * 1000,
      },
    })
  })

  test.each<[string, JWTPayload, RegExp]>([
    ['ended', { exp: seconds() - 6 }, /^refused: The token has expired/],
    ['never ends', { exp: undefined as unknown as number }, /claim exp is missing/],
    ['is not valid yet', { nbf: seconds() + 60 }, /not valid yet/],
    ['is for others', { aud: 'other' }, /another audience/],
    ['is for nobody', { aud: undefined as unknown as string }, /another audience|claim aud/],
    ['has no subject', { sub: undefined as unknown as string }, /claim sub is missing/],
    ['has an empty subject', { sub: '' }, /names no subject/],
    ['has a subject of two lines', { sub: 'ada\nroot' }, /names no subject/],
    ['is of another issuer', { iss: 'https://evil.test' }, /issuer that is not known/],
    ['has no issuer', { iss: undefined as unknown as string }, /issuer that is not known/],
  ])('and %s is refused', async (_, change, sentence) => {
    const payload = claims(change)
    for (const [name, value] of Object.entries(payload)) if (value === undefined) delete payload[name]
    expect(await (await door(bySecret))(await signSecret(payload))).toMatch(sentence)
  })

  test('may be a little late, as clocks are', async () => {
    const say = await door(bySecret)
    expect(await say(await signSecret(claims({ exp: seconds() - 4 })))).toBe('known')
    expect(await say(await signSecret(claims({ nbf: seconds() + 4 })))).toBe('known')
  })

  test('with another secret, another algorithm, none, or no form at all is refused', async () => {
    const say = await door(bySecret)
    expect(await say(await signSecret(claims(), `${secret}!`))).toMatch(/signature of the token is not right/)
    expect(await say(await signSecret(claims(), secret.repeat(2), 'HS512'))).toMatch(
      /algorithm that is not allowed/,
    )
    expect(await say(new UnsecuredJWT(claims()).encode())).toMatch(/^refused: /)
    const [head, body] = (await signSecret(claims())).split('.')
    expect(await say(`${head}.${body}.`)).toMatch(/^refused: /)
    expect(await say('a.b.c')).toMatch(/neither a key of Millrace nor/)
    const changed = Buffer.from(JSON.stringify(claims({ sub: 'root' }))).toString('base64url')
    const [, , signature] = (await signSecret(claims())).split('.')
    expect(await say(`${head}.${changed}.${signature}`)).toMatch(/signature of the token is not right/)
  })
})

describe('a token that is signed with a key', () => {
  test.each(['RS256', 'ES256', 'EdDSA'])('by %s is let in', async (alg) => {
    const one = await signer('one', alg)
    const path = join(folder, `${alg}.json`)
    await writeFile(path, JSON.stringify({ keys: [first.jwk, one.jwk] }))
    expect(await (await door(byKeys(path)))(await sign(one))).toBe('known')
  })

  test('by an algorithm that is not listed is refused', async () => {
    const one = await signer('one', 'RS256')
    const path = join(folder, 'listed.json')
    await writeFile(path, JSON.stringify({ keys: [one.jwk] }))
    const say = await door({ ...byKeys(path), algorithms: ['ES256'] })
    expect(await say(await sign(one))).toMatch(/algorithm that is not allowed/)
  })

  test('cannot be made of the public key, taken for a secret', async () => {
    published = [first.jwk]
    const say = await door(byKeys())
    const publicText = await exportSPKI(first.publicKey)
    expect(await say(await signSecret(claims(), publicText))).toMatch(/algorithm that is not allowed/)
    expect(await say(await signSecret(claims(), JSON.stringify(first.jwk)))).toMatch(
      /algorithm that is not allowed/,
    )
  })

  test('is let in after the issuer changed its keys, and what it signed with the old one is not', async () => {
    now = start
    published = [first.jwk]
    const say = await door(byKeys())
    expect(await say(await sign(first))).toBe('known')
    published = [second.jwk]
    // Whoever invents keys does not make it ask again and again.
    const before = asked
    for (let n = 0; n < 5; n++) expect(await say(await sign(second))).toMatch(/its issuer does not have/)
    expect(asked).toBe(before)
    now += 30_000
    expect(await say(await sign(second))).toBe('known')
    expect(await say(await sign(first))).toMatch(/its issuer does not have/)
    expect(asked).toBe(before + 1)
  })

  test('is let in while the issuer is away, for an hour after it was heard', async () => {
    now = start
    published = [first.jwk]
    const say = await door(byKeys())
    expect(await say(await sign(first))).toBe('known')
    published = undefined
    now += 59 * 60_000
    expect(await say(await sign(first))).toBe('known')
    now += 60_000
    expect(await say(await sign(first))).toMatch(
      /^unsure: The signing keys of https:\/\/login\.test cannot be had/,
    )
    published = [first.jwk]
    now += 5000
    expect(await say(await sign(first))).toBe('known')
  })

  test('is asked for once where many need it, and not again at once after a failure', async () => {
    now = start
    published = undefined
    const say = await door(byKeys())
    const before = asked
    const tokens = await Promise.all(Array.from({ length: 5 }, () => sign(first)))
    for (const said of await Promise.all(tokens.map(say))) expect(said).toMatch(/^unsure/)
    expect(await say(tokens[0]!)).toMatch(/^unsure/)
    expect(asked).toBe(before + 1)
  })

  test('is not looked for elsewhere: a redirect is no answer', async () => {
    now = start
    published = [first.jwk]
    expect(await (await door(byKeys(`${url}redirect`)))(await sign(first))).toMatch(/^unsure/)
  })
})
