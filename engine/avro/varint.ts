/** The bytes end before the value does. */
export const TRUNCATED = 1
/** The bytes are no value of the schema: a varint, length, branch, symbol or block that cannot be. */
export const MALFORMED = 2
/** Records nested deeper than {@link maxDepth}. */
export const TOO_DEEP = 3
/** A long that was asked for as a number lies beyond ±(2^53 − 1). */
export const UNSAFE_NUMBER = 4

/** How deep records may be nested: well within the stack, so that no record can overflow it. */
export const maxDepth = 512

/**
 * Results of the functions below, which return the position after the value, or a negative failure code. One object
 * for all, because an allocation per varint would be most of the cost; nothing here is re-entrant or async.
 */
export const cursor: {
  length: number
  low: number
  middle: number
  top: number
  long: number | bigint
  empty: number
} = {
  length: 0,
  low: 0,
  middle: 0,
  top: 0,
  long: 0,
  empty: 0,
}

/**
 * Reads a zigzag varint of up to 64 bits at `at` as three parts: `low` (28 bits), `middle` (28), `top` (8).
 *
 * @returns the position after it, or -TRUNCATED, or -MALFORMED when it is longer than 64 bits.
 */
export function readParts(bytes: Uint8Array, at: number, end: number): number {
  let low = 0
  let middle = 0
  let top = 0
  for (let index = 0; index < 10; index++) {
    if (at >= end) return -TRUNCATED
    const byte = bytes[at++]!
    if (index < 4) low |= (byte & 127) << (7 * index)
    else if (index < 8) middle |= (byte & 127) << (7 * (index - 4))
    else if (index === 9 && byte > 1) return -MALFORMED
    else top |= (byte & 127) << (7 * (index - 8))
    if (byte < 128) {
      cursor.low = low
      cursor.middle = middle
      cursor.top = top
      return at
    }
  }
  return -MALFORMED
}

/** The parts in the cursor as a number, exact up to ±(2^53 − 1), otherwise rounded. */
export function partsToNumber(): number {
  const half = (cursor.low >>> 1) + cursor.middle * 134217728 + cursor.top * 36028797018963968
  return cursor.low & 1 ? -half - 1 : half
}

/** The parts in the cursor, exact: a number up to ±(2^53 − 1), otherwise a bigint. */
export function partsToLong(): number | bigint {
  const number = partsToNumber()
  if (Number.isSafeInteger(number)) return number
  const half = BigInt(cursor.low >>> 1) + (BigInt(cursor.middle) << 27n) + (BigInt(cursor.top) << 55n)
  return cursor.low & 1 ? -half - 1n : half
}

/** Reads a long into `cursor.long`: a number up to ±(2^53 − 1), otherwise a bigint. Returns as {@link readParts}. */
export function readLong(bytes: Uint8Array, at: number, end: number): number {
  const after = readParts(bytes, at, end)
  if (after >= 0) cursor.long = partsToLong()
  return after
}

/** Reads an int into `cursor.length`; more than 32 bits are malformed. Returns as {@link readParts}. */
export function readInt(bytes: Uint8Array, at: number, end: number): number {
  const after = readParts(bytes, at, end)
  if (after < 0) return after
  if (cursor.top !== 0 || cursor.middle > 15) return -MALFORMED
  cursor.length = partsToNumber()
  return after
}

/** Reads a length, branch or symbol into `cursor.length`: at least 0, below 2^31. Returns as {@link readParts}. */
export function readLength(bytes: Uint8Array, at: number, end: number): number {
  const after = readParts(bytes, at, end)
  if (after < 0) return after
  if ((cursor.low & 1) === 1 || cursor.top !== 0 || cursor.middle > 15) return -MALFORMED
  cursor.length = partsToNumber()
  return after
}

/** Passes the rest of a varint whose first byte, before `at`, said that more follow. Returns as {@link readParts}. */
export function skipRest(bytes: Uint8Array, at: number, end: number): number {
  for (let index = 1; index < 10; index++) {
    if (at >= end) return -TRUNCATED
    const byte = bytes[at++]!
    if (index === 9 && byte > 1) return -MALFORMED
    if (byte < 128) return at
  }
  return -MALFORMED
}

/** How many items of no size (null, an empty record) a value may hold in all; they cost no bytes to claim. */
export const maxEmptyItems = 65536

/**
 * Reads the count of an array's or map's block into `cursor.length`, and the position after the block's items into
 * `cursor.low`, or -1 where the block doesn't say. A count of 0 ends the array.
 *
 * @param least the fewest bytes of an item; a count that cannot fit the bytes left is malformed.
 */
export function readBlock(bytes: Uint8Array, at: number, end: number, least: number): number {
  let after = readParts(bytes, at, end)
  if (after < 0) return after
  let count = partsToNumber()
  let blockEnd = -1
  if (count < 0) {
    count = -count
    after = readLength(bytes, after, end)
    if (after < 0) return after
    if (cursor.length > end - after) return -TRUNCATED
    blockEnd = after + cursor.length
  }
  const room = (blockEnd < 0 ? end : blockEnd) - after
  if (least > 0 ? count > room / least : count > maxEmptyItems)
    return blockEnd < 0 && least > 0 ? -TRUNCATED : -MALFORMED
  cursor.length = count
  cursor.low = blockEnd
  return after
}

/** The zigzag varint of a long. */
export function zigzag(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  return Buffer.from([...bytes, Number(rest)])
}
