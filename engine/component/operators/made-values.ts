import { permanentError, recordError } from '../../errors.ts'

/** What one record may become at most: more is a function that has no end, or a record that is to be split elsewhere. */
export const mostPieces = 100_000

/** What a function made of a record; throws where that is nothing that can go on. */
export function madeValue<Value>(value: Value, operator: string): Value {
  if (value === undefined)
    throw recordError(
      'PROCESSOR_FAILED',
      `The function of ${operator} returned undefined: return the new value, or null for a tombstone.`,
    )
  if (value instanceof Promise) throw unawaited(value, operator)
  return value
}

/** The error for a promise where an answer is needed at once. What becomes of the promise is nobody's concern. */
export function unawaited(promise: Promise<unknown>, operator: string): Error {
  promise.catch(() => undefined)
  return recordError(
    'PROCESSOR_FAILED',
    `The function of ${operator} returned a promise: use ${operator}Async, which waits for it.`,
  )
}

/** The error for what names no output. */
export function noOutput(name: unknown): Error {
  return recordError(
    'PROCESSOR_FAILED',
    `The function of route returned ${shown(name)}: return the name of an output, or undefined for the main one.`,
  )
}

/** The pieces that a function made of a record, in their order. Reads no further than `mostPieces`. */
export function madePieces(made: unknown, operator: string): unknown[] {
  if (made instanceof Promise) throw unawaited(made, operator)
  if (
    typeof made === 'string' ||
    typeof (made as Iterable<unknown> | null | undefined)?.[Symbol.iterator] !== 'function'
  )
    throw recordError(
      'PROCESSOR_FAILED',
      `The function of ${operator} returned ${shown(made)}: return a list of the pieces, which may be empty.`,
    )
  const pieces: unknown[] = []
  for (const piece of made as Iterable<unknown>) {
    if (pieces.length === mostPieces)
      throw permanentError(
        'PROCESSOR_FAILED',
        `The function of ${operator} made more than ${mostPieces} pieces of one record: does it come to an end?`,
      )
    pieces.push(madeValue(piece, operator))
  }
  return pieces
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'string' ? 'a text' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
