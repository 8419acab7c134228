import type { AnyLetter } from './letters-of.ts'

/** Which letters are wanted: all that is said must hold. */
export interface LetterFilter {
  readonly topology?: string | undefined
  /** The source topic. */
  readonly topic?: string | undefined
  /** As `keyText` shows it. */
  readonly key?: string | undefined
  readonly node?: string | undefined
  readonly class?: string | undefined
  readonly code?: string | undefined
  /** Full name of the record's schema. */
  readonly type?: string | undefined
  /** First failure at or after, and before: milliseconds since 1970. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** A part of the error or the key, in any case. */
  readonly text?: string | undefined
}

/** What a filter looks at. */
export type Filtered = Pick<AnyLetter, 'key' | 'node' | 'class' | 'code' | 'type' | 'error' | 'firstFailure'>

/** True for a letter that the filter means; its topology and topic are not looked at. */
export function matchesLetter(letter: Filtered, filter: LetterFilter): boolean {
  for (const name of ['key', 'node', 'class', 'code', 'type'] as const)
    if (filter[name] !== undefined && filter[name] !== letter[name]) return false
  if (filter.since !== undefined && letter.firstFailure < filter.since) return false
  if (filter.until !== undefined && letter.firstFailure >= filter.until) return false
  const text = filter.text?.toLowerCase()
  return text === undefined || `${letter.error}\n${letter.key ?? ''}`.toLowerCase().includes(text)
}
