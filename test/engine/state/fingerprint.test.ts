import { expect, test } from '@jest/globals'
import type { IdProbe } from '../../../engine/component/contracts/state.ts'
import { bodyHash, fingerprint } from '../../../engine/state/fingerprint.ts'

const newProbe = (): IdProbe => ({ id0: 0, id1: 0, id2: 0, id3: 0, body: 0 })

function hex(text: string, seed = 0): string {
  const bytes = Buffer.from(text)
  const probe = newProbe()
  fingerprint(bytes, 0, bytes.length, probe, seed)
  return [probe.id0, probe.id1, probe.id2, probe.id3]
    .map((word) => (word >>> 0).toString(16).padStart(8, '0'))
    .join('')
}

/** The verification value of SMHasher: hashes of 256 keys of growing length, hashed together. */
function verification(
  bits: 32 | 128,
  hash: (bytes: Buffer, length: number, seed: number, out: Buffer) => void,
) {
  const width = bits / 8
  const hashes = Buffer.alloc(width * 256)
  const key = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  for (let i = 0; i < 256; i++) hash(key, i, 256 - i, hashes.subarray(i * width, (i + 1) * width))
  const out = Buffer.alloc(width)
  hash(hashes, hashes.length, 0, out)
  return out.readUInt32LE(0)
}

test('the fingerprint is MurmurHash3 x86_128 (verification value of SMHasher)', () => {
  const probe = newProbe()
  const value = verification(128, (bytes, length, seed, out) => {
    fingerprint(bytes, 0, length, probe, seed)
    out.writeInt32LE(probe.id0, 0)
    out.writeInt32LE(probe.id1, 4)
    out.writeInt32LE(probe.id2, 8)
    out.writeInt32LE(probe.id3, 12)
  })
  expect(value).toBe(0xb3ece62a)
  expect(hex('')).toBe('00000000000000000000000000000000')
})

test('the body hash is XXH32 (verification value of SMHasher, and vectors of its author)', () => {
  const value = verification(32, (bytes, length, seed, out) => {
    out.writeInt32LE(bodyHash(bytes, 0, length, seed), 0)
  })
  expect(value).toBe(0xba88b743)
  const of = (text: string) => bodyHash(Buffer.from(text), 0, Buffer.byteLength(text)) >>> 0
  expect(of('')).toBe(0x02cc5d05)
  expect(of('abc')).toBe(0x32d153ff)
  expect(of('Nobody inspects the spammish repetition')).toBe(0xe2293b2f)
})

test('the place of the bytes in their buffer does not matter', () => {
  const text = 'c0ffee00-1234-4321-8888-0123456789ab'
  const whole = Buffer.alloc(256)
  for (let start = 0; start < 40; start++) {
    whole.write(text, start)
    const probe = newProbe()
    fingerprint(whole.subarray(3), start - 3 < 0 ? 0 : start - 3, Math.max(0, start - 3) + 36, probe)
    if (start < 3) continue
    const copy = newProbe()
    fingerprint(new Uint8Array(Buffer.from(text)), 0, 36, copy)
    expect(probe).toEqual(copy)
    expect(bodyHash(whole, start, start + 36)).toBe(bodyHash(Buffer.from(text), 0, 36))
  }
})

test('single bits of similar ids flip half of the fingerprint', () => {
  const bytes = Buffer.from('order-00000000-event-0000000000000000')
  const probe = newProbe()
  const other = newProbe()
  let flipped = 0
  const rounds = 2000
  for (let n = 0; n < rounds; n++) {
    bytes.write(String(n).padStart(8, '0'), 6)
    fingerprint(bytes, 0, bytes.length, probe)
    bytes[n % bytes.length]! ^= 1 << (n % 8)
    fingerprint(bytes, 0, bytes.length, other)
    bytes[n % bytes.length]! ^= 1 << (n % 8)
    for (const word of ['id0', 'id1', 'id2', 'id3'] as const) {
      for (let x = (probe[word] ^ other[word]) >>> 0; x !== 0; x >>>= 1) flipped += x & 1
    }
  }
  expect(flipped / rounds).toBeGreaterThan(63)
  expect(flipped / rounds).toBeLessThan(65)
})
