import type { Project } from '../project/contract.ts'
import { matchesLetter, type LetterFilter } from './filter.ts'
import { haltedPartitions, type HaltedPartition } from './halts.ts'
import { allLetters, type AnyLetter } from './letters-of.ts'
import { parkedTopics, type ParkedTopic } from './parked.ts'

/** Letters by what became of them. */
export interface LetterCounts {
  open: number
  released: number
  discarded: number
}

/** Letters of one topic with one error at one node. */
export interface LetterGroup extends LetterCounts {
  readonly topology: string
  readonly topic: string
  readonly node: string
  readonly class: string
  readonly code: string
  readonly type: string | null
  /** Of those, the ones that did not fail themselves, but wait or waited behind one that did. */
  followers: number
  /** When the oldest open one first failed; ISO 8601. */
  oldestOpen: string | null
}

/** Letters that were parked on one day, in UTC. */
export interface LetterDay extends LetterCounts {
  /** `2026-05-01`. */
  readonly day: string
}

/** How many letters there are and were, for as long as the parked topics go back. */
export interface LetterStats {
  readonly total: LetterCounts
  /** The most open ones first. */
  readonly groups: readonly LetterGroup[]
  readonly days: readonly LetterDay[]
  /** Partitions from which nothing more is taken. */
  readonly halted: readonly HaltedPartition[]
}

/** Counts letters. Reads the parked topics from their beginning. */
export async function letterStats(project: Project, filter: LetterFilter): Promise<LetterStats> {
  const total = none()
  const groups = new Map<string, LetterGroup>()
  const days = new Map<string, LetterDay>()
  for (const parked of await parkedTopics(project, filter)) {
    for (const letter of await allLetters(project, parked)) {
      if (!matchesLetter(letter, filter)) continue
      total[letter.state]++
      const group = of(groups, groupKey(parked, letter), () => newGroup(parked, letter))
      group[letter.state]++
      if (letter.follower) group.followers++
      const failed = new Date(letter.firstFailure).toISOString()
      if (letter.state === 'open' && (group.oldestOpen === null || failed < group.oldestOpen))
        group.oldestOpen = failed
      const day = new Date(letter.parkedAt).toISOString().slice(0, 10)
      of(days, day, () => ({ day, ...none() }))[letter.state]++
    }
  }
  return {
    total,
    groups: [...groups.values()].sort((a, b) => b.open - a.open || all(b) - all(a)),
    days: [...days.values()].sort((a, b) => a.day.localeCompare(b.day)),
    halted: await haltedPartitions(project, filter),
  }
}

function none(): LetterCounts {
  return { open: 0, released: 0, discarded: 0 }
}

function all({ open, released, discarded }: LetterCounts): number {
  return open + released + discarded
}

function groupKey({ name }: ParkedTopic, letter: AnyLetter): string {
  return JSON.stringify([name, letter.node, letter.class, letter.code, letter.type])
}

function newGroup({ group, topic }: ParkedTopic, letter: AnyLetter): LetterGroup {
  const { node, class: kind, code, type } = letter
  return { topology: group, topic, node, class: kind, code, type, ...none(), followers: 0, oldestOpen: null }
}

function of<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const found = map.get(name) ?? make()
  map.set(name, found)
  return found
}
