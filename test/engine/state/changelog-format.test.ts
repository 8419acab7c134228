import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ChangelogRecord } from '../../../engine/component/contracts/changelog.ts'
import { changelogFormat } from '../../../engine/state/changelog-format.ts'
import { IdBlockWriter } from '../../../engine/state/id-blocks.ts'
import { packPairs, readPairs } from '../../../engine/state/key-value-blocks.ts'
import { changelogRecords } from './changelog-records.ts'

const key = fc.string({ unit: 'grapheme' })
const value = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined })
const refused = expect.objectContaining({ kind: 'fatal', code: 'STORE_UNREADABLE' })

/** What a compacted topic is left with at some time: of each key at least the last record, in order. */
function compacted(records: readonly ChangelogRecord[], kept: (n: number) => boolean): ChangelogRecord[] {
  const last = new Map(records.map((record, n) => [Buffer.from(record.key).toString('hex'), n]))
  return records.filter((record, n) => kept(n) || last.get(Buffer.from(record.key).toString('hex')) === n)
}

test('key-value blocks come back from a changelog that was compacted at any time', () => {
  const { pack, blocks, compacted: isCompacted } = changelogFormat('keyValue')
  expect(isCompacted).toBe(true)
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value)), fc.array(fc.boolean(), { minLength: 1 }), (pairs, kept) => {
      const all = changelogRecords(pack(packPairs('totals', pairs), 7))
      expect(all).toHaveLength(pairs.length)
      const again = new Map<string, Uint8Array>()
      for (const block of blocks(
        'totals',
        compacted(all, (n) => kept[n % kept.length]!),
      )) {
        readPairs(block, 'totals', (one, bytes) => {
          if (bytes === undefined) again.delete(one)
          else again.set(one, Uint8Array.from(bytes))
        })
      }
      const expected = new Map<string, Uint8Array>()
      for (const [one, bytes] of pairs) {
        if (bytes === undefined) expected.delete(one)
        else expected.set(one, Uint8Array.from(bytes))
      }
      expect(Object.fromEntries(again)).toEqual(Object.fromEntries(expected))
    }),
  )
})

test('ids stay whole blocks, in their buckets', () => {
  const { pack, blocks, compacted: isCompacted } = changelogFormat('ids')
  expect(isCompacted).toBe(false)
  const writer = new IdBlockWriter('unique', 42, 1)
  writer.add(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 0, 0)
  const sealed = writer.finish()
  expect(blocks('unique', changelogRecords(pack(sealed, 7)))).toEqual(sealed)
})

test('records of another store, of a newer version and stumps are refused', () => {
  const ids = changelogFormat('ids')
  const record = (store: string, bytes: Uint8Array | null) => () =>
    ids.blocks('unique', [{ key: Buffer.from(store), value: bytes }])
  expect(record('unique', null)).toThrow(refused)
  expect(record('another', new Uint8Array(64))).toThrow(refused)
  expect(record('unique', new Uint8Array(9))).toThrow(refused)
  for (const bytes of [[], [2, 1], [0]]) {
    const pairs = [{ key: Buffer.from('k'), value: Uint8Array.from(bytes) }]
    expect(() => changelogFormat('keyValue').blocks('totals', pairs)).toThrow(refused)
  }
})
