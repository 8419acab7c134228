import { writeLong } from './write-varint.ts'

/** What generated code throws for a value that does not fit. */
export const MISFIT = 6

// All of these return the position after what they wrote. Where the buffer has no room they write nothing, or a part, and
// return the position all the same: whoever encodes sees at the end that it lies beyond the buffer, and does it again.

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
