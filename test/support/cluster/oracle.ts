import type { Written } from './events.ts'

/** What a run has to end in, worked out from the events alone. Positions are `partition@offset`. */
export interface Oracle {
  /** Events that must have an effect: the first of each id, unless it is parked. */
  readonly effects: readonly Written[]
  /** Events that must have a letter: what fails for good, and the first of each id behind it in its key. */
  readonly letters: readonly Written[]
  /**
   * Duplicates behind a parked record: they are dropped, or wait as letters, as it happens (both come to nothing when
   * they are released).
   */
  readonly either: readonly Written[]
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
 * `partitions`: how many the topic has. `released`: all letters were released, after what they failed by was mended; then
 * what had to be a letter must have an effect as well.
 */
export function oracleOf(written: readonly Written[], partitions: number, released = false): Oracle {
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
  return { effects: released ? [...firsts.values()] : effects, letters, either, firsts, ends, newest }
}

function inOrder(written: readonly Written[]): Written[] {
  return written.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
}
