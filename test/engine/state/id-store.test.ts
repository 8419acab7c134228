import { expect, test } from '@jest/globals'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import { sighting } from '../../../engine/component/contracts/state.ts'
import { createIdStore } from '../../../engine/state/id-store.ts'
import { storeContract } from '../../support/contracts/store-contract.ts'
import { FakeLineage } from '../../support/fake-lineage.ts'
import { idSubject, writeProbe } from './id-subject.ts'

for (const buckets of [1, 4]) {
  const open = (windowMs: number, count: number) =>
    createIdStore({ name: 'unique', windowMs, buckets: count })
  storeContract(`the id store with ${buckets} buckets`, idSubject(open, buckets))
}

const body = 'a body'

function newStore() {
  const store = createIdStore({ name: 'unique', windowMs: 100, buckets: 4 })
  store.advance(1000)
  const lineage = new FakeLineage()
  const see = (id: string, position: number): number => {
    writeProbe(store, id, body)
    return store.see(0, position, lineage, position)
  }
  const commit = (...rows: number[]): readonly StateBlock[] => {
    const { blocks } = store.seal({ has: (_lineage, row) => rows.includes(row) })
    store.committed()
    return blocks
  }
  return { store, lineage, see, commit }
}

function restored(blocks: readonly StateBlock[]) {
  const all = newStore()
  for (const block of blocks) all.store.restore(block)
  return all
}

/** The id of position 1 is stored, forgotten by the record 2 and claimed again by the record 3 from `position`. */
function forgottenAndClaimed(position: number) {
  const all = newStore()
  all.see('id', 1)
  all.lineage.settle(1, 'parked')
  const first = all.commit(1)
  expect(all.store.forget(0, 1, all.lineage, 2)).toBe(true)
  writeProbe(all.store, 'id', body)
  expect(all.store.see(0, position, all.lineage, 3)).toBe(sighting.fresh)
  all.lineage.settle(2, 'stored')
  all.lineage.settle(3, 'stored')
  return { ...all, first }
}

test('all ids of a position are forgotten: a record of several pieces, or one that was edited, has several', () => {
  const all = newStore()
  for (const id of ['one', 'two', 'three']) all.see(id, 1)
  all.see('other', 4)
  all.lineage.settle(1, 'parked')
  all.lineage.settle(4, 'stored')
  const first = all.commit(1, 4)
  expect(all.store.forget(0, 1, all.lineage, 2)).toBe(true)
  expect(all.store.forget(0, 1, all.lineage, 2)).toBe(false)
  all.lineage.settle(2, 'stored')
  const after = restored([...first, ...all.commit(2)])
  expect(['one', 'two', 'three', 'other'].map((id) => after.see(id, 9))).toEqual([
    ...[sighting.fresh, sighting.fresh, sighting.fresh],
    sighting.duplicate,
  ])
})

test.each([1, 9])(
  'a removal and a new claim from position %i in one commit: the claim remains',
  (position) => {
    const { commit, first } = forgottenAndClaimed(position)
    const blocks = [...first, ...commit(2, 3)]
    expect(restored(blocks).see('id', position)).toBe(sighting.replay)
    expect(restored(blocks).see('id', 50)).toBe(sighting.duplicate)
  },
)

test.each([1, 9])(
  'a removal that is committed after a new claim from position %i: the claim remains',
  (position) => {
    const { commit, first, see } = forgottenAndClaimed(position)
    const blocks = [...first, ...commit(3)]
    blocks.push(...commit(2, 3))
    expect(see('id', position)).toBe(sighting.replay)
    expect(restored(blocks).see('id', position)).toBe(sighting.replay)
    expect(restored(blocks).see('id', 50)).toBe(sighting.duplicate)
  },
)

test('a new claim that is committed before its removal, in a bucket that has ended: it alone is restored', () => {
  const { commit, first, see, store, lineage } = forgottenAndClaimed(9)
  const blocks = [...first, ...commit(3)]
  store.advance(1025)
  see('another', 20)
  lineage.settle(20, 'stored')
  blocks.push(...commit(20))
  expect(blocks.map((block) => block.bucket)).toEqual([40, 40, 41])
  const again = restored(blocks)
  expect(again.store.size).toBe(2)
  expect(again.see('id', 9)).toBe(sighting.replay)
  expect(again.see('id', 1)).toBe(sighting.duplicate)
})

test('an id whose record is settled but not sealed is not forgotten yet', () => {
  const { store, lineage, see } = newStore()
  see('id', 1)
  lineage.settle(1, 'parked')
  expect(store.forget(0, 1, lineage, 2)).toBe(false)
})

test('a claim outlives the window while its record is under way, and is stored in the bucket of its seal', () => {
  const { store, lineage, see, commit } = newStore()
  see('slow', 1)
  see('fast', 2)
  lineage.settle(2, 'stored')
  const early = commit(2)
  for (let time = 1000; time <= 1400; time += 25) store.advance(time)
  expect(see('slow', 3)).toBe(sighting.pending)
  expect(see('fast', 4)).toBe(sighting.fresh)
  lineage.settle(1, 'stored')
  const [late] = commit(1)
  expect(early[0]!.bucket).toBe(40)
  expect(late!.bucket).toBe(56)
  store.advance(1499)
  expect(see('slow', 5)).toBe(sighting.duplicate)
})

test('backends are told once which buckets may go, and not before the window is over', () => {
  const { store, lineage, see, commit } = newStore()
  const seal = () => {
    const { expiredBelow } = store.seal({ has: () => false })
    store.committed()
    return expiredBelow
  }
  expect(seal()).toBeUndefined()
  see('id', 1)
  lineage.settle(1, 'stored')
  commit(1)
  store.advance(1124)
  expect(seal()).toBeUndefined()
  expect(see('id', 2)).toBe(sighting.duplicate)
  store.advance(1125)
  expect(seal()).toBe(45)
  expect(seal()).toBeUndefined()
  expect(see('id', 3)).toBe(sighting.fresh)
})

test('many ids are split into blocks of at most 512 KiB; live and restored they are found in buckets of any size', () => {
  const { store, lineage, see } = newStore()
  const blocks: StateBlock[] = []
  const wrong: number[] = []
  let count = 0
  const check = (some: ReturnType<typeof newStore>, every: number): void => {
    for (let n = 0; n < count; n += every) {
      if (some.see(`id-${n}`, n) !== sighting.replay) wrong.push(n)
      if (some.see(`id-${n}`, n + 1) !== sighting.duplicate) wrong.push(n)
    }
  }
  for (const [bucket, size] of [10, 300, 20_000, 20_000].entries()) {
    for (const end = count + size; count < end; count++) {
      see(`id-${count}`, count)
      lineage.settle(count, 'stored')
    }
    blocks.push(...store.seal({ has: () => true }).blocks)
    store.committed()
    // The large buckets are half sorted now.
    expect(store.advance(1025 + 25 * bucket)).toBe(true)
    check({ store, lineage, see, commit: () => [] }, 7)
  }
  expect(blocks.map((block) => block.bucket)).toEqual([40, 41, 42, 42, 43, 43])
  for (const block of blocks) expect(block.bytes.length).toBeLessThanOrEqual(512 * 1024)
  const again = restored(blocks)
  expect(again.store.size).toBe(count)
  check(again, 3)
  expect(wrong).toEqual([])
  expect(again.see('another', count)).toBe(sighting.fresh)
})

test('a store without stream time, with bad settings, with a foreign input or restored late is refused', () => {
  const fatal = (code: string) => expect.objectContaining({ kind: 'fatal', code })
  const settings = (windowMs: number, buckets: number) => () =>
    createIdStore({ name: 'unique', windowMs, buckets })
  for (const refused of [settings(0, 4), settings(Number.NaN, 4), settings(1, 0), settings(1, 1.5)]) {
    expect(refused).toThrow(fatal('CONFIG_INVALID'))
  }
  const store = createIdStore({ name: 'unique', windowMs: 100 })
  const lineage = new FakeLineage()
  expect(store.advance(Number.NaN)).toBe(false)
  writeProbe(store, 'id', body)
  expect(() => store.see(0x10000, 1, lineage, 1)).toThrow(fatal('CONSERVATION_BROKEN'))
  store.see(0, 1, lineage, 1)
  lineage.settle(1, 'stored')
  const seal = () => store.seal({ has: () => true })
  expect(seal).toThrow(fatal('CONSERVATION_BROKEN'))
  store.advance(1000)
  const [block] = seal().blocks
  store.committed()
  writeProbe(store, 'id 2', body)
  store.see(0, 2, lineage, 2)
  expect(() => store.restore(block!)).toThrow(fatal('CONSERVATION_BROKEN'))
  expect(() => store.seal({ has: () => true })).toThrow(fatal('CONSERVATION_BROKEN'))
})
