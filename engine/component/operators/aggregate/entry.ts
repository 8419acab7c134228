import type { Fold } from './folds.ts'

/** What is stored for a key in a window. */
export interface Entry {
  /** How often it was changed. */
  readonly n: number
  /** Where the window ends; null without windows. */
  readonly u: number | null
  /** Where a session begins, if a record came before the one that it is named by. */
  readonly f?: number
  /** The highest event time in it, as far as it moved stream time on. */
  readonly t: number
  /** The parts of the folds. */
  readonly a: readonly unknown[]
}

/**
 * The name of an entry in the store: where its window begins, and the key. A session keeps the name that its first
 * record gave it when an earlier one joins it: one that is over, and still there, may have begun at that time too.
 */
export function entryId(from: number | undefined, key: string): string {
  return `${from ?? ''}|${key}`
}

/** The key of an entry. */
export function keyOfEntry(id: string): string {
  return id.slice(id.indexOf('|') + 1)
}

/** The time in the name of an entry; undefined without windows. */
export function timeOfEntry(id: string): number | undefined {
  const text = id.slice(0, id.indexOf('|'))
  return text === '' ? undefined : Number(text)
}

/** Where the window of an entry begins; undefined without windows. */
export function fromOfEntry(id: string, entry: Entry): number | undefined {
  return entry.f ?? timeOfEntry(id)
}

/** False for what else is in the store. */
export function isEntry(id: string): boolean {
  return !id.startsWith('@')
}

/** Several entries as one, the earliest first. */
export function mergeEntries(entries: readonly Entry[], folds: readonly Fold[]): Entry | undefined {
  return entries.reduce<Entry | undefined>((sum, one) => {
    if (sum === undefined) return one
    return {
      n: sum.n + one.n,
      u: Math.max(sum.u!, one.u!),
      t: Math.max(sum.t, one.t),
      a: folds.map((fold, at) => fold.merge(sum.a[at], one.a[at])),
    }
  }, undefined)
}

/** The entry with one more record in it; `values` by fold, undefined or null where there is none. */
export function withRecord(
  entry: Entry | undefined,
  to: number | null,
  time: number,
  values: readonly unknown[],
  folds: readonly Fold[],
): Entry {
  const a = new Array<unknown>(folds.length)
  for (let at = 0; at < folds.length; at++) {
    const fold = folds[at]!
    const part = entry === undefined ? fold.start : entry.a[at]
    const value = values[at] ?? null
    a[at] = fold.of !== undefined && value === null ? part : fold.add(part, value)
  }
  return { n: (entry?.n ?? 0) + 1, u: to, t: Math.max(entry?.t ?? time, time), a }
}
