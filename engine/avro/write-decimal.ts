import { decimalToBytes, shortUnscaledOf, unscaledOf } from './decimal.ts'
import type { Logical } from './model.ts'
import { MISFIT, writeBytes, writeRaw } from './write-runtime.ts'

/**
 * Writes a decimal of bytes with its length: text, a number or a bigint.
 *
 * @param limit the first unscaled integer that has too many digits, or the first that is no int.
 * @throws MISFIT.
 */
export function writeDecimal(
  bytes: Buffer,
  at: number,
  value: unknown,
  logical: Logical,
  limit: number,
): number {
  if (typeof value !== 'string') return writeRare(bytes, at, value, logical)
  const unscaled = shortUnscaledOf(value, logical.scale)
  if (unscaled >= limit || unscaled <= -limit) return writeRare(bytes, at, value, logical)
  return writeInt(bytes, at, unscaled)
}

function writeInt(bytes: Buffer, at: number, unscaled: number): number {
  if (unscaled === (unscaled << 24) >> 24) {
    bytes[at] = 2
    bytes[at + 1] = unscaled
    return at + 2
  }
  if (unscaled === (unscaled << 16) >> 16) {
    bytes[at] = 4
    bytes[at + 1] = unscaled >> 8
    bytes[at + 2] = unscaled
    return at + 3
  }
  const length = unscaled === (unscaled << 8) >> 8 ? 3 : 4
  bytes[at] = length << 1
  for (let index = at + length; index > at; index--) {
    bytes[index] = unscaled
    unscaled >>= 8
  }
  return at + length + 1
}

function writeRare(bytes: Buffer, at: number, value: unknown, logical: Logical): number {
  if (typeof value === 'string' || typeof value === 'number') {
    const unscaled = unscaledOf(typeof value === 'string' ? value : `${value}`, logical.scale)
    const limit = 10 ** Math.min(logical.precision, 15)
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
