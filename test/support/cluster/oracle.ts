import type { Written } from './events.ts'

/** What a run has to end in, worked out from the events alone. Positions are `partition@offset`. */
export interface Oracle {
  /** Events that must have an effect: the first of each id, unless it is parked. */
  readonly effects: readonly Written[]
  /** Events that must have a letter: what fails for good, and the first of each id behind it in its key. */
  readonly letters: readonly Written[]
  /**
   * Duplicates behind a parked record: they are dropped, or wait as letters, as it happens. Both come to nothing when they
   * are released within the window of their twins.
   */
  readonly either: readonly Written[]
  /** Positions of those that are released after the window of their twins, by when these are forgotten: they may have an effect. */
  readonly forgotten: ReadonlySet<string>
  /** The first occurrence of each id. */
  readonly firsts: ReadonlyMap<string, Written>
  /** The end of each partition, by number. */
  readonly ends: readonly number[]
  /** The newest event time of each partition among records that have one, by number. */
  readonly newest: readonly number[]
}

export function positionOf({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}@${offset}`
}

/**
 * `partitions`: how many the topic has. `released`: all letters were released at the end, after what they failed by was
 * mended, by a dedup with this window, milliseconds; then what had to be a letter must have an effect as well.
 */
export function oracleOf(written: readonly Written[], partitions: number, released?: number): Oracle {
  const firsts = new Map<string, Written>()
  const blocked = new Set<string>()
  const [effects, letters, either]: [Written[], Written[], Written[]] = [[], [], []]
  const ends = new Array<number>(partitions).fill(0)
  const newest = new Array<number>(partitions).fill(0)
  for (const event of inOrder(written)) {
    const { id, key, kind, partition, offset, at } = event
    ends[partition] = offset + 1
    if (kind !== 'garbage') newest[partition] = Math.max(newest[partition]!, at)
    const first = kind === 'garbage' || !firsts.has(id)
    if (kind !== 'garbage' && first) firsts.set(id, event)
    if (blocked.has(key)) (first ? letters : either).push(event)
    else if (kind === 'garbage' || (first && kind === 'bad')) {
      letters.push(event)
      if (key !== '') blocked.add(key)
    } else if (first) effects.push(event)
  }
  const old =
    released === undefined ? [] : either.filter((one) => one.at <= newest[one.partition]! - released)
  return {
    effects: released === undefined ? effects : [...firsts.values()],
    letters,
    either,
    forgotten: new Set(old.map(positionOf)),
    firsts,
    ends,
    newest,
  }
}

function inOrder(written: readonly Written[]): Written[] {
  return written.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
}
