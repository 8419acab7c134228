import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { ServiceTests, all, issue, type Request } from './service-kit.ts'

const kit = new ServiceTests()

interface Keys {
  readonly keys: {
    readonly key: string | null
    readonly openLetters: number
    readonly requested: string | null
  }[]
  readonly more: string | null
}

describe('reading', () => {
  test('lists keys, page by page, as dlq list does', async () => {
    const ada = await kit.key('dlq:read')
    const service = kit.serve()
    const { status, body } = await service.ask<Keys>('/v1/dlq/keys', { key: ada })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      more: null,
      keys: [{ key: 'order-7', openLetters: 3 }, { key: 'order-9' }, { key: null }],
    })
    expect(body.keys).toEqual(JSON.parse((await kit.project.dlq('list', '-o', 'json')).out[0]!))
    const seen: (string | null)[] = []
    let after = ''
    for (let pages = 0; pages < 3; pages++) {
      const page = await service.ask<Keys>(`/v1/dlq/keys?limit=1${after}`, { key: ada })
      seen.push(...page.body.keys.map((one) => one.key))
      after = `&after=${encodeURIComponent(page.body.more ?? '')}`
      expect(page.body.more === null).toBe(pages === 2)
    }
    expect(seen).toEqual(['order-7', 'order-9', null])
    expect((await service.ask<Keys>('/v1/dlq/keys?text=ROW%2011', { key: ada })).body.keys).toMatchObject([
      { key: 'order-9' },
    ])
    expect(
      (await service.ask<Keys>('/v1/dlq/keys?since=2027-01-01T00:00:00Z', { key: ada })).body.keys,
    ).toEqual([])
  })

  test('shows a letter, the parked topics, and who one is', async () => {
    const ada = await kit.key('dlq:read', 'dlq:release:notes')
    const service = kit.serve()
    const letter = await service.ask('/v1/dlq/letters/notes/events/0@0', { key: ada })
    expect(letter).toMatchObject({
      status: 200,
      body: { state: 'open', record: 'events/0@10', value: { n: 1 } },
    })
    expect(letter.body).toEqual(JSON.parse((await kit.project.dlq('show', '0@0', '-o', 'json')).out[0]!))
    expect((await service.ask('/v1/dlq/topics', { key: ada })).body).toEqual({
      topics: [{ topology: 'notes', topic: 'events', partitions: 2 }],
    })
    expect((await service.ask('/v1/me', { key: ada })).body).toEqual({
      ...{ kind: 'key', id: ada.slice(3, 15), name: 'ada', expires: null },
      scopes: ['dlq:read', 'dlq:release:notes'],
    })
  })

  test('says what there is to ask for, and how it is, to anybody', async () => {
    await kit.key('dlq:read')
    const service = kit.serve()
    const document = readFileSync(join(import.meta.dirname, '../../docs/reference/openapi.json'), 'utf8')
    expect((await service.ask('/v1/openapi.json')).body).toEqual(JSON.parse(document))
    expect(await service.ask('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect(await service.ask('/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect(await service.ask('/healthz', { method: 'HEAD' })).toMatchObject({ status: 200, body: {} })
  })

  test('comes with what browsers are to be told, and with an id', async () => {
    const ada = await kit.key('dlq:read')
    const service = kit.serve()
    const { headers } = await service.ask('/v1/me', {
      key: ada,
      headers: { 'x-request-id': 'deploy-0042', origin: 'http://evil.test' },
    })
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-request-id': 'deploy-0042',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    const other = await service.ask('/v1/me', { key: ada, headers: { 'x-request-id': 'a\tb c' } })
    expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('acts', () => {
  test('are asked for, once at a time, and written down', async () => {
    const ada = await kit.key(...all)
    const service = kit.serve()
    const release = { topology: 'notes', key: 'order-7' }
    const done = await service.ask('/v1/dlq/release', { key: ada, body: release })
    expect(done).toMatchObject({
      status: 202,
      body: { act: 'release', topic: 'events', keys: 1, letters: 3, dryRun: false },
    })
    expect(await kit.project.commands()).toMatchObject([
      { act: 'release', key: 'order-7', by: expect.stringMatching(/^ada \(key [0-9a-f]{12}\)$/) },
    ])
    const discard = { topology: 'notes', topic: 'events', place: '0@1', reason: 'sent twice' }
    expect(await service.ask('/v1/dlq/discard', { key: ada, body: discard })).toMatchObject({
      status: 202,
      body: { letters: 1 },
    })
    expect((await kit.project.commands()).at(-1)).toMatchObject({
      act: 'discard',
      reason: 'sent twice',
      letters: [1],
    })
    const by = `ada (key ${ada.slice(3, 15)})`
    expect(await kit.acts()).toMatchObject([
      {
        phase: 'begun',
        act: 'release',
        topology: 'notes',
        by,
        via: 'http',
        from: '127.0.0.1',
        letters: 3,
        selection: { key: 'order-7' },
      },
      { phase: 'done', id: done.body['id'], letters: 3 },
      { phase: 'begun', act: 'discard', reason: 'sent twice' },
      { phase: 'done', letters: 1 },
    ])
    expect(service.acts()).toMatchObject([
      {
        act: 'release',
        topology: 'notes',
        by,
        from: '127.0.0.1',
        result: 'done',
        letters: 3,
        id: done.body['id'],
      },
      { act: 'discard', result: 'done' },
    ])
    expect(service.lines.join('\n')).not.toMatch(/order-7|mk_[0-9a-f]{12}_/)
  })

  test('as dry runs change nothing, and leave no trace', async () => {
    const ada = await kit.key(...all)
    const service = kit.serve()
    for (const [act, body] of [
      ['release', { topology: 'notes', all: true, dryRun: true }],
      ['discard', { topology: 'notes', key: 'order-7', reason: 'x', dryRun: true }],
    ] as const)
      expect(await service.ask(`/v1/dlq/${act}`, { key: ada, body })).toMatchObject({
        status: 200,
        body: { dryRun: true, id: null },
      })
    expect(await kit.project.commands()).toEqual([])
    expect(await kit.acts()).toEqual([])
  })

  test('that are asked for at once are done once: the others are told', async () => {
    const ada = await kit.key(...all)
    const service = kit.serve()
    const body = { topology: 'notes', key: 'order-7' }
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => service.ask('/v1/dlq/release', { key: ada, body })),
    )
    expect(replies.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409])
    expect(await kit.project.commands()).toHaveLength(1)
    expect((await kit.acts()).filter(({ phase }) => phase === 'refused')).toHaveLength(5)
    expect(service.acts().filter(({ result }) => result === 'refused')).toHaveLength(5)
    // A discard of what waits for its release is another wish.
    expect((await service.ask('/v1/dlq/discard', { key: ada, body: { ...body, reason: 'no' } })).status).toBe(
      202,
    )
  })

  test('with an Idempotency-Key are done once, and answered the same', async () => {
    const ada = await kit.key(...all)
    const eve = await issue(kit.keysFile, all, 'eve')
    const service = kit.serve()
    const body = { topology: 'notes', key: 'order-7' }
    const send = (more: Request = {}) =>
      service.ask('/v1/dlq/release', { key: ada, body, headers: { 'idempotency-key': 'abc' }, ...more })
    const first = await send()
    expect(first).toMatchObject({ status: 202 })
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    const again = await send()
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([
      202,
      first.body,
      'true',
    ])
    expect(await kit.project.commands()).toHaveLength(1)
    const other = {
      key: ada,
      body: { topology: 'notes', key: 'order-9' },
      headers: { 'idempotency-key': 'abc' },
    }
    const { detail } = await service.refused('/v1/dlq/release', other, 422)
    expect(detail).toMatch(/Idempotency-Key was used for another request/)
    // Somebody else's key is another one, and what failed may be tried again.
    expect((await send({ key: eve })).status).toBe(409)
    expect((await send({ key: eve, body: { topology: 'notes', key: 'order-9' } })).status).toBe(202)
    await service.refused(
      '/v1/dlq/release',
      { key: ada, body, headers: { 'idempotency-key': 'ä'.repeat(2) } },
      400,
    )
  })
})

describe('tokens', () => {
  test('are let in by their subject and scopes', async () => {
    const secret = 'a secret of the issuer, 32 bytes and more'
    const issuer = '{ issuer: https://login.test, audience: millrace, secret: env:JWT }'
    const service = kit.serve(kit.access(`access: { tokens: [${issuer}] }`), { JWT: secret })
    const token = (payload: object, text = secret) =>
      new SignJWT({ iss: 'https://login.test', aud: 'millrace', sub: 'carol', ...payload })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('1m')
        .sign(Buffer.from(text))
    const carol = await token({ scope: 'openid dlq:release:notes' })
    const body = { topology: 'notes', key: 'order-7' }
    expect((await service.ask('/v1/dlq/release', { key: carol, body })).status).toBe(202)
    expect(await kit.acts()).toMatchObject([{ by: 'carol (token https://login.test)' }, {}])
    await service.refused('/v1/dlq/keys', { key: carol }, 403)
    await service.refused('/v1/me', { key: await token({}, `${secret}!`) }, 401)
    await service.refused('/v1/me', { key: await kit.key('dlq:read') }, 401)
  })
})

test('a service that is stopped answers what is under way, and ends', async () => {
  const ada = await kit.key(...all)
  const service = kit.serve()
  await service.url()
  const replies = Array.from({ length: 4 }, () => service.ask('/v1/dlq/keys', { key: ada }))
  await replies[0]
  const code = service.stop()
  for (const reply of await Promise.allSettled(replies))
    if (reply.status === 'fulfilled') expect([200, 503]).toContain(reply.value.status)
  expect(await code).toBe(0)
  await expect(service.ask('/healthz')).rejects.toThrow()
})
