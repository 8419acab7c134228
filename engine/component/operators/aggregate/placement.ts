import { entryId, fromOfEntry, mergeEntries, timeOfEntry, withRecord, type Entry } from './entry.ts'
import type { Fold } from './folds.ts'
import { stored, unstored } from './stored-values.ts'
import { closesAt, hopsOf, type WindowSpec } from './windows.ts'

/** A record on its way into its windows. */
export interface Arrival {
  readonly key: string
  /** Its event time. */
  readonly time: number
  /** What of it moves stream time on: its time, or an earlier one for a record that came out of turn. */
  readonly moves: number
  /** Stream time, this record included. */
  readonly streamTime: number
  /** By fold. */
  readonly values: readonly unknown[]
}

/** What is known of the windows of a key. */
export interface Windows {
  entry(id: string): Entry | undefined
  /** The name of the entry of a window. */
  nameOf(from: number, key: string): string
  /** The times by which the windows of the key are named. Asked for sessions and sliding windows only. */
  names(key: string): readonly number[]
  /** Records that later windows may need: asked for sliding windows only. */
  seen(key: string): readonly Seen[]
}

/** A record as sliding windows remember it: its time, what of it moved stream time, and its values as they are stored. */
export type Seen = readonly [time: number, moves: number, values: unknown]

/** What a record does to the entries of its key. */
export interface Placed {
  readonly put: Iterable<readonly [id: string, entry: Entry]>
  readonly gone: readonly string[]
  readonly seen?: readonly Seen[]
}

/** Puts a record into its windows; undefined if all of them are closed. Changes nothing by itself. */
export function place(
  spec: WindowSpec,
  windows: Windows,
  arrival: Arrival,
  folds: readonly Fold[],
): Placed | undefined {
  switch (spec.kind) {
    case 'none': {
      const id = entryId(undefined, arrival.key)
      const entry = withRecord(windows.entry(id), null, arrival.moves, arrival.values, folds)
      return { put: [[id, entry]], gone: none }
    }
    case 'hopping':
      return spec.every === spec.size
        ? placeTumbling(spec, windows, arrival, folds)
        : placeHopping(spec, windows, arrival, folds)
    case 'session':
      return placeSession(spec, windows, arrival, folds)
    case 'sliding':
      return placeSliding(spec, windows, arrival, folds)
  }
}

const none: readonly string[] = []

/** The one window that holds the time: what most records go through. */
function placeTumbling(
  spec: WindowSpec & { readonly kind: 'hopping' },
  windows: Windows,
  { key, time, moves, streamTime, values }: Arrival,
  folds: readonly Fold[],
): Placed | undefined {
  const from = Math.floor(time / spec.size) * spec.size
  const to = from + spec.size
  if (closesAt(spec, to) <= streamTime) return undefined
  const id = windows.nameOf(from, key)
  return { put: [[id, withRecord(windows.entry(id), to, moves, values, folds)]], gone: none }
}

function placeHopping(
  spec: WindowSpec & { readonly kind: 'hopping' },
  windows: Windows,
  { key, time, moves, streamTime, values }: Arrival,
  folds: readonly Fold[],
): Placed | undefined {
  const put = new Map<string, Entry>()
  for (const from of hopsOf(spec.size, spec.every, time)) {
    const to = from + spec.size
    if (closesAt(spec, to) <= streamTime) continue
    const id = entryId(from, key)
    put.set(id, withRecord(windows.entry(id), to, moves, values, folds))
  }
  return put.size === 0 ? undefined : { put, gone: none }
}

/** Joins the record with the sessions that it touches. A session that is closed is found no more. */
function placeSession(
  spec: WindowSpec & { readonly kind: 'session' },
  windows: Windows,
  { key, time, moves, streamTime, values }: Arrival,
  folds: readonly Fold[],
): Placed | undefined {
  const touched = windows
    .names(key)
    .map((name) => entryId(name, key))
    .map((id) => ({ id, entry: windows.entry(id)! }))
    .map(({ id, entry }) => ({ id, entry, from: fromOfEntry(id, entry)! }))
    .filter(({ entry }) => closesAt(spec, entry.u!) > streamTime)
    .filter(({ from, entry }) => from <= time + spec.gap && entry.u! >= time - spec.gap)
    .toSorted((a, b) => a.from - b.from)
  if (touched.length === 0 && closesAt(spec, time) <= streamTime) return undefined
  const merged = mergeEntries(
    touched.map(({ entry }) => entry),
    folds,
  )
  const id = touched[0]?.id ?? entryId(time, key)
  const from = Math.min(time, touched[0]?.from ?? time)
  const sum = withRecord(merged, Math.max(time, merged?.u ?? time), moves, values, folds)
  const entry = from === timeOfEntry(id) ? sum : { ...sum, f: from }
  return { put: [[id, entry]], gone: touched.map((one) => one.id).filter((one) => one !== id) }
}

/**
 * Adds the record to the windows that hold its time, and makes those that it gives rise to: the one that ends with it,
 * the one that begins right after it, and the one that begins right after the record before it.
 */
function placeSliding(
  spec: WindowSpec & { readonly kind: 'sliding' },
  windows: Windows,
  { key, time, moves, streamTime, values }: Arrival,
  folds: readonly Fold[],
): Placed | undefined {
  const { size, grace } = spec
  if (closesAt(spec, time + size) <= streamTime) return undefined
  const before = windows.seen(key)
  const after: readonly Seen[] = [...before, [time, moves, values.map(stored)]]
  const put = new Map<string, Entry>()
  const isOpen = (from: number): boolean => closesAt(spec, from + size) > streamTime
  for (const from of windows.names(key)) {
    if (from > time || from + size < time || !isOpen(from)) continue
    const id = entryId(from, key)
    put.set(id, withRecord(windows.entry(id), from + size, moves, values, folds))
  }
  for (const from of begun(before, time, size)) {
    const id = entryId(from, key)
    if (put.has(id) || windows.entry(id) !== undefined || !isOpen(from)) continue
    const entry = foldSeen(after, from, from + size, folds)
    if (entry !== undefined) put.set(id, entry)
  }
  return { put, gone: [], seen: after.filter(([at]) => at >= streamTime - 2 * size - grace - 2) }
}

/** Where the windows begin that a record gives rise to. */
function begun(before: readonly Seen[], time: number, size: number): number[] {
  const earlier = before.map(([at]) => at).filter((at) => at < time && at >= time - 1 - size)
  return [time - size, time + 1, ...(earlier.length > 0 ? [Math.max(...earlier) + 1] : [])]
}

function foldSeen(
  seen: readonly Seen[],
  from: number,
  to: number,
  folds: readonly Fold[],
): Entry | undefined {
  return seen
    .filter(([at]) => at >= from && at <= to)
    .reduce<Entry | undefined>(
      (entry, [, moves, values]) => withRecord(entry, to, moves, unstored(values) as unknown[], folds),
      undefined,
    )
}
