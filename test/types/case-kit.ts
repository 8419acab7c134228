// What cases of topologies over the shop's types begin with, and what is wrong with their results.
import type { FileResult } from '../../engine/testing/report.ts'
import { names } from './project.ts'

/** The types of the topic, as a list in a topology. */
export const types = `[${names.join(', ')}]`

/** The head of a file of cases: when it is, and an envelope that records are like. */
export const given = `
now: 2026-01-05T12:00:00Z
values:
  envelope:
    eventId: 00000000-0000-4000-8000-000000000001
    eventType: order.created
    timestamp: 1767614400000
    metadata: { sessionId: s1, sessionSeq: 1 }
`

/** Files that are no cases, and findings of cases that do not hold. */
export function wrongIn(files: readonly FileResult[]): unknown[] {
  return files.flatMap(({ problem, cases }) => [
    ...(problem === undefined ? [] : [problem]),
    ...cases.flatMap(({ findings }) => findings),
  ])
}
