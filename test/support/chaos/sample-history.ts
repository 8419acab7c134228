import { Intervals } from '../../../engine/runtime/intervals.ts'
import type { Effect } from '../cluster/judge.ts'
import type {
  Attempt,
  Entry,
  GroupHistory,
  History,
  ParkedCommand,
  ParkedLetter,
  ParkedRecord,
} from './history.ts'

// A history made by hand, which has nothing wrong; tests of the checker change it.

/** a1 a2 bad3 a4, a1 again, b1 b2, and garbage at the end of c: one partition, offsets from 0. */
const script: readonly [id: string, key: string, seq: number, action: Entry['action']][] = [
  ['a1', 'a', 1, 'plain'],
  ['a2', 'a', 2, 'plain'],
  ['a3', 'a', 3, 'bad'],
  ['a4', 'a', 4, 'plain'],
  ['a1', 'a', 1, 'plain'],
  ['b1', 'b', 1, 'plain'],
  ['b2', 'b', 2, 'wobble'],
  ['g', 'c', 0, 'garbage'],
]
export const log: Entry[] = script.map(([id, key, seq, action], offset) => ({
  id,
  key,
  seq,
  value: seq * 10,
  action,
  at: 1000 + offset,
  attempt: `0-${offset}`,
  partition: 0,
  offset,
}))
export const attempts: Attempt[] = log.map((entry) => ({ ...entry, outcome: 'ok' }))

let end = 0
export const effect = (offset: number, pid = 1): Effect => {
  const { id, key } = log[offset]!
  return { partition: 0, offset, key, id, pid, endsAt: (end += 10) }
}
export const letter = (offset: number, parkedOffset: number, follower = false): ParkedLetter => {
  const { id, key } = log[offset]!
  return { type: 'letter', partition: 0, offset, id, key, follower, parkedOffset }
}
export const command = (
  act: 'release' | 'discard',
  key: string,
  parkedOffset: number,
  letters?: readonly number[],
): ParkedCommand => ({
  type: 'command',
  act,
  key,
  partition: 0,
  parkedOffset,
  ...(letters && { letters }),
})

export const parked: readonly ParkedRecord[] = [
  letter(2, 0),
  letter(3, 1, true),
  letter(7, 2),
  command('release', 'a', 3),
  command('discard', 'c', 4, [2]),
]
export const progress = (...frontiers: readonly [frontier: number, bytes: number][]) =>
  frontiers.map(([frontier, bytes], n) => ({
    at: n * 100,
    bytes,
    committed: [{ frontier, ranges: new Intervals() }],
  }))

export const cleanOnce = (): GroupHistory => {
  end = 0
  return {
    name: 'once',
    effects: [0, 1, 5, 6, 2, 3].map((offset) => effect(offset)),
    progress: progress([0, 0], [3, 40], [8, 60]),
    parked,
    dead: ['0@2', '0@7'],
    outputs: ['a1', 'a2', 'b1', 'b2', 'a3', 'a4'].map((id) => ({ id, key: id[0]! })),
    sums: [
      { key: 'a', version: 1, count: 2, total: 30 },
      { key: 'b', version: 1, count: 2, total: 30 },
      { key: 'a', version: 2, count: 4, total: 100 },
    ],
    rows: ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'].map((id) => {
      const seq = Number(id[1])
      return { key: id[0]!, id, seq, value: seq * 10 }
    }),
    latest: [
      { key: 'a', id: 'a4', seq: 4, value: 40 },
      { key: 'b', id: 'b2', seq: 2, value: 20 },
    ],
  }
}

export function history(group: Partial<GroupHistory> = {}, rest: Partial<History> = {}): History {
  return {
    partitions: 1,
    attempts,
    log,
    groups: [{ ...cleanOnce(), ...group }],
    excuses: [],
    stuck: [],
    ...rest,
  }
}

/** Effects of these offsets, and no others before them. */
export const effects = (...offsets: readonly number[]): Effect[] => {
  end = 0
  return offsets.map((offset) => effect(offset))
}
