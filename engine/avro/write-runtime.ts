import { decimalToBytes, unscaledOf } from './decimal.ts'
import type { Logical } from './model.ts'
import { writeLong } from './write-varint.ts'

// Texts below this length are written by a loop: a call into the runtime costs more.
const shortText = 16
// The most bytes of one UTF-16 unit in UTF-8.
const bytesPerUnit = 3

/** What generated code throws for a value that does not fit. */
export const MISFIT = 6

// All of these return the position after what they wrote. Where the buffer has no room they write nothing, or a part, and
// return the position all the same: whoever encodes sees at the end that it lies beyond the buffer, and does it again.

/** Writes a text with its length. */
export function writeText(bytes: Buffer, at: number, text: string): number {
  const { length } = text
  if (length >= shortText) return writeLongText(bytes, at, text)
  const start = at + 1
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 127) return writeMeasured(bytes, at, text)
    bytes[start + index] = code
  }
  bytes[at] = length << 1
  return start + length
}

/** Guesses how many bytes its length takes: as many as for ASCII. */
function writeLongText(bytes: Buffer, at: number, text: string): number {
  const { length } = text
  const head = length < 64 ? 1 : length < 8192 ? 2 : 5
  const start = at + head
  if (head > 2 || start + bytesPerUnit * length > bytes.length) return writeMeasured(bytes, at, text)
  const written = bytes.write(text, start, 'utf8')
  if (head === 1 ? written > 63 : written > 8191) return writeMeasured(bytes, at, text)
  if (head === 1) bytes[at] = written << 1
  else {
    bytes[at] = ((written << 1) & 127) | 128
    bytes[at + 1] = written >> 6
  }
  return start + written
}

function writeMeasured(bytes: Buffer, at: number, text: string): number {
  const length = Buffer.byteLength(text)
  const start = writeLong(bytes, at, length)
  if (start + length <= bytes.length) bytes.write(text, start, 'utf8')
  return start + length
}

/** Writes bytes as they are: of a fixed, or a default. */
export function writeRaw(bytes: Buffer, at: number, raw: Uint8Array): number {
  if (at + raw.length <= bytes.length) bytes.set(raw, at)
  return at + raw.length
}

/** Writes bytes with their length. */
export function writeBytes(bytes: Buffer, at: number, raw: Uint8Array): number {
  return writeRaw(bytes, writeLong(bytes, at, raw.length), raw)
}

/** Writes a float. */
export function writeFloat(bytes: Buffer, at: number, value: number): number {
  if (at + 4 <= bytes.length) bytes.writeFloatLE(value, at)
  return at + 4
}

/** Writes a double. */
export function writeDouble(bytes: Buffer, at: number, value: number): number {
  if (at + 8 <= bytes.length) bytes.writeDoubleLE(value, at)
  return at + 8
}

/**
 * Writes a decimal of bytes with its length: text, a number or a bigint.
 *
 * @param limit the first unscaled integer that has too many digits.
 * @throws MISFIT.
 */
export function writeDecimal(
  bytes: Buffer,
  at: number,
  value: unknown,
  logical: Logical,
  limit: number,
): number {
  if (typeof value === 'string' || typeof value === 'number') {
    const unscaled = unscaledOf(typeof value === 'string' ? value : `${value}`, logical.scale)
    // Also false for NaN: what is no short decimal, the other way knows.
    if (unscaled < limit && unscaled > -limit) return writeUnscaled(bytes, at, unscaled)
  }
  return writeBytes(bytes, at, exact(value, logical, undefined))
}

/** Writes a decimal of a fixed. Throws MISFIT. */
export function writeFixedDecimal(
  bytes: Buffer,
  at: number,
  value: unknown,
  logical: Logical,
  size: number,
): number {
  return writeRaw(bytes, at, exact(value, logical, size))
}

function exact(value: unknown, logical: Logical, size: number | undefined): Buffer {
  const raw = decimalToBytes(value, logical, size)
  // eslint-disable-next-line @typescript-eslint/only-throw-error
  if (raw === undefined) throw MISFIT
  return raw
}

/** The fewest bytes of two's complement, big-endian, with their length. */
function writeUnscaled(bytes: Buffer, at: number, unscaled: number): number {
  let length = 1
  for (let limit = 128; unscaled >= limit || unscaled < -limit; limit *= 256) length++
  bytes[at] = length << 1
  let rest = unscaled
  for (let index = at + length; index > at; index--) {
    bytes[index] = rest
    rest = Math.floor(rest / 256)
  }
  return at + length + 1
}
