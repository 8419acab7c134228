import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { ServiceTests, all } from './service-kit.ts'

const kit = new ServiceTests()

describe('an address', () => {
  test('with TLS speaks nothing else', async () => {
    const ada = await kit.key('dlq:read')
    const at = (name: string): string => join(kit.project.folder, name)
    const made = spawnSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
      ].concat([
        '-addext',
        'subjectAltName=DNS:localhost,IP:127.0.0.1',
        '-keyout',
        at('tls.key'),
        '-out',
        at('tls.pem'),
      ]),
    )
    expect(made.status).toBe(0)
    const service = kit.serve(
      kit.access(
        '{ access: { keys: file:.millrace/keys.json }, http: { tls: { certificate: tls.pem, key: file:tls.key } } }',
      ),
    )
    const url = await service.url()
    expect(url).toMatch(/^https:/)
    const [status, body, hsts] = await new Promise<[number, string, unknown]>((resolve, reject) => {
      tlsRequest(
        `${url}/v1/me`,
        { ca: readFileSync(at('tls.pem')), headers: { authorization: `Bearer ${ada}` } },
        (reply) =>
          void textOf(reply).then((text) =>
            resolve([reply.statusCode!, text, reply.headers['strict-transport-security']]),
          ),
      )
        .on('error', reject)
        .end()
    })
    expect([status, (JSON.parse(body) as { name: string }).name, hsts]).toEqual([
      200,
      'ada',
      'max-age=31536000',
    ])
    await expect(fetch(`${url.replace('https:', 'http:')}/healthz`)).rejects.toThrow()
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })

  test.each([
    [[], /^millrace: Nobody could be let in: make a key with millrace keys new/, 1],
    [['--without-identity', '--http', '0.0.0.0:0'], /--without-identity is for this machine alone/, 2],
    [['--http', 'off'], /--http off would serve nothing/, 2],
    [['extra'], /serve has no use for "extra"/, 2],
  ])('%j is refused', async (flags, sentence, code) => {
    const service = kit.serve(flags)
    expect(await service.ended()).toBe(code)
    expect(service.lines.join('\n')).toMatch(sentence)
  })

  test('that others can reach wants TLS, or a proxy that has it', async () => {
    await kit.key('dlq:read')
    const open = kit.serve(['--http', '0.0.0.0:0'])
    expect(await open.ended()).toBe(1)
    expect(open.lines.join('\n')).toMatch(/would carry keys and tokens for everybody to read: give http\.tls/)
    const contradicting = kit.serve(['--without-identity'])
    expect(await contradicting.ended()).toBe(2)
    const behind = kit.serve([
      ...kit.access('{ access: { keys: file:.millrace/keys.json }, http: { proxies: [127.0.0.1] } }'),
      ...['--http', '0.0.0.0:0'],
    ])
    await behind.url()
    const local = (await behind.url()).replace('0.0.0.0', '127.0.0.1')
    const reply = await fetch(`${local}/v1/me`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
    expect(reply.status).toBe(401)
    expect(behind.lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { message: 'request', from: '203.0.113.9', status: 401 },
    ])
  })

  test('without identities is this machine’s own, by its own names', async () => {
    const service = kit.serve(['--without-identity'])
    expect(await service.ask('/v1/me')).toMatchObject({ status: 200, body: { kind: 'open', scopes: all } })
    expect(service.lines[0]).toMatch(/^millrace: nobody is asked who they are/)
    const { port } = new URL(await service.url())
    const status = await new Promise((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path: '/v1/me', headers: { host: 'evil.test' } }, (reply) =>
        resolve(reply.statusCode),
      )
        .on('error', reject)
        .end()
    })
    expect(status).toBe(403)
  })

  test('that is in use is one sentence', async () => {
    await kit.key('dlq:read')
    const { port } = new URL(await kit.serve().url())
    const second = kit.serve(['--http', `127.0.0.1:${port}`])
    expect(await second.ended()).toBe(1)
    expect(second.lines).toEqual([
      expect.stringMatching(/^millrace: HTTP port 127\.0\.0\.1:\d+ is in use: choose another one/),
    ])
  })
})
