import { expect, test } from '@jest/globals'
import type { StateBlock } from '../../../engine/component/contracts/commit.ts'
import { byteValues } from '../../../engine/state/key-value-blocks.ts'
import { createKeyValueStore } from '../../../engine/state/key-value-store.ts'
import { storeContract } from '../../support/contracts/store-contract.ts'
import { FakeLineage } from '../../support/fake-lineage.ts'
import { keyValueSubject } from './key-value-subject.ts'

storeContract('the key-value store', keyValueSubject)

function settledStore() {
  const store = createKeyValueStore<Uint8Array>({ name: 'totals', values: byteValues })
  const lineage = new FakeLineage()
  const seal = () => store.seal({ has: () => true })
  return { store, lineage, seal }
}

test('a snapshot holds what is committed, and nothing of the commit under way', () => {
  const { store, lineage, seal } = settledStore()
  store.put('kept', Buffer.from('1'), lineage, 1)
  store.put('deleted', Buffer.from('2'), lineage, 1)
  seal()
  expect(store.snapshot()).toEqual([])
  store.committed()
  store.delete('deleted', lineage, 2)
  store.put('new', Buffer.from('3'), lineage, 2)
  seal()
  const content = () => {
    const again = settledStore().store
    for (const block of store.snapshot()) again.restore(block)
    return Object.fromEntries(
      [...again.entries()].map(([key, value]) => [key, Buffer.from(value).toString()]),
    )
  }
  expect(content()).toEqual({ kept: '1', deleted: '2' })
  store.committed()
  expect(content()).toEqual({ kept: '1', new: '3' })
})

test('blocks are split at 512 KiB, a larger value has one of its own', () => {
  const { store, lineage, seal } = settledStore()
  for (let n = 0; n < 40; n++) store.put(`key-${n}`, Buffer.alloc(30_000, n), lineage, n)
  store.put('large', Buffer.alloc(600_000, 7), lineage, 40)
  const { blocks } = seal()
  store.committed()
  expect(blocks).toHaveLength(4)
  expect(blocks.filter((block) => block.bytes.length > 512 * 1024)).toHaveLength(1)
  const again = settledStore().store
  for (const block of blocks) {
    const lent = { ...block, bytes: Buffer.from(block.bytes) }
    again.restore(lent)
    lent.bytes.fill(0)
  }
  expect([...again.entries()].length).toBe(41)
  expect(again.snapshot().map(({ bytes }) => bytes)).toEqual(store.snapshot().map(({ bytes }) => bytes))
  expect(Buffer.from(again.get('large')!).equals(Buffer.alloc(600_000, 7))).toBe(true)
  expect(again.bytes).toBe(store.bytes)
})

test('keys that UTF-8 cannot carry, and undefined, are refused', () => {
  const { store, lineage } = settledStore()
  const put = (key: string, value: Uint8Array) => () => store.put(key, value, lineage, 1)
  expect(put('\ud800', Buffer.from(''))).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' }))
  expect(put('key', undefined as unknown as Uint8Array)).toThrow(expect.objectContaining({ kind: 'fatal' }))
})

test('what is durable is told apart from what a crash may take back, and told', () => {
  const { store, lineage, seal } = settledStore()
  const told: (readonly [string, string | undefined])[] = []
  store.watch((key, value) => told.push([key, value && Buffer.from(value).toString()]))
  store.put('a', Buffer.from('1'), lineage, 1)
  expect([store.committedValue('a'), store.isPending('a'), told]).toEqual([undefined, true, []])
  const { blocks } = seal()
  expect([store.committedValue('a'), store.isPending('a')]).toEqual([undefined, true])
  store.committed()
  expect([Buffer.from(store.committedValue('a')!).toString(), store.isPending('a')]).toEqual(['1', false])
  store.delete('a', lineage, 2)
  seal()
  store.committed()
  expect(told).toEqual([
    ['a', '1'],
    ['a', undefined],
  ])
  const again = settledStore().store
  const restored: string[] = []
  again.watch((key) => restored.push(key))
  for (const block of blocks) again.restore(block)
  expect(restored).toEqual(['a'])
})

test('with nobody else to forget them, overwritten values expire when the store is written anew', () => {
  const lineage = new FakeLineage()
  const make = () => createKeyValueStore<Uint8Array>({ name: 'totals', values: byteValues, rewrites: true })
  const content = (one: ReturnType<typeof make>) =>
    [...one.entries()].map(([key, value]) => `${key}=${value[0]}`).sort()
  let kept: StateBlock[] = []
  let store = make()
  let rewritten = 0
  for (let n = 0; n < 300; n++) {
    store.put(`key-${n % 7}`, Buffer.alloc(100_000, n), lineage, n)
    if (n % 11 === 3) store.delete(`key-${(n + 3) % 7}`, lineage, n)
    const { blocks, expiredBelow } = store.seal({ has: () => true })
    if (expiredBelow !== undefined) {
      rewritten++
      // The newest of what expired may stay a while, and without what had come before it.
      kept = kept.slice(-2)
    }
    kept.push(...blocks)
    store.committed()
    if (n % 50 !== 49) continue
    const next = make()
    for (const block of kept) next.restore(block)
    expect(content(next)).toEqual(content(store))
    expect(next.size).toBe(store.size)
    store = next
  }
  expect(rewritten).toBeGreaterThan(3)
  expect(kept.length).toBeLessThan(100)
})
