import type { Point } from '../../../engine/component/points.ts'
import type { FaultKind } from './schedule.ts'
import type { AnomalyKind } from './truth.ts'

/** What makes a defect show: a seed with its faults, and what the checker must find then. */
export interface MutantRun {
  /** Of cluster/mutants.ts, or of mutants.ts. */
  readonly name: string
  readonly seed: number
  readonly points?: readonly (Point | 'between')[]
  readonly others?: readonly FaultKind[]
  /** Share of events that fail for good until they are mended; 0.004 if not given. */
  readonly bad?: number
  /** One of these is found. */
  readonly found: readonly AnomalyKind[]
}

const deaths = ['worker-kill', 'worker-kill', 'worker-kill'] as const

/** Defects, each with the seed that notices it. */
export const mutantRuns: readonly MutantRun[] = [
  {
    name: 'a record settles when it is handed to the sink',
    seed: 11,
    points: ['sink.writing', 'sink.writing', 'sink.writing'],
    others: deaths,
    found: ['lost effect', 'output gap'],
  },
  { name: 'an id is known without its position', seed: 12, bad: 0.02, found: ['lost effect', 'output gap'] },
  {
    name: 'a letter is sealed before the earlier records of its key are settled',
    seed: 13,
    bad: 0.05,
    found: ['parked out of order', 'letter'],
  },
  {
    name: 'the followers of a parked record are not held back',
    seed: 14,
    bad: 0.02,
    found: ['reordered key', 'output reordered'],
  },
  {
    name: 'a key is free while letters of it are on their way into the parked partition',
    seed: 15,
    bad: 0.05,
    found: ['reordered key', 'output reordered'],
  },
  {
    name: 'positions are committed plainly after the state',
    seed: 16,
    points: ['between', 'between', 'between', 'between'],
    found: ['output twice', 'letter'],
  },
  {
    name: 'positions are committed plainly before the state',
    seed: 17,
    points: ['between', 'between', 'between', 'between'],
    found: ['output gap', 'aggregate', 'letter'],
  },
  {
    name: 'the ranges beyond the frontier are not committed',
    seed: 18,
    points: ['committed', 'committed'],
    others: deaths,
    found: ['output twice', 'progress went back'],
  },
  {
    name: 'what was settled beyond the frontier is forgotten in the next life',
    seed: 19,
    points: ['committed', 'committed'],
    others: deaths,
    found: ['output twice', 'letter'],
  },
  {
    name: 'outputs are written at once, outside of the commit',
    seed: 20,
    points: ['sealed', 'transaction.begun'],
    others: deaths,
    found: ['output twice'],
  },
  {
    name: 'an aborted commit counts as committed',
    seed: 21,
    others: ['broker-pause', 'net-blackhole', 'broker-kill', 'worker-pause'],
    found: ['lost effect', 'output gap', 'aggregate', 'stuck'],
  },
  {
    name: 'what is sent follows from state that is not committed',
    seed: 22,
    points: ['transaction.written', 'transaction.offsets'],
    others: deaths,
    found: ['aggregate'],
  },
  {
    name: 'that something was sent is noted a commit later',
    seed: 23,
    points: ['committed', 'committed'],
    others: deaths,
    found: ['aggregate'],
  },
]
