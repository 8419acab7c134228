import type { Point } from '../../../engine/component/points.ts'
import type { FaultKind } from './schedule.ts'
import type { TopologyName } from './topologies.ts'
import type { AnomalyKind } from './truth.ts'

/** What makes a defect show: a seed with its faults, and what the checker must find then. */
export interface MutantRun {
  /** Of mutants.ts here, in cluster/ or above. */
  readonly name: string
  readonly seed: number
  /** The topology that shows it: the points that workers crash at are its own then. `once` if not given. */
  readonly topology?: TopologyName
  readonly points?: readonly (Point | 'between')[]
  readonly others?: readonly FaultKind[]
  /** Share of events that fail for good until they are mended; 0.004 if not given. */
  readonly bad?: number
  /** How many keys each producer has; 30 if not given. */
  readonly keys?: number
  /** How long probes take for a write, milliseconds. */
  readonly probeMs?: number
  /** One of these is found. */
  readonly found: readonly AnomalyKind[]
}

const deaths = ['worker-kill', 'worker-kill', 'worker-kill'] as const

/** Defects, each with the seed that notices it. */
export const mutantRuns: readonly MutantRun[] = [
  {
    name: 'a record settles when it is handed to the sink',
    seed: 11,
    points: ['committed', 'committed', 'committed'],
    probeMs: 500,
    found: ['lost effect', 'output gap'],
  },
  { name: 'an id is known without its position', seed: 12, bad: 0.02, found: ['lost effect', 'output gap'] },
  {
    name: 'letters are released from the last one to the first',
    seed: 13,
    bad: 0.02,
    found: ['reordered key', 'output reordered'],
  },
  {
    name: 'the followers of a parked record are not held back',
    seed: 14,
    bad: 0.02,
    found: ['reordered key', 'output reordered'],
  },
  {
    name: 'a letter that is discarded is processed',
    seed: 15,
    bad: 0.02,
    found: ['phantom effect'],
  },
  {
    name: 'ids are not restored',
    seed: 24,
    points: ['committed', 'committed'],
    others: deaths,
    found: ['two positions', 'output twice'],
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
    points: ['committed', 'committed', 'committed', 'committed'],
    others: deaths,
    found: ['output twice', 'letter', 'progress went back'],
  },
  {
    name: 'what was settled beyond the frontier is forgotten in the next life',
    seed: 19,
    points: ['committed', 'committed', 'committed'],
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
    name: 'that something was sent is noted a commit later',
    seed: 23,
    topology: 'sums',
    points: ['committed', 'committed'],
    others: deaths,
    found: ['aggregate'],
  },
]
