import { channel } from 'node:diagnostics_channel'

/**
 * The moments at which a crash is most telling, in the order of a record's life. Each is published on the diagnostics
 * channel `millrace.point`, where a test (or a tracer) may listen; nothing happens where no one does.
 */
export const points = [
  'claimed',
  'sink.writing',
  'sink.written',
  'acknowledged',
  'sealed',
  'committing',
  'committed',
  'parked',
  'released',
  'rotated',
  'draining',
] as const

/** Those inside the commit of a cluster: begun, all records acknowledged, the offsets accepted, the commit asked for. */
export const transactionPoints = [
  'transaction.begun',
  'transaction.written',
  'transaction.offsets',
  'transaction.committing',
] as const

export type Point = (typeof points)[number] | (typeof transactionPoints)[number]

const published = channel('millrace.point')

/** Says that a point was reached. */
export function reach(point: Point): void {
  if (published.hasSubscribers) published.publish({ point })
}

const passing = channel('millrace.passed')

/** Records that came out of an output of a node (undefined = the main one), for whoever listens to `millrace.passed`. */
export interface Passed {
  readonly node: string
  readonly output: string | undefined
  readonly records: number
}

/** Says that records came out of an output. Costs nothing where no one listens. */
export function passed(node: string, output: string | undefined, records: number): void {
  if (passing.hasSubscribers) passing.publish({ node, output, records } satisfies Passed)
}
