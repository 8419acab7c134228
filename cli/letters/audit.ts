import { randomUUID } from 'node:crypto'
import type { Log } from '../../engine/component/contracts/log.ts'

/** The topic that says who did what to letters: one record at the beginning of an act, one at its end. Kept for ever. */
export const actsTopic = 'millrace.acts'

/** Who asks for an act. */
export interface Who {
  /** A user's name, or the id of a key or subject. */
  readonly by: string
  readonly via: 'command line' | 'http'
  /** An address, where it came over a network. */
  readonly from?: string
}

/** What is done. */
export interface ActFacts {
  readonly act: 'release' | 'discard' | 'edit' | 'replay'
  readonly topology: string | null
  /** The source topic of the letters. */
  readonly topic: string | null
  /** What was asked for, as it was asked for: a key, a place, a filter. */
  readonly selection: Readonly<Record<string, unknown>>
  readonly reason?: string
  /** Where replayed records go. */
  readonly to?: string
}

/** A record of `millrace.acts`: JSON, its key the topology's name. */
export interface ActEntry extends ActFacts, Who {
  readonly v: 1
  /** The same at the beginning and at the end of one act. */
  readonly id: string
  /** ISO 8601. */
  readonly at: string
  /** `refused` ones have no beginning. An act without end was cut short: what it did is in the parked topic. */
  readonly phase: 'begun' | 'done' | 'stopped' | 'failed' | 'refused'
  /** Letters that it is about; at the end, those that it was done to. */
  readonly letters: number
  readonly error?: string
}

/** An id for an act. */
export function newActId(): string {
  return randomUUID()
}

/** Writes an entry. An act whose beginning cannot be written is not begun. Throws what the log throws. */
export async function writeAct(
  log: Log,
  who: Who,
  what: ActFacts & Pick<ActEntry, 'id' | 'phase' | 'letters' | 'error'>,
): Promise<ActEntry> {
  const now = Date.now()
  const entry: ActEntry = { v: 1, at: new Date(now).toISOString(), ...who, ...what }
  await log.ensureTopic(actsTopic, { partitions: 1 })
  const key = entry.topology === null ? null : Buffer.from(entry.topology)
  await log.append([
    { topic: actsTopic, key, value: Buffer.from(JSON.stringify(entry)), headers: [], timestamp: now },
  ])
  return entry
}
