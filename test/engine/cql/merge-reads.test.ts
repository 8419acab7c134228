import { expect, test } from '@jest/globals'
import {
  firstBucket,
  firstHead,
  PageFiller,
  resumedSelect,
  type FoundRow,
} from '../../../engine/cql/merge-reads.ts'

const row = (clustering: string, select = 0, bucket = '2026-01'): FoundRow => {
  return { values: { clustering, select }, bucket, select, clustering }
}
const last = { bucket: '2026-02', select: 1, key: Buffer.from('b') }

test('the smallest key comes first, or the largest where the reading is reversed', () => {
  const heads = [row('b'), undefined, row('a', 2), row('c', 3)]
  expect(firstHead(heads, false)).toBe(2)
  expect(firstHead(heads, true)).toBe(3)
})

test('of equal keys the earlier SELECT comes first, whichever way is read', () => {
  const heads = [row('b'), row('a', 1), row('a', 2)]
  expect(firstHead(heads, false)).toBe(1)
  expect(firstHead([row('a'), row('b', 1), row('b', 2)], true)).toBe(1)
})

test('there is no first where all are at their end', () => {
  expect(firstHead([undefined, undefined], false)).toBeUndefined()
  expect(firstHead([], true)).toBeUndefined()
})

test('a walk goes on in the bucket of the last row, or from the start where that bucket is gone', () => {
  const buckets = ['2026-03', '2026-02', '2026-01']
  expect(firstBucket(buckets, undefined)).toBe(0)
  expect(firstBucket(buckets, last)).toBe(1)
  expect(firstBucket(['2026-05'], last)).toBe(0)
})

test('behind the last row a later SELECT reads its key again, and no other does', () => {
  expect(resumedSelect(last, '2026-02', 0)).toEqual({ key: last.key, again: false })
  expect(resumedSelect(last, '2026-02', 1)).toEqual({ key: last.key, again: false })
  expect(resumedSelect(last, '2026-02', 2)).toEqual({ key: last.key, again: true })
  expect(resumedSelect(last, '2026-01', 2)).toBeUndefined()
  expect(resumedSelect(undefined, '2026-02', 2)).toBeUndefined()
})

test('a page says where its last row stands only if there are more', () => {
  const rows = [row('a'), row('b', 1), row('\xff', 2)]
  const filler = new PageFiller(2)
  expect(rows.map((one) => filler.take(one))).toEqual([true, true, false])
  expect(filler.page).toEqual({
    rows: [rows[0]!.values, rows[1]!.values],
    last: { bucket: '2026-01', select: 1, key: Buffer.from('b') },
  })
  const whole = new PageFiller(3)
  for (const one of rows) expect(whole.take(one)).toBe(true)
  expect(whole.page).toEqual({ rows: rows.map(({ values }) => values), last: undefined })
})
