import type { IdProbe } from '../component/contracts/state.ts'

// Words are read through one DataView per backing buffer: records of a batch share theirs, so that no call allocates.
// The last buffer is thereby kept alive until the next one is looked at.
let bufferSeen = new ArrayBuffer(0)
let bytesSeen = new Uint8Array(bufferSeen)
let base = 0
let view = new DataView(bufferSeen)

function look(bytes: Uint8Array): void {
  bytesSeen = bytes as Uint8Array<ArrayBuffer>
  base = bytes.byteOffset
  if (bytes.buffer === bufferSeen) return
  bufferSeen = bytes.buffer as ArrayBuffer
  view = new DataView(bufferSeen)
}

const C1 = 0x239b961b
const C2 = 0xab0e9789
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93

function finish(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Up to four bytes of the tail as a little-endian word; 0 when the tail ends before `at`. */
function tailWord(at: number, end: number): number {
  let word = 0
  const last = Math.min(at + 4, end)
  for (let i = last - 1; i >= at; i--) word = (word << 8) | view.getUint8(i)
  return word
}

/**
 * Writes the 128-bit fingerprint of `bytes[start, end)` into the probe's `id0`…`id3`, as int32 (which V8 keeps
 * without a box). It is MurmurHash3 x86_128: fast and well distributed, stable for ever (fingerprints are stored), not meant against somebody who makes
 * ids collide on purpose; what that could do is caught by the body hash. Among a thousand million different ids the
 * chance that any two share a fingerprint is 1.5 · 10^-21. Allocates only when the backing buffer is another one than
 * last time. `seed` is for the published test vectors.
 */
export function fingerprint(bytes: Uint8Array, start: number, end: number, probe: IdProbe, seed = 0): void {
  if (bytes !== bytesSeen) look(bytes)
  let h1 = seed
  let h2 = seed
  let h3 = seed
  let h4 = seed
  let at = base + start
  const stop = base + end
  for (const blocks = stop - 15; at < blocks; at += 16) {
    const k1 = Math.imul(view.getInt32(at, true), C1)
    h1 ^= Math.imul((k1 << 15) | (k1 >>> 17), C2)
    h1 = (Math.imul(((h1 << 19) | (h1 >>> 13)) + h2, 5) + 0x561ccd1b) | 0
    const k2 = Math.imul(view.getInt32(at + 4, true), C2)
    h2 ^= Math.imul((k2 << 16) | (k2 >>> 16), C3)
    h2 = (Math.imul(((h2 << 17) | (h2 >>> 15)) + h3, 5) + 0x0bcaa747) | 0
    const k3 = Math.imul(view.getInt32(at + 8, true), C3)
    h3 ^= Math.imul((k3 << 17) | (k3 >>> 15), C4)
    h3 = (Math.imul(((h3 << 15) | (h3 >>> 17)) + h4, 5) + 0x96cd1c35) | 0
    const k4 = Math.imul(view.getInt32(at + 12, true), C4)
    h4 ^= Math.imul((k4 << 18) | (k4 >>> 14), C1)
    h4 = (Math.imul(((h4 << 13) | (h4 >>> 19)) + h1, 5) + 0x32ac3b17) | 0
  }
  if (at < stop) {
    const k4 = Math.imul(tailWord(at + 12, stop), C4)
    h4 ^= Math.imul((k4 << 18) | (k4 >>> 14), C1)
    const k3 = Math.imul(tailWord(at + 8, stop), C3)
    h3 ^= Math.imul((k3 << 17) | (k3 >>> 15), C4)
    const k2 = Math.imul(tailWord(at + 4, stop), C2)
    h2 ^= Math.imul((k2 << 16) | (k2 >>> 16), C3)
    const k1 = Math.imul(tailWord(at, stop), C1)
    h1 ^= Math.imul((k1 << 15) | (k1 >>> 17), C2)
  }
  settleLanes(h1, h2, h3, h4, end - start, probe)
}

function settleLanes(a: number, b: number, c: number, d: number, length: number, probe: IdProbe): void {
  const h2 = b ^ length
  const h3 = c ^ length
  const h4 = d ^ length
  const sum = ((a ^ length) + h2 + h3 + h4) | 0
  const f1 = finish(sum)
  const f2 = finish((h2 + sum) | 0)
  const f3 = finish((h3 + sum) | 0)
  const f4 = finish((h4 + sum) | 0)
  const total = (f1 + f2 + f3 + f4) | 0
  probe.id0 = total
  probe.id1 = (f2 + total) | 0
  probe.id2 = (f3 + total) | 0
  probe.id3 = (f4 + total) | 0
}

const P1 = 0x9e3779b1
const P2 = 0x85ebca77
const P3 = 0xc2b2ae3d
const P4 = 0x27d4eb2f
const P5 = 0x165667b1

function round(lane: number, word: number): number {
  const h = (lane + Math.imul(word, P2)) | 0
  return Math.imul((h << 13) | (h >>> 19), P1)
}

/**
 * A 32-bit hash (an int32) of `bytes[start, end)`: XXH32, whose four lanes suit values of some hundred bytes. Two
 * different bodies share it with a chance of 2.3 · 10^-10. Allocates like {@link fingerprint}.
 */
export function bodyHash(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  if (bytes !== bytesSeen) look(bytes)
  let at = base + start
  const stop = base + end
  let h = (seed + P5) | 0
  if (stop - at >= 16) {
    let v1 = (seed + P1 + P2) | 0
    let v2 = (seed + P2) | 0
    let v3 = seed | 0
    let v4 = (seed - P1) | 0
    for (const stripes = stop - 15; at < stripes; at += 16) {
      v1 = round(v1, view.getInt32(at, true))
      v2 = round(v2, view.getInt32(at + 4, true))
      v3 = round(v3, view.getInt32(at + 8, true))
      v4 = round(v4, view.getInt32(at + 12, true))
    }
    h =
      ((v1 << 1) | (v1 >>> 31)) +
      ((v2 << 7) | (v2 >>> 25)) +
      ((v3 << 12) | (v3 >>> 20)) +
      ((v4 << 18) | (v4 >>> 14))
  }
  h = (h + (end - start)) | 0
  for (; at + 4 <= stop; at += 4) {
    h = (h + Math.imul(view.getInt32(at, true), P3)) | 0
    h = Math.imul((h << 17) | (h >>> 15), P4)
  }
  for (; at < stop; at++) {
    h = (h + Math.imul(view.getUint8(at), P5)) | 0
    h = Math.imul((h << 11) | (h >>> 21), P1)
  }
  h = Math.imul(h ^ (h >>> 15), P2)
  h = Math.imul(h ^ (h >>> 13), P3)
  return h ^ (h >>> 16)
}
