import type { History } from './history.ts'
import { placeOf, type Anomaly } from './truth.ts'

/** What became of the writes, and how many were doubled. */
export interface Writes {
  readonly wrong: readonly Anomaly[]
  readonly doubled: number
}

/**
 * The ledger against the topic: what was acknowledged is there, once, where it was said to be; what has failed for sure is
 * not there; nothing is there that nobody sent.
 *
 * When a record is over its time and may have been written, or a broker misses a sequence number, librdkafka (2.12) begins a new
 * epoch, and sends what was under way once more, without knowing whether that is there: such a record is there twice. That
 * is counted, and no fault: plain writes are at least once. Within a transaction nothing of it is ever committed.
 */
export function checkWrites({ attempts, log }: Pick<History, 'attempts' | 'log'>): Writes {
  const wrong: Anomaly[] = []
  let doubled = 0
  const places = new Map<string, string[]>()
  for (const entry of log) {
    const known = places.get(entry.attempt)
    if (known === undefined) places.set(entry.attempt, [placeOf(entry)])
    else known.push(placeOf(entry))
  }
  for (const { attempt, outcome, partition, offset } of attempts) {
    const found = places.get(attempt) ?? []
    places.delete(attempt)
    const said = offset === undefined || offset < 0 ? undefined : `${partition}@${offset}`
    if (found.length > 1) doubled++
    if (outcome === 'ok' && found.length === 0)
      wrong.push({
        kind: 'lost write',
        what: `attempt ${attempt} was acknowledged at ${said}, and is not there`,
      })
    else if (outcome === 'ok' && said !== undefined && !found.includes(said))
      wrong.push({ kind: 'lost write', what: `attempt ${attempt} is at ${found[0]}, and not at ${said}` })
    if (outcome === 'fail' && found.length > 0)
      wrong.push({ kind: 'phantom write', what: `attempt ${attempt} failed for sure, and is at ${found[0]}` })
  }
  for (const [attempt, found] of places)
    wrong.push({ kind: 'phantom write', what: `nobody tried to write "${attempt}" at ${found[0]}` })
  return { wrong, doubled }
}
