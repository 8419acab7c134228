import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  decodeMetadata,
  encodeMetadata,
  fitMetadata,
  metadataLimit,
} from '../../../engine/runtime/commit-metadata.ts'
import { Intervals } from '../../../engine/runtime/intervals.ts'

// Gap and length of each range, one after the other.
const shape = fc.oneof(
  fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), { maxLength: 400 }),
  fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 1, max: 2 ** 40 })), {
    maxLength: 20,
  }),
)
const frontiers = fc.oneof(fc.nat(100), fc.integer({ min: 2 ** 33, max: 2 ** 50 }))

function rangesFrom(frontier: number, parts: readonly (readonly [number, number])[]): Intervals {
  const ranges = new Intervals()
  let at = frontier
  for (const [gap, length] of parts) {
    ranges.add(at + gap, at + gap + length)
    at += gap + length
  }
  return ranges
}

describe('commit metadata', () => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(frontiers, shape, (frontier, parts) => {
        const ranges = rangesFrom(frontier, parts)
        expect(decodeMetadata(frontier, encodeMetadata(frontier, ranges)).pairs()).toEqual(ranges.pairs())
      }),
      { numRuns: 300 },
    )
  })

  test('fits a broker, and never claims more than the truth', () => {
    const many = fc.array(fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 3000 })), {
      minLength: 500,
      maxLength: 2500,
      size: 'max',
    })
    fc.assert(
      fc.property(frontiers, fc.oneof(many, shape), (frontier, parts) => {
        const ranges = rangesFrom(frontier, parts)
        const metadata = fitMetadata(frontier, ranges)
        expect(metadata.length).toBeLessThanOrEqual(metadataLimit)
        const claimed = decodeMetadata(frontier, metadata).pairs()
        expect(claimed).toEqual(ranges.pairs().slice(0, claimed.length))
        if (encodeMetadata(frontier, ranges).length <= metadataLimit) expect(claimed.length).toBe(ranges.size)
      }),
      { numRuns: 100 },
    )
  })

  test('takes the smaller encoding: 3,000 alternating records fit', () => {
    const ranges = rangesFrom(
      0,
      Array.from({ length: 3000 }, () => [1, 1] as const),
    )
    expect(fitMetadata(0, ranges).length).toBeLessThan(metadataLimit / 3)
  })

  test('refuses what is corrupt: one changed byte is noticed', () => {
    fc.assert(
      fc.property(shape, fc.nat(), fc.integer({ min: 1, max: 255 }), (parts, where, change) => {
        const metadata = encodeMetadata(5, rangesFrom(5, parts))
        if (metadata === '') return
        const bytes = Buffer.from(metadata, 'base64url')
        bytes[where % bytes.length]! ^= change
        expect(() => decodeMetadata(5, bytes.toString('base64url'))).toThrow(/cannot be read/)
      }),
      { numRuns: 300 },
    )
  })

  test('refuses what is cut short', () => {
    const metadata = encodeMetadata(
      0,
      rangesFrom(0, [
        [1, 300],
        [7, 2 ** 40],
      ]),
    )
    for (let length = 1; length < metadata.length; length++) {
      expect(() => decodeMetadata(0, metadata.slice(0, length))).toThrow(/cannot be read/)
    }
  })

  test.each(['leader-epoch:5', 'NO_METADATA', '{"v":1}', 'AAAA', ' ', 'žluťoučký'])(
    'refuses %j of another program',
    (text) => {
      expect(() => decodeMetadata(0, text)).toThrow(expect.objectContaining({ code: 'METADATA_FOREIGN' }))
    },
  )
})
