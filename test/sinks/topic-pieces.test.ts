import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { packBatch, rowBytes, type FailedRow, type OutgoingBatch } from '../../engine/component/index.ts'
import { downstreamError, permanentError } from '../../engine/errors.ts'
import { Pieces } from '../../sinks/topic/pieces.ts'

interface Row {
  readonly key: string | null
  readonly bytes: number
}

/** A topic that takes records of so many bytes; and batches of that, as brokers do, if `batches`. */
class Topic {
  readonly written: number[] = []
  calls = 0
  readonly most: number
  readonly batches: boolean

  constructor(most: number, batches = false) {
    this.most = most
    this.batches = batches
  }

  write = (batch: OutgoingBatch): Promise<readonly FailedRow[]> => {
    this.calls++
    const sizes = Array.from({ length: batch.count }, (_, row) => rowBytes(batch, row))
    const sum = sizes.reduce((all, size) => all + size, 0)
    const failed: FailedRow[] = []
    for (const [row, size] of sizes.entries()) {
      if (size > this.most || (this.batches && sum > this.most))
        failed.push({ row, error: permanentError('RECORD_TOO_LARGE', 'too large') })
      else this.written.push(batch.timestamps[row]!)
    }
    return Promise.resolve(failed)
  }
}

/** Rows whose timestamps are their numbers. */
function packed(rows: readonly Row[]): OutgoingBatch {
  return packBatch(
    't',
    rows.map(({ key, bytes }, n) => ({
      key: key === null ? null : Buffer.from(key),
      value: Buffer.alloc(Math.max(0, bytes - (key?.length ?? 0))),
      headers: [],
      timestamp: n,
    })),
  )
}

const keyOf = (rows: readonly Row[]) => (row: number) => rows[row]!.key ?? undefined

describe('records that may be too large for a topic', () => {
  test('followers of one that is refused are not tried, others are written in their order', async () => {
    const rows: Row[] = [
      { key: 'a', bytes: 10 },
      { key: 'b', bytes: 2_000_000 },
      { key: 'a', bytes: 10 },
      { key: 'b', bytes: 10 },
      { key: null, bytes: 1_500_000 },
      { key: null, bytes: 10 },
      { key: 'b', bytes: 10 },
    ]
    const topic = new Topic(1_000_000)
    const failed = await new Pieces(topic.write).write(packed(rows), keyOf(rows))
    expect(topic.written).toEqual([0, 2, 5])
    expect(failed.map(({ row, error }) => [row, error !== undefined])).toEqual([
      [1, true],
      [3, false],
      [4, true],
      [6, false],
    ])
  })

  test('a large record that is taken holds nothing up', async () => {
    const rows: Row[] = [
      { key: 'a', bytes: 10 },
      { key: 'a', bytes: 2_000_000 },
      { key: 'a', bytes: 10 },
    ]
    const topic = new Topic(3_000_000)
    expect(await new Pieces(topic.write).write(packed(rows), keyOf(rows))).toEqual([])
    expect(topic.written).toEqual([0, 1, 2])
  })

  test('small records go in one call', async () => {
    const rows = Array.from({ length: 1000 }, (_, n) => ({ key: `k${n % 7}`, bytes: 100 }))
    const topic = new Topic(1_000_000)
    const pieces = new Pieces(topic.write)
    expect(pieces.fits(packed(rows))).toBe(true)
    await pieces.write(packed(rows), keyOf(rows))
    expect([topic.calls, topic.written.length]).toEqual([1, 1000])
  })

  test('an error of another kind is passed on, and holds its followers too where pieces are written', async () => {
    const away = downstreamError('KAFKA_AWAY', 'away')
    const pieces = new Pieces((batch) =>
      Promise.resolve(Array.from({ length: batch.count }, (_, row) => ({ row, error: away }))),
    )
    const rows = [
      { key: 'a', bytes: 1_000_000 },
      { key: 'a', bytes: 1 },
    ]
    expect(await pieces.write(packed(rows), keyOf(rows))).toEqual([{ row: 0, error: away }, { row: 1 }])
  })

  test('whatever the sizes: refused are those that are too large, and no follower overtakes one', async () => {
    const row = fc.record({
      key: fc.constantFrom('a', 'b', 'c', null),
      bytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 400_000, max: 1_600_000 })),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 12 }), async (rows) => {
        const topic = new Topic(1_000_000)
        const failed = await new Pieces(topic.write).write(packed(rows), keyOf(rows))
        const refused = new Map(failed.map(({ row, error }) => [row, error !== undefined]))
        const blocked = new Set<string>()
        const expected = rows.map(({ key, bytes }, n) => {
          if (key !== null && blocked.has(key)) return [n, 'untried']
          if (bytes <= 1_000_000) return [n, 'written']
          if (key !== null) blocked.add(key)
          return [n, 'refused']
        })
        const was = rows.map((_, n) => [
          n,
          refused.has(n) ? (refused.get(n) ? 'refused' : 'untried') : 'written',
        ])
        // One of 900,000 to 1,000,000 bytes goes alone, and is taken.
        expect(was).toEqual(expected)
        expect(topic.written).toEqual(expected.filter(([, what]) => what === 'written').map(([n]) => n))
      }),
      { numRuns: 60 },
    )
  })

  test('a topic that takes little: nothing that is small enough is refused, and later batches come in pieces', async () => {
    const rows = Array.from({ length: 100 }, (_, n) => ({ key: `k${n % 5}`, bytes: n === 50 ? 5000 : 100 }))
    const topic = new Topic(1000, true)
    const pieces = new Pieces(topic.write)
    const failed = await pieces.write(packed(rows), keyOf(rows))
    expect(failed.filter(({ error }) => error !== undefined).map(({ row }) => row)).toEqual([50])
    expect(failed.filter(({ error }) => error === undefined).map(({ row }) => row)).toEqual([
      55, 60, 65, 70, 75, 80, 85, 90, 95,
    ])
    expect(topic.written).toEqual(topic.written.toSorted((a, b) => a - b))
    for (let n = 0; n < 12; n++) await pieces.write(packed(rows.slice(0, 50)), keyOf(rows))
    const before = topic.calls
    expect(await pieces.write(packed(rows.slice(0, 50)), keyOf(rows))).toEqual([])
    expect(topic.calls - before).toBeLessThan(20)
  })
})
