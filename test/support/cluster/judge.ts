import type { Intervals } from '../../../engine/runtime/intervals.ts'
import { positionOf, type Oracle } from './oracle.ts'

/** What is wrong with a run, a sentence each; empty if nothing is. */
export type Findings = string[]

/** One effect that the probe saw. */
export interface Effect {
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly id: string
  readonly pid: number
  /** Where its line ends in the probe's file. */
  readonly endsAt: number
}

/** What was committed of a partition: everything below the frontier, and these ranges above it. */
export interface Committed {
  readonly frontier: number
  readonly ranges: Intervals
}

/** What was committed at some moment, by partition, and how long the probe's file was right after. */
export interface Snapshot {
  readonly committed: readonly Committed[]
  readonly bytes: number
}

export interface Letter {
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly follower: boolean
}

/** No effect of one id from two positions, and none under another key or id than the position has. */
export function judgeIdentity(effects: readonly Effect[], { firsts, forgotten }: Oracle): Findings {
  const wrong: Findings = []
  for (const effect of effects) {
    const first = firsts.get(effect.id)
    if (forgotten.has(positionOf(effect))) continue
    if (first === undefined) wrong.push(`an effect of "${effect.id}", which was never sent`)
    else if (positionOf(first) !== positionOf(effect))
      wrong.push(`${effect.id} of ${positionOf(first)} had an effect from ${positionOf(effect)}`)
    else if (first.key !== effect.key) wrong.push(`${effect.id} had an effect under the key ${effect.key}`)
  }
  return wrong
}

/** First effects of a key come in the order of offsets. */
export function judgeOrder(effects: readonly Effect[]): Findings {
  const wrong: Findings = []
  const last = new Map<string, number>()
  const seen = new Set<string>()
  for (const effect of effects) {
    const position = positionOf(effect)
    if (seen.has(position)) continue
    seen.add(position)
    const before = last.get(effect.key) ?? -1
    if (effect.offset < before)
      wrong.push(`${effect.key}: the effect of ${position} came after that of ${before}`)
    last.set(effect.key, Math.max(before, effect.offset))
  }
  return wrong
}

/** Every event that must have an effect has one, and nothing else has. */
export function judgeCompleteness(effects: readonly Effect[], oracle: Oracle): Findings {
  const had = new Set(effects.map(positionOf))
  const must = new Set(oracle.effects.map(positionOf))
  return [
    ...[...must].filter((position) => !had.has(position)).map((position) => `${position} has no effect`),
    ...[...had]
      .filter((position) => !must.has(position) && !oracle.forgotten.has(position))
      .map((position) => `${position} has an effect, and should be parked or dropped`),
  ]
}

/** A worker that lost its partitions, and did not know it until the probe's file was so long. */
export interface Zombie {
  readonly pid: number
  readonly until: number
}

/**
 * Effects that are there again. What was committed at some moment is not repeated after it, but by workers that had lost
 * their partitions without knowing it yet.
 */
export function judgeRepeats(
  effects: readonly Effect[],
  snapshots: readonly Snapshot[],
  zombies: readonly Zombie[],
): { readonly repeats: number; readonly wrong: Findings } {
  const wrong: Findings = []
  const seen = new Set<string>()
  let repeats = 0
  let at = -1
  for (const effect of effects) {
    while (at + 1 < snapshots.length && snapshots[at + 1]!.bytes < effect.endsAt) at++
    const position = positionOf(effect)
    if (!seen.has(position)) {
      seen.add(position)
      continue
    }
    repeats++
    const known = at < 0 ? undefined : snapshots[at]!.committed[effect.partition]
    const excused = zombies.some(({ pid, until }) => effect.pid === pid && effect.endsAt <= until)
    if (known !== undefined && isCovered(known, effect.offset) && !excused)
      wrong.push(`${position} had an effect again after it was committed`)
  }
  return { repeats, wrong }
}

/** What was committed once stays committed: nobody sets a partition back. */
export function judgeProgress(snapshots: readonly Snapshot[]): Findings {
  const wrong: Findings = []
  for (const [n, { committed }] of snapshots.entries()) {
    for (const [partition, later] of committed.entries()) {
      const earlier = snapshots[n - 1]?.committed[partition]
      if (earlier === undefined) continue
      if (later.frontier < earlier.frontier)
        wrong.push(`partition ${partition} went back from ${earlier.frontier} to ${later.frontier}`)
      for (const [start, end] of earlier.ranges.pairs()) {
        if (!isCovered(later, start) || !isCovered(later, end - 1))
          wrong.push(
            `partition ${partition} went back: ${start} to ${end - 1} was committed, and is not any more`,
          )
      }
    }
  }
  return wrong
}

/** Whether a position is covered by what was committed. */
export function isCovered({ frontier, ranges }: Committed, offset: number): boolean {
  return offset < frontier || ranges.has(offset)
}

/** Letters are those that must be, and may be; none is there twice; those of a key are in the order of offsets. */
export function judgeLetters(letters: readonly Letter[], oracle: Oracle): Findings {
  const must = new Set(oracle.letters.map(positionOf))
  const may = new Set(oracle.either.map(positionOf))
  const seen = new Set<string>()
  const last = new Map<string, number>()
  const wrong: Findings = []
  for (const letter of letters) {
    const position = positionOf(letter)
    if (seen.has(position)) wrong.push(`the letter of ${position} is there twice`)
    seen.add(position)
    if (!must.has(position) && !may.has(position))
      wrong.push(`${position} has a letter, and should have none`)
    if (letter.key === '') continue
    const before = last.get(letter.key) ?? -1
    if (letter.offset < before) wrong.push(`${letter.key}: letter ${position} stands behind letter ${before}`)
    last.set(letter.key, Math.max(before, letter.offset))
  }
  for (const position of must) if (!seen.has(position)) wrong.push(`${position} has no letter`)
  return wrong
}

/** The dead-letter topic has the letters that are no followers, once each. */
export function judgeDeadLetters(dead: readonly Letter[], letters: readonly Letter[]): Findings {
  const expected = letters
    .filter(({ follower }) => !follower)
    .map(positionOf)
    .sort()
  const found = dead.map(positionOf).sort()
  return JSON.stringify(expected) === JSON.stringify(found)
    ? []
    : [`${found.length} dead letters for ${expected.length} records that failed`]
}

/** Everything is committed. */
export function judgeCommitted(committed: readonly Committed[], { ends }: Oracle): Findings {
  return ends.flatMap((end, partition) => {
    const { frontier } = committed[partition]!
    return frontier === end ? [] : [`partition ${partition} is committed up to ${frontier} of ${end}`]
  })
}

/** One record of the output topic of an exactly-once topology. */
export interface Output {
  readonly id: string
  readonly key: string
}

/** What readers of committed records see is exactly the fold: each id once, in order within its key. */
export function judgeOutputs(outputs: readonly Output[], { effects }: Oracle): Findings {
  const wrong: Findings = []
  const expected = byKey(effects)
  const found = byKey(outputs)
  for (const [key, ids] of expected) {
    const seen = found.get(key) ?? []
    found.delete(key)
    if (seen.length === ids.length && ids.every((id, n) => seen[n] === id)) continue
    const twice = seen.filter((id, n) => seen.indexOf(id) !== n)
    const missing = ids.filter((id) => !seen.includes(id))
    const extra = seen.filter((id) => !ids.includes(id))
    wrong.push(
      `output of ${key}: ${missing.length} missing, ${twice.length} twice, ${extra.length} unexpected, or out of order`,
    )
  }
  for (const key of found.keys()) wrong.push(`output of ${key}: nothing was expected`)
  return wrong
}

function byKey(all: readonly Output[]): Map<string, string[]> {
  const map = new Map<string, string[]>()
  for (const { key, id } of all) {
    const ids = map.get(key)
    if (ids === undefined) map.set(key, [id])
    else ids.push(id)
  }
  return map
}
