import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { IdBucket } from '../../../engine/state/id-bucket.ts'
import { META, OFFSET_LOW } from '../../../engine/state/id-entry.ts'
import { IdFilter } from '../../../engine/state/id-filter.ts'
import { IdTable } from '../../../engine/state/id-table.ts'

// xorshift: the tests need many ids, the same in each run.
function randomWords(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x
  }
}

type Fingerprint = readonly [number, number, number, number]

/** Stores an id under `offset`, and says by which number the table knows it. */
function insert(table: IdTable, id: Fingerprint, offset: number): number {
  table.find(...id)
  table.insert(...id)
  table.words[table.at + OFFSET_LOW] = offset
  table.words[table.at + META] = 0
  return table.entry
}

test('a table with many ids on few slots finds, removes and reuses like a map', () => {
  // Few different words, so that probes run into each other and round the end of a page.
  const word = fc.constantFrom(0, 1, 61, 62, 63, 64, -1, -2, 1 << 31)
  const step = fc.record({
    id: fc.tuple(word, word, fc.constantFrom(0, 1), fc.constant(7)),
    remove: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const table = new IdTable()
      const model = new Map<string, { entry: number; offset: number }>()
      for (const [n, { id, remove }] of steps.entries()) {
        const known = model.get(id.join())
        const found = table.find(...id) ? table.words[table.at + OFFSET_LOW] : undefined
        if (found !== known?.offset) expect(found).toBe(known?.offset)
        if (remove && known !== undefined) {
          table.remove(known.entry)
          model.delete(id.join())
        } else if (known === undefined) model.set(id.join(), { entry: insert(table, id, n), offset: n })
      }
      expect(table.size).toBe(model.size)
    }),
  )
})

/** Ids of any distribution: all over, or with the first word the same. */
function manyIds(count: number, first?: number): Fingerprint[] {
  const next = randomWords(42)
  return Array.from({ length: count }, () => [first ?? next(), next(), next(), next()])
}

test.each([
  ['well distributed', 60_000, undefined],
  ['the same in their first word', 6000, -5],
])(
  'a table with ids that are %s becomes sorted page by page, found at each step',
  (_title, count, first) => {
    const ids = manyIds(count, first)
    const strangers = manyIds(count + 1000, first).slice(count)
    const table = new IdTable()
    for (const [n, id] of ids.entries()) insert(table, id, n)
    // Every seventh is gone before the bucket ends, and every eleventh while it is being sorted.
    const gone = (n: number): boolean => n % 7 === 0
    for (const [n, id] of ids.entries()) if (gone(n) && table.find(...id)) table.remove(table.entry)
    const bucket = new IdBucket(1, table, new IdFilter(4), 2)
    const size = bucket.size
    let removed = 0
    const check = (every: number, at: number): void => {
      const wrong: number[] = []
      for (let n = at % every; n < count; n += every) {
        const found = bucket.find(...ids[n]!) ? bucket.words[bucket.at + OFFSET_LOW] : -1
        if (found !== (gone(n) || (n % 11 === 0 && removed > 0) ? -1 : n)) wrong.push(n)
      }
      expect(wrong).toEqual([])
      expect(strangers.filter((id) => bucket.find(...id))).toEqual([])
    }
    let steps = 0
    while (!bucket.step()) {
      check(37, ++steps)
      if (removed > 0 || steps < 3) continue
      for (let n = 0; n < count; n += 11) {
        if (gone(n)) continue
        // Some by their id, some by their position.
        expect(n % 2 === 0 && n > 5000 ? bucket.find(...ids[n]!) : bucket.findPosition(0, n, 0)).toBe(true)
        bucket.remove()
        expect(n < 500 && bucket.findPosition(0, n, 0)).toBe(false)
        removed++
        if (n > 5000) n += 11 * 99
      }
      for (let n = 0; n < count; n += 11) {
        if (!gone(n) && bucket.find(...ids[n]!)) {
          bucket.remove()
          removed++
        }
      }
    }
    check(1, 0)
    expect(bucket.size).toBe(size - removed)
    if (first === undefined) expect(bucket.bytes / size).toBeLessThan(48)
  },
  30_000,
)
