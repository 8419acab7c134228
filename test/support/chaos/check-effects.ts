import { isCovered, judgeOrder, type Effect } from '../cluster/judge.ts'
import type { Excuse, GroupHistory } from './history.ts'
import { discardsOf, placeOf, type Anomaly, type Discards, type Truth } from './truth.ts'

/** What a probe has seen against the topic: each id once, from one position, in the order of its key. */
export function checkEffects(group: GroupHistory, truth: Truth): Anomaly[] {
  const { effects = [] } = group
  const discards = discardsOf(group)
  return [
    ...checkLost(effects, truth, discards),
    ...checkPhantoms(effects, truth, discards),
    ...judgeOrder(effects).map((what): Anomaly => ({ kind: 'reordered key', what })),
  ]
}

function checkLost(effects: readonly Effect[], truth: Truth, { possible }: Discards): Anomaly[] {
  const had = new Set(effects.map(({ id }) => id))
  const wrong: Anomaly[] = []
  for (const [id, all] of truth.occurrences) {
    if (had.has(id) || all.some((entry) => possible.has(placeOf(entry)))) continue
    wrong.push({ kind: 'lost effect', what: `${id} of ${placeOf(all[0]!)} has no effect` })
  }
  return wrong
}

function checkPhantoms(effects: readonly Effect[], truth: Truth, discards: Discards): Anomaly[] {
  const wrong: Anomaly[] = []
  const placeById = new Map<string, string>()
  const seen = new Set<string>()
  for (const effect of effects) {
    const place = placeOf(effect)
    if (seen.has(`${place} ${effect.id}`)) continue
    seen.add(`${place} ${effect.id}`)
    const phantom = phantomOf(effect, truth, discards)
    if (phantom !== undefined) wrong.push({ kind: 'phantom effect', what: phantom })
    const other = placeById.get(effect.id)
    if (other !== undefined)
      wrong.push({ kind: 'two positions', what: `${effect.id} had effects from ${other} and ${place}` })
    placeById.set(effect.id, place)
  }
  return wrong
}

/** Why there should be no such effect; undefined where there may. */
function phantomOf(effect: Effect, truth: Truth, { certain, possible }: Discards): string | undefined {
  const place = placeOf(effect)
  const entry = truth.byPlace.get(place)
  if (entry === undefined) return `${effect.id} had an effect from ${place}, where nothing is`
  if (entry.action === 'garbage' || entry.id !== effect.id || entry.key !== effect.key)
    return `${effect.id} of ${effect.key} had an effect from ${place}, where ${entry.id} of ${entry.key} is`
  if (certain.has(place)) return `${effect.id} of ${place} had an effect, and its letter was discarded`
  const first = truth.occurrences.get(effect.id)![0]!
  // The id of a discarded record is free again.
  if (placeOf(first) !== place && !possible.has(placeOf(first)))
    return `${effect.id} had an effect from ${place}, and its first occurrence is at ${placeOf(first)}`
  return undefined
}

export interface Repeats {
  /** Effects that were there already. */
  readonly count: number
  /** The most effects that one position had. */
  readonly most: number
  readonly wrong: readonly Anomaly[]
}

/**
 * Effects of one position that come again. Before its commit that is allowed, and happens when a worker dies; what is
 * committed does not come again, but from workers that had lost their partitions without knowing it, and for letters that are
 * released, whose position has long been committed.
 */
export function checkRepeats(group: GroupHistory, excuses: readonly Excuse[]): Repeats {
  const { effects = [], progress, parked = [], name } = group
  const letters = new Set(parked.flatMap((one) => (one.type === 'letter' ? [placeOf(one)] : [])))
  const own = excuses.filter((excuse) => excuse.group === name)
  const times = new Map<string, number>()
  const wrong: Anomaly[] = []
  let count = 0
  let at = -1
  for (const effect of effects) {
    while (at + 1 < progress.length && progress[at + 1]!.bytes < effect.endsAt) at++
    const place = placeOf(effect)
    const before = times.get(place) ?? 0
    times.set(place, before + 1)
    if (before === 0) continue
    count++
    const known = at < 0 ? undefined : progress[at]!.committed[effect.partition]
    if (known === undefined || !isCovered(known, effect.offset) || letters.has(place)) continue
    if (
      !own.some(
        ({ pid, from, until }) => pid === effect.pid && effect.endsAt > from && effect.endsAt <= until,
      )
    )
      wrong.push({ kind: 'repeat after commit', what: `${place} had an effect again after it was committed` })
  }
  return { count, most: times.values().reduce((most, one) => Math.max(most, one), 0), wrong }
}
