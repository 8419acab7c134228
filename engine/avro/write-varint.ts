import { zigzag } from './varint.ts'

const minLong = -(2n ** 63n)
const maxLong = 2n ** 63n - 1n

/** True for what a long can hold: whole numbers up to ±(2^53 − 1), and bigints of 64 bits. */
export function isLong(value: unknown): value is number | bigint {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return typeof value === 'bigint' && value >= minLong && value <= maxLong
}

/** Writes the varint of an int (32 bits, signed), and returns the position after it. */
export function writeInt(bytes: Buffer, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[at] = rest
  return at + 1
}

/** Writes the varint of a long ({@link isLong}), and returns the position after it; with no room it writes nothing. */
export function writeLong(bytes: Buffer, at: number, value: number | bigint): number {
  if (typeof value === 'bigint') return writeBig(bytes, at, value)
  if (value === (value | 0)) return writeInt(bytes, at, value)
  // 28 bits and the rest: each part is an integer that the machine has.
  const shifted = value < 0 ? -value - 1 : value
  const high = Math.floor(shifted / 134217728)
  const low = (shifted - high * 134217728) * 2 + (value < 0 ? 1 : 0)
  bytes[at] = (low & 127) | 128
  bytes[at + 1] = ((low >> 7) & 127) | 128
  bytes[at + 2] = ((low >> 14) & 127) | 128
  bytes[at + 3] = ((low >> 21) & 127) | 128
  let rest = high
  at += 4
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[at] = rest
  return at + 1
}

function writeBig(bytes: Buffer, at: number, value: bigint): number {
  const raw = zigzag(value)
  if (at + raw.length <= bytes.length) bytes.set(raw, at)
  return at + raw.length
}
