import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { keep, keepDone, keptGroups, keptTopic, readKept, refuseOther } from '../../../cli/replay/kept.ts'
import { requestOf } from '../../../cli/replay/request.ts'
import { openEmbedded, type Embedded } from '../../../engine/embedded/embedded.ts'
import { Folder } from '../full-command-line.ts'

let folder: Folder
let store: Embedded
beforeEach(() => {
  folder = new Folder()
  store = openEmbedded(folder.path)
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

const group = 'store.replay.one'

function replay(begun: string, flags: Readonly<Record<string, string | string[]>> = {}) {
  const { name, spec, said } = requestOf({ values: { as: 'one', ...flags } }, 0)
  const bounds = [{ topic: 'orders', partition: 0, start: 3, end: 9, since: 5 }]
  return { topology: 'store', name, begun, spec, said, bounds }
}

test('of several that begin at once the first counts, for all of them', async () => {
  expect(await readKept(store.log, group)).toBeUndefined()
  const all = await Promise.all(['a', 'b', 'c'].map((begun) => keep(store.log, group, replay(begun))))
  expect(new Set(all.map(({ begun }) => begun)).size).toBe(1)
  await keepDone(store.log, group, 'then')
  const kept = await readKept(store.log, group)
  expect(kept).toEqual({ ...all[0]!, done: 'then' })
  expect(kept?.bounds).toEqual(replay('').bounds)
  expect(keptGroups([keptTopic(group), 'store.replay.one.orders.parked', 'orders', 'x.plan'])).toEqual([
    group,
  ])
})

test('when it is removed, the next one counts', async () => {
  await keep(store.log, group, replay('a'))
  await keepDone(store.log, group, 'then')
  await store.log.trim({ topic: keptTopic(group), partition: 0, offset: 2 })
  expect(await readKept(store.log, group)).toBeUndefined()
  expect(await keep(store.log, group, replay('b'))).toMatchObject({ begun: 'b' })
})

test('what a newer Millrace wrote is not guessed at', async () => {
  await store.log.ensureTopic(keptTopic(group))
  const value = Buffer.from('{"version":2}')
  await store.log.append([{ topic: keptTopic(group), key: null, value, headers: [], timestamp: 1 }])
  await expect(readKept(store.log, group)).rejects.toMatchObject({ code: 'REPLAY_REFUSED' })
})

test('flags that are given again are the same, in whatever order; what is not given is as it was', () => {
  const kept = { version: 1 as const, ...replay('a', { from: '2026-10-01', table: ['a=b', 'c=d'] }) }
  const again = (flags: Readonly<Record<string, string | string[]>>) => () =>
    refuseOther(kept, requestOf({ values: { as: 'one', ...flags } }, 0))
  expect(again({})).not.toThrow()
  expect(again({ table: ['c=d', 'a=b'] })).not.toThrow()
  expect(again({ from: '2026-10-02' })).toThrow(/begun with --from 2026-10-01: leave --from 2026-10-02 out/)
  expect(again({ into: 'live' })).toThrow(/begun without --into/)
})

test('names are made of times that stay the same', () => {
  const nameOf = (values: Readonly<Record<string, string>>) =>
    requestOf({ values }, Date.UTC(2026, 0, 1)).name
  expect(nameOf({})).toBe('all')
  expect(nameOf({ from: '2026-10-01' })).toBe('2026-10-01')
  expect(nameOf({ to: '2026-10-01T00:00:00Z' })).toBe('until-2026-10-01')
  expect(nameOf({ from: '2026-10-01T06:30:00+02:00', to: '2026-11-01' })).toBe(
    '2026-10-01T063000p0200-until-2026-11-01',
  )
  expect(() => nameOf({ as: 'a.b' })).toThrow(/cannot be a name/)
  expect(() => nameOf({ to: '2h' })).toThrow(/needs a name/)
})
