import type { Point } from '../../../engine/component/points.ts'
import { randomFrom } from '../crash/workload.ts'

/** Everything that is done to a run, by what it is done to. */
export const faultKinds = [
  // A worker.
  'worker-kill',
  'worker-crash',
  'worker-pause',
  'worker-restart',
  'worker-clock',
  'worker-disk',
  'storm',
  'producer-kill',
  // A broker.
  'broker-kill',
  'broker-restart',
  'broker-pause',
  // The way to the brokers.
  'net-reset',
  'net-refuse',
  'net-delay',
  'net-throttle',
  'net-blackhole',
  'net-one-way',
  'net-lost-responses',
  'net-cut-responses',
  // Cassandra, and the way to it.
  'cassandra-kill',
  'cassandra-pause',
  'cassandra-slow',
  'cassandra-failing',
  'cassandra-lost-responses',
  // The schema registry.
  'registry-kill',
  'registry-pause',
] as const

export type FaultKind = (typeof faultKinds)[number]

/** One fault of a schedule: what, when, for how long, and numbers from 0 to 1 for whatever else is to be chosen. */
export interface PlannedFault {
  readonly kind: FaultKind
  /** Milliseconds since the run began. */
  readonly at: number
  readonly lastsMs: number
  readonly dice: readonly [number, number, number]
  /** Where a worker is to crash; otherwise the dice say it. */
  readonly point?: Point | 'between'
}

export interface SchedulePlan {
  readonly seed: number
  readonly lengthMs: number
  /** Faults begin so far apart on average, milliseconds. */
  readonly everyMs: number
  readonly kinds: readonly FaultKind[]
  /** The longest that one lasts, milliseconds. */
  readonly longestMs: number
}

/**
 * The faults of a seed, in the order of their beginnings. All kinds come once before one comes again, so that a run that is
 * long enough has them all. They may overlap. The same plan has the same faults; what they meet differs from run to run.
 */
export function scheduleOf({ seed, lengthMs, everyMs, kinds, longestMs }: SchedulePlan): PlannedFault[] {
  const random = randomFrom(seed)
  const faults: PlannedFault[] = []
  let left: FaultKind[] = []
  for (let at = everyMs * random(); at < lengthMs; at += everyMs * (0.3 + 1.4 * random())) {
    if (left.length === 0) left = shuffled(kinds, random)
    const lastsMs = Math.round(500 + (longestMs - 500) * random() ** 2)
    const dice = [random(), random(), random()] as const
    faults.push({ kind: left.pop()!, at: Math.round(at), lastsMs, dice })
  }
  return faults
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const all = [...items]
  for (let n = all.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1))
    ;[all[n], all[other]] = [all[other]!, all[n]!]
  }
  return all
}

/**
 * A schedule that is written down, for when time is short: a worker crashes at each of these points, one after the other, and
 * the other faults come in between.
 */
export function scriptOf(
  seed: number,
  points: readonly (Point | 'between')[],
  others: readonly FaultKind[],
): PlannedFault[] {
  const random = randomFrom(seed)
  const crashes = points.map((point) => ({ kind: 'worker-crash' as const, point }))
  const rest = others.map((kind) => ({ kind }))
  return [...crashes, ...rest]
    .map((fault, n) => ({ ...fault, place: n < crashes.length ? n / crashes.length : random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ place, ...fault }) => ({
      ...fault,
      at: Math.round(2000 + place * scriptMs),
      lastsMs: 500 + Math.round(2500 * random()),
      dice: [random(), random(), random()],
    }))
}

/** How long a written schedule is, milliseconds. */
export const scriptMs = 9000
