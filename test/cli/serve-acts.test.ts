// Replays, edits and acts that go on, over HTTP and through the real engine.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { join } from 'node:path'
import { Folder } from './full-command-line.ts'
import { OrderStore } from './order-store.ts'
import { all, issue, TestService } from './service-kit.ts'

jest.setTimeout(60_000)

let folder: Folder
let store: OrderStore
let service: TestService
let ada: string

beforeEach(async () => {
  folder = new Folder()
  store = new OrderStore(folder)
  await store.begin()
  ada = await key(...all)
  service = new TestService(folder.path, ['--project', '.'])
  await service.url()
})
afterEach(async () => {
  expect(await service.stop()).toBe(0)
  folder.remove()
})

const key = (...scopes: string[]) => issue(join(folder.path, '.millrace', 'keys.json'), scopes)

const { order } = OrderStore

const post = (act: string, body: object) =>
  service.ask(`/v1/dlq/${act}`, { key: ada, body: { topology: 'store', ...body } })

const refused = (act: string, body: object, status: number, who = ada) =>
  service.refused(`/v1/dlq/${act}`, { key: who, body: { topology: 'store', ...body } }, status)

/** So many that at one a second nobody waits for their end. */
const followers = Array.from({ length: 60 }, (_, n) => `f${n}`)

/** Discards what is open, and lets the worker do it. */
async function discardAll(more: readonly string[] = []): Promise<void> {
  if (more.length > 0) {
    await store.produce(...more.map((id) => order(id, 'c1')))
    expect(await store.run()).toEqual([])
  }
  const letters = 3 + more.length
  expect(await post('discard', { key: 'c1', reason: 'no' })).toMatchObject({ status: 202, body: { letters } })
  expect(await store.run()).toEqual([])
}

test('letters are counted', async () => {
  const { status, body } = await service.ask('/v1/dlq/stats?topology=store', { key: ada })
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      total: { open: 3, released: 0, discarded: 0 },
      groups: [
        {
          topology: 'store',
          node: 'good',
          code: 'RECORD_INVALID',
          type: 'shop.Order',
          open: 3,
          followers: 2,
        },
      ],
      days: [{ open: 3 }],
    },
  })
})

describe('a replay', () => {
  test('writes what was discarded once more, and the engine takes it once', async () => {
    await refused('replay', { place: '0@0' }, 409)
    await discardAll()
    store.knows('OPEN, LOST')
    expect(await post('replay', { dryRun: true })).toMatchObject({
      status: 200,
      body: { letters: 3, to: 'orders', id: null },
    })
    expect(await post('replay', { most: 1 })).toMatchObject({
      status: 202,
      body: { letters: 1, state: 'done' },
    })
    expect(await post('replay', {})).toMatchObject({ status: 202, body: { letters: 3, state: 'done' } })
    expect(await store.run()).toEqual(['o1', 'o2', 'o4'])
    expect(await store.run()).toEqual([])
  })

  test('goes on after its request was answered, is looked after, and stops when it is asked to', async () => {
    await discardAll(followers)
    const begun = await post('replay', { rate: 1 })
    const { id } = begun.body as { id: string }
    expect(begun).toMatchObject({ status: 202, body: { letters: 63, state: 'running' } })
    // Beside it nothing else is done to these letters.
    expect((await refused('replay', {}, 409)).detail).toContain(id)
    const look = () => service.ask<{ state: string; done: number }>(`/v1/dlq/acts/${id}`, { key: ada })
    expect((await look()).body).toMatchObject({
      id,
      act: 'replay',
      topology: 'store',
      topic: 'orders',
      letters: 63,
    })
    const stopped = await service.ask<{ done: number; last: string }>(`/v1/dlq/acts/${id}/stop`, {
      key: ada,
      method: 'POST',
    })
    expect(stopped).toMatchObject({ status: 200, body: { state: 'stopped' } })
    const { done, last } = stopped.body
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(63)
    expect(await post('replay', { after: last })).toMatchObject({
      body: { letters: 63 - done, state: 'done' },
    })
    store.knows('OPEN, LOST')
    expect(await store.run()).toEqual(['o1', 'o2', 'o4', ...followers])
    expect(service.acts().map(({ act, result, letters }) => [act, result, letters])).toEqual([
      ['discard', 'done', 63],
      ['replay', 'refused', 0],
      ['replay', 'stopped', done],
      ['replay', 'done', 63 - done],
    ])
  })

  test('that is under way when the service is stopped says how far it came', async () => {
    await discardAll(followers)
    expect(await post('replay', { rate: 1 })).toMatchObject({ status: 202, body: { state: 'running' } })
    expect(await service.stop()).toBe(0)
    expect(service.acts().at(-1)).toMatchObject({ act: 'replay', result: 'stopped' })
    service = new TestService(folder.path, ['--project', '.'])
    await service.url()
  })

  test('into another topic wants the scope for all topologies', async () => {
    const made = await folder.run('produce other --raw --project . --file orders.jsonl')
    expect(made).toMatchObject({ code: 0, err: [] })
    const own = await key('dlq:replay:store')
    expect((await refused('replay', { to: 'other' }, 403, own)).detail).toMatch(/for all topologies/)
    expect(await post('replay', { to: 'other' })).toMatchObject({
      status: 202,
      body: { letters: 3, to: 'other' },
    })
    await refused('replay', { to: 'store.orders.parked' }, 422)
    await refused('replay', { to: 'nowhere' }, 404)
    await refused('replay', { to: 'nowhere' }, 403, own)
  })
})

describe('an edit', () => {
  test('takes the place of an open letter’s value: its key is released, in order', async () => {
    const value = { id: 'o1', customer: 'c1', state: 'OPEN' }
    expect((await refused('edit', { place: '0@0', value: { ...value, state: 7 } }, 422)).detail).toMatch(
      /edited value is refused/,
    )
    expect(await post('edit', { place: '0@0', value, dryRun: true })).toMatchObject({
      status: 200,
      body: { letters: 3 },
    })
    expect(await store.run()).toEqual([])
    expect(await post('edit', { place: '0@0', value, reason: 'see INC-42' })).toMatchObject({
      status: 202,
      body: { state: 'done' },
    })
    expect(await store.run()).toEqual(['o1', 'o2', 'o4'])
    await refused('edit', { place: '0@0', value }, 409)
  })
})

test('an act that this service did not begin is not known to it, and another scope shows none', async () => {
  const path = '/v1/dlq/acts/00000000-0000-4000-8000-000000000000'
  await service.refused(path, { key: ada }, 404)
  await service.refused('/v1/dlq/acts/x', { key: ada }, 422)
  const { body } = await post('release', { key: 'c1', rate: 1 })
  const other = await key('dlq:read:others', 'dlq:release:others')
  await service.refused(`/v1/dlq/acts/${String(body['id'])}`, { key: other }, 403)
  await service.refused(`/v1/dlq/acts/${String(body['id'])}/stop`, { key: other, method: 'POST' }, 403)
})
