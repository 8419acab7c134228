import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeHeaders, encodeHeaders } from '../../../engine/component/headers.ts'
import { headersAt, packHeaders } from '../../../native/records.ts'

// native/ stands alone, so there are two of them: they must agree byte by byte.
test('headers are packed by the engine as the Kafka client packs them', () => {
  const header = fc.record({
    name: fc.string({ unit: 'grapheme', maxLength: 200 }),
    value: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
  })
  fc.assert(
    fc.property(fc.array(header, { maxLength: 200 }), (headers) => {
      const packed = encodeHeaders(headers)
      expect(packHeaders(headers).equals(packed)).toBe(true)
      expect(headersAt(packed, 0, packed.length)).toEqual(decodeHeaders(packed, 0, packed.length))
    }),
  )
})
