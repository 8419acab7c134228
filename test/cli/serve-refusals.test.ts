import { describe, expect, test } from '@jest/globals'
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { ServiceTests, all, issue } from './service-kit.ts'

const kit = new ServiceTests()

describe('a request is refused', () => {
  test('with 401 where nobody says who they are, or wrongly', async () => {
    const good = await kit.key('dlq:read')
    const ended = await issue(kit.keysFile, ['dlq:read'], 'bob', Date.now() - 1)
    const service = kit.serve()
    const { headers, detail } = await service.refused('/v1/dlq/keys', {}, 401)
    expect(detail).toMatch(/^Credentials are missing/)
    expect(headers.get('www-authenticate')).toBe('Bearer realm="millrace"')
    const changed = good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A')
    for (const wrong of [changed, 'x', 'mk_', `${good}x`, good.toUpperCase()]) {
      const refused = await service.refused('/v1/me', { key: wrong }, 401)
      expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
    expect((await service.refused('/v1/me', { key: ended }, 401)).detail).toMatch(/has expired/)
    await service.refused('/v1/dlq/release', { key: ended, body: { topology: 'notes', all: true } }, 401)
    expect(await kit.acts()).toMatchObject([
      {
        phase: 'refused',
        act: 'release',
        by: expect.stringMatching(/^bob \(key /),
        topology: null,
        error: expect.stringContaining('expired'),
      },
    ])
    expect(await kit.project.commands()).toEqual([])
  })

  test('with 403 where the scope is missing, or is for another topology', async () => {
    const reader = await kit.key('dlq:read')
    const other = await kit.key('dlq:release:orders', 'dlq:read:orders', 'dlq:read:stock')
    const service = kit.serve()
    const body = { topology: 'notes', all: true }
    const first = await service.refused('/v1/dlq/release', { key: reader, body }, 403)
    expect(first.detail).toBe('You lack the scope dlq:release.')
    expect(first.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="dlq:release"')
    expect((await service.refused('/v1/dlq/release', { key: other, body }, 403)).detail).toBe(
      'You lack the scope dlq:release for notes.',
    )
    // Also where there is no such topic: what there is is nobody's business.
    await service.refused('/v1/dlq/release', { key: other, body: { ...body, topology: 'nothing' } }, 403)
    await service.refused('/v1/dlq/letters/notes/events/0@0', { key: other }, 403)
    await service.refused('/v1/dlq/keys?topology=notes', { key: other }, 403)
    expect((await service.refused('/v1/dlq/keys', { key: other }, 422)).detail).toMatch(
      /you may read orders, stock/,
    )
    expect((await service.ask('/v1/dlq/topics', { key: other })).body).toEqual({ topics: [] })
    expect((await kit.acts()).map(({ phase, by, topology }) => [phase, by.slice(0, 4), topology])).toEqual([
      ['refused', 'ada ', null],
      ['refused', 'ada ', 'notes'],
      ['refused', 'ada ', 'nothing'],
    ])
    expect(await kit.project.commands()).toEqual([])
  })

  test('with 404, 405, 409, 413, 415 and 422 where it cannot be', async () => {
    const ada = await kit.key(...all)
    const service = kit.serve(
      kit.access('{ access: { keys: file:.millrace/keys.json }, http: { limits: { body: 2KiB } } }'),
    )
    const post = (body: unknown, status: number, path = '/v1/dlq/release', headers = {}) =>
      service.refused(path, { key: ada, body, headers }, status)
    expect((await service.refused('/v2', { key: ada }, 404)).detail).toMatch(/nothing at this address/)
    await service.refused('/v1/dlq/letters/notes/events/0@99', { key: ada }, 404)
    await service.refused('/v1/dlq/letters/notes/other/0@0', { key: ada }, 404)
    expect((await post({ topology: 'notes', key: 'nobody' }, 404)).detail).toMatch(
      /The key "nobody" has no open letters/,
    )
    const wrong = await service.refused('/v1/dlq/release', { key: ada }, 405)
    expect(wrong.headers.get('allow')).toBe('POST')
    expect((await service.refused('/v1/me', { key: ada, method: 'OPTIONS' }, 405)).headers.get('allow')).toBe(
      'GET, HEAD',
    )
    expect((await post({ topology: 'notes', place: '0@0' }, 409)).detail).toMatch(
      /released together, in order/,
    )
    await post({ topology: 'notes', key: 'x'.repeat(3000) }, 413)
    await post('topology=notes', 415, undefined, { 'content-type': 'application/x-www-form-urlencoded' })
    await post('{"topology":"notes","all":true}', 415, undefined, { 'content-type': 'text/plain' })
    await post('{"topology"', 400)
    await post('', 400)
    await post('{"__proto__":{"x":1},"topology":"notes","all":true}', 400)
    const sentences = [
      [{ topology: 'notes' }, 'The body: it needs one of key, place and all.'],
      [{ topology: 'notes', all: true, key: 'a' }, 'The body: it needs one of key, place and all.'],
      [{ topology: 'notes', all: false }, 'The field "all" of the body: expected true.'],
      [{ topology: 'notes', all: true, dryrun: true }, 'The body has no field "dryrun".'],
      [
        { topology: '../etc', all: true },
        'The field "topology" of the body: expected the name of a topology.',
      ],
      [{ all: true }, 'The field "topology" of the body: expected string, received undefined.'],
      [[], 'The body: expected object, received array.'],
    ] as const
    for (const [body, sentence] of sentences) expect((await post(body, 422)).detail).toBe(sentence)
    expect(
      (await post({ topology: 'notes', key: 'order-7', reason: ' ' }, 422, '/v1/dlq/discard')).detail,
    ).toMatch(/expected why/)
    expect((await service.refused('/v1/dlq/keys?limit=0', { key: ada }, 422)).detail).toMatch(
      /"limit" of the query/,
    )
    expect((await service.refused('/v1/dlq/keys?colour=red', { key: ada }, 422)).detail).toBe(
      'The query has no field "colour".',
    )
    expect((await service.refused('/v1/me?x=1', { key: ada }, 422)).detail).toBe(
      'The query has no field "x".',
    )
    expect((await service.refused('/v1/dlq/keys?after=zzz', { key: ada }, 422)).detail).toMatch(/\.$/)
    expect(await kit.project.commands()).toEqual([])
  })

  test('with 429 where there are too many: of one identity, and failed logins of one address', async () => {
    const ada = await kit.key('dlq:read')
    const bob = await issue(kit.keysFile, ['dlq:read'], 'bob')
    const limits = '{ perSecond: 0.001, burst: 3, failedLogins: 4 }'
    const service = kit.serve(
      kit.access(`{ access: { keys: file:.millrace/keys.json }, http: { limits: ${limits} } }`),
    )
    for (let n = 0; n < 3; n++) expect((await service.ask('/v1/me', { key: ada })).status).toBe(200)
    const over = await service.refused('/v1/me', { key: ada }, 429)
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(900)
    expect((await service.ask('/v1/me', { key: bob })).status).toBe(200)
    for (let n = 0; n < 4; n++) await service.refused('/v1/me', { key: 'guess' }, 401)
    const { detail } = await service.refused('/v1/me', { key: 'guess' }, 429)
    expect(detail).toMatch(/^Too many logins of this address have failed: try again in \d+ s\.$/)
    // Not even who has a key is looked at: the address waits.
    await service.refused('/v1/me', { key: bob }, 429)
    expect((await service.ask('/healthz')).status).toBe(200)
  })

  test('with a problem where it is no HTTP at all, or its head is too large', async () => {
    await kit.key('dlq:read')
    const service = kit.serve()
    const port = Number(new URL(await service.url()).port)
    const raw = async (text: string) => {
      const socket = connect(port, '127.0.0.1')
      socket.write(text)
      return textOf(socket)
    }
    expect(await raw('HELLO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*"status":400/s)
    expect(await raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    )
  })
})
