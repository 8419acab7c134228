import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from '@jest/globals'
import { secretOf } from '../../../engine/component/contracts/secret.ts'
import { tokenSource } from '../../../engine/kafka/oauth.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** An endpoint that answers as `answer` says, and remembers what it was asked. */
async function endpoint(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: { authorization: string | undefined; body: string }[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ authorization: request.headers.authorization, body })
      answer(request, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth2/token` }
}

const json = (status: number, body: unknown) => (_: IncomingMessage, response: ServerResponse) => {
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

const settings = (tokenEndpoint: string) =>
  ({
    mechanism: 'OAUTHBEARER',
    tokenEndpoint,
    clientId: 'mill:race',
    clientSecret: secretOf('s%cret'),
    scope: 'kafka read',
  }) as const

const jwt = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`

test('asks with the client credentials, and keeps the token for four fifths of its life', async () => {
  let now = 1_000_000
  const value = jwt({ sub: 'alice' })
  const { asked, url } = await endpoint(json(200, { access_token: value, expires_in: 100 }))
  const source = tokenSource(settings(url), () => now)
  const both = await Promise.all([source.token(), source.token()])
  expect(both).toEqual([
    { value, expiresAt: 1_100_000, principal: 'alice' },
    { value, expiresAt: 1_100_000, principal: 'alice' },
  ])
  now += 79_999
  await source.token()
  expect(asked).toHaveLength(1)
  now += 1
  expect((await source.token()).expiresAt).toBe(now + 100_000)
  expect(asked).toHaveLength(2)
  expect(Object.fromEntries(new URLSearchParams(asked[0]!.body))).toEqual({
    grant_type: 'client_credentials',
    scope: 'kafka read',
  })
  // RFC 6749, section 2.3.1: both are form-encoded first.
  expect(Buffer.from(asked[0]!.authorization!.slice('Basic '.length), 'base64').toString()).toBe(
    'mill%3Arace:s%25cret',
  )
})

test('takes tokens of other kinds, and those whose life nobody tells', async () => {
  const { url } = await endpoint(json(200, { access_token: 'opaque' }))
  expect(await tokenSource(settings(url), () => 5).token()).toEqual({
    value: 'opaque',
    expiresAt: 300_005,
    principal: 'mill:race',
  })
})

describe('a failure', () => {
  test.each([
    [
      'wrong credentials',
      401,
      { error: 'invalid_client', error_description: 'no' },
      'fatal',
      'invalid_client: no',
    ],
    ['a busy endpoint', 429, '', 'downstream', 'status 429'],
    ['a broken endpoint', 503, '<html>', 'downstream', 'status 503'],
    ['another address', 200, '<html>hello</html>', 'fatal', 'without an access_token'],
    ['an empty token', 200, { access_token: '' }, 'fatal', 'without an access_token'],
  ])('of the kind: %s', async (_, status, body, kind, words) => {
    const { url } = await endpoint(json(status, body))
    const error = (await tokenSource(settings(url))
      .token()
      .catch((caught: unknown) => caught)) as Error
    expect(error).toMatchObject({ kind })
    expect(error.message).toContain(words)
    expect(error.message).toContain(url)
    expect(inspect(error, { depth: 9 })).not.toMatch(/s%cret|s%25cret/)
  })

  test('that nobody answers is downstream, and the next asker tries again', async () => {
    const { asked, url } = await endpoint((request) => request.socket.destroy())
    const source = tokenSource(settings(url))
    await expect(source.token()).rejects.toMatchObject({ kind: 'downstream', code: 'KAFKA_AWAY' })
    await expect(source.token()).rejects.toMatchObject({ kind: 'downstream' })
    expect(asked.length).toBeGreaterThanOrEqual(2)
  })

  test('credentials go to no other address', async () => {
    const thief = await endpoint(json(200, { access_token: 'x' }))
    const { url } = await endpoint((_, response) => response.writeHead(307, { location: thief.url }).end())
    await expect(tokenSource(settings(url)).token()).rejects.toThrow()
    expect(thief.asked).toEqual([])
  })
})
