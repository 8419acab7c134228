import { instantiate } from './generated.ts'
import type { AvroNode } from './model.ts'
import { isLong, writeInt, writeLong } from './write-varint.ts'
import { writeSource } from './write-codegen.ts'
import { writeDecimal, writeFixedDecimal } from './write-decimal.ts'
import { writeText } from './write-text.ts'
import { writeBytes, writeDouble, writeFloat, writeRaw } from './write-runtime.ts'

/**
 * Writes a value at `at` and returns the position behind it, which lies beyond the buffer where it has no room. Throws MISFIT
 * or TOO_DEEP, or what a getter of the value throws.
 */
export type Writing = (buffer: Buffer, at: number, value: unknown) => number

const runtime = {
  I: writeInt,
  G: writeLong,
  Q: isLong,
  F: writeFloat,
  E: writeDouble,
  T: writeText,
  B: writeBytes,
  R: writeRaw,
  D: writeDecimal,
  X: writeFixedDecimal,
  A: (value: unknown) => Buffer.isBuffer(value),
  O: Object.hasOwn,
}

/** Compiles the writing of one type. @param strict refuse fields that the schema does not have. */
export function compileWriting(root: AvroNode, strict: boolean): Writing {
  const { text, constants } = writeSource(root, strict)
  return instantiate<Writing>(text, { ...runtime, k: constants })
}
