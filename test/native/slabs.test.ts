import { describe, expect, test } from '@jest/globals'
import { Slabs } from '../../native/slabs.ts'
import type { PackedRecords } from '../../native/records.ts'

/** Two runs of one record each in one slab. */
function twoRuns(): { slab: ArrayBuffer; runs: [PackedRecords, PackedRecords] } {
  const slab = new ArrayBuffer(256)
  const run = (at: number): PackedRecords => ({
    topic: 'orders',
    partition: 0,
    count: 1,
    bytes: Buffer.from(slab, at + 48, 16),
    offsets: new Float64Array(slab, at, 1),
    timestamps: new Float64Array(slab, at + 8, 1),
    keyStarts: new Int32Array(slab, at + 16, 1),
    keyEnds: new Int32Array(slab, at + 20, 1),
    valueStarts: new Int32Array(slab, at + 24, 1),
    valueEnds: new Int32Array(slab, at + 28, 1),
    headerStarts: new Int32Array(slab, at + 32, 1),
    headerEnds: new Int32Array(slab, at + 36, 1),
  })
  return { slab, runs: [run(0), run(128)] }
}

describe('slabs', () => {
  test('memory goes when the last of its runs is released, and nobody sees it afterwards', () => {
    const { slab, runs } = twoRuns()
    const slabs = new Slabs()
    for (const run of runs) slabs.add(run)
    slabs.release(runs[0])
    expect(slab.byteLength).toBe(256)
    expect(runs[0].offsets).toHaveLength(1)
    slabs.release(runs[1])
    expect(slab.detached).toBe(true)
    expect(
      runs.map(({ bytes, offsets, keyStarts }) => [bytes.length, offsets.length, keyStarts.length]),
    ).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ])
  })

  test('releasing one run twice does not take the memory of another', () => {
    const { slab, runs } = twoRuns()
    const slabs = new Slabs()
    for (const run of runs) slabs.add(run)
    slabs.release(runs[0])
    slabs.release(runs[0])
    expect(slab.detached).toBe(false)
  })

  test('records that are not of this reader are left alone', () => {
    const { slab, runs } = twoRuns()
    new Slabs().release(runs[0])
    expect(slab.detached).toBe(false)
  })
})
