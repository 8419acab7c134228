import { existsSync, readFileSync } from 'node:fs'
import type { Attempt, ChaosEvent, Outcome } from './history.ts'

/** A line of a producer's ledger. */
export type LedgerLine =
  | ({ readonly type: 'try'; readonly attempt: string } & ChaosEvent)
  | { readonly type: 'ok'; readonly attempt: string; readonly partition: number; readonly offset: number }
  | { readonly type: 'fail' | 'unknown'; readonly attempt: string; readonly code: string }

/** All attempts of a ledger file, in their order; none where it is not there yet. */
export function readLedger(file: string): Attempt[] {
  return existsSync(file) ? attemptsOf(readFileSync(file, 'utf8')) : []
}

/** What a ledger says. An attempt without an outcome is unknown; a last line that a kill has cut short is left out. */
export function attemptsOf(text: string): Attempt[] {
  const attempts = new Map<string, Attempt>()
  for (const part of text.split('\n')) {
    const line = parse(part)
    if (line === undefined) continue
    if (line.type === 'try') {
      const { type: _, ...event } = line
      attempts.set(line.attempt, { ...event, outcome: 'unknown' })
      continue
    }
    const attempt = attempts.get(line.attempt)
    if (attempt === undefined)
      throw new Error(`The ledger tells how ${line.attempt} ended, and not that it began.`)
    const outcome: Outcome = line.type
    const place = line.type === 'ok' ? { partition: line.partition, offset: line.offset } : {}
    attempts.set(line.attempt, { ...attempt, outcome, ...place })
  }
  return [...attempts.values()]
}

function parse(text: string): LedgerLine | undefined {
  try {
    return text === '' ? undefined : (JSON.parse(text) as LedgerLine)
  } catch {
    // A kill while it was written: the attempt was not sent, or its outcome stays unknown.
    return undefined
  }
}
