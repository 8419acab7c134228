/**
 * An id in memory and in a block is eight words: the fingerprint (0…3), the offset (low 32 bits, then the rest), the
 * body hash, and the meta word. In memory the meta word of a stored id is its input; that of an id with an open claim
 * is OPEN and the claim's index; that of an id that is no longer known is GONE.
 */
export const ENTRY_WORDS = 8
export const ENTRY_SHIFT = 3
export const OFFSET_LOW = 4
export const OFFSET_HIGH = 5
export const BODY = 6
export const META = 7

/** The sign bit, so that `meta < 0` tells an open claim. */
export const OPEN = 0x80000000 | 0
export const GONE = 0x40000000
export const CLAIM_MASK = 0x3fffffff

/** Inputs are numbered below this. */
export const MAX_INPUTS = 0x10000
export const INPUT_MASK = 0xffff
/** In the meta word of a block's entry: the id of this position is to be forgotten. */
export const REMOVAL = 0x10000

/** The upper word of an offset (exact below 2^53); the lower one is `offset | 0`. */
export function highWord(offset: number): number {
  return (offset / 0x100000000) | 0
}

/** Where the stored entry of a position lies in `words[0, length)`, or -1. A linear scan. */
export function positionIn(
  words: Int32Array,
  length: number,
  input: number,
  low: number,
  high: number,
): number {
  for (let at = 0; at < length; at += ENTRY_WORDS) {
    if (words[at + OFFSET_LOW] === low && words[at + OFFSET_HIGH] === high && words[at + META] === input)
      return at
  }
  return -1
}
