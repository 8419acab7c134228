import type { Log } from '../../engine/component/contracts/log.ts'
import { plainRecord } from '../../engine/component/packed-records.ts'
import { permanentError } from '../../engine/errors.ts'
import type { PartitionBound } from './bounds.ts'
import type { ReplayRequest, ReplaySpec } from './request.ts'

const version = 1

/** A replay as it was begun. Every process that takes part, now or later, goes by it. */
export interface KeptReplay {
  readonly version: typeof version
  readonly topology: string
  readonly name: string
  /** ISO 8601. */
  readonly begun: string
  readonly spec: ReplaySpec
  readonly said: ReplayRequest['said']
  readonly bounds: readonly PartitionBound[]
  /** When somebody saw that all of it was settled, ISO 8601. */
  readonly done?: string
}

const topicEnding = '.plan'

/** The topic that keeps what a replay is: one partition, in which the first plan counts. */
export function keptTopic(group: string): string {
  return `${group}${topicEnding}`
}

/** The groups of the replays that may be there. */
export function keptGroups(topics: readonly string[]): string[] {
  return topics.flatMap((topic) => {
    return /\.replay\.[A-Za-z0-9_-]+\.plan$/.test(topic) ? [topic.slice(0, -topicEnding.length)] : []
  })
}

type Entry = Omit<KeptReplay, 'done'> | { readonly version: number; readonly done: string }

/** What is kept of a replay; undefined where there is none. Of two processes that began at once, both read the first's. */
export async function readKept(log: Log, group: string): Promise<KeptReplay | undefined> {
  const place = { topic: keptTopic(group), partition: 0 }
  if ((await log.partitionsOf(place.topic)) === undefined) return undefined
  let kept: KeptReplay | undefined
  const { first, end } = await log.bounds(place)
  for (let next = first; next < end;) {
    const { records, next: after } = await log.fetch(place, next, 100)
    for (let row = 0; row < records.count; row++) {
      const entry = entryOf(plainRecord(records, row).value, group)
      if ('done' in entry) kept &&= { ...kept, done: entry.done }
      else kept ??= entry
    }
    if (after <= next) break
    next = after
  }
  return kept
}

/** Keeps what a replay is; answers what counts: another process may have been first. */
export async function keep(
  log: Log,
  group: string,
  replay: Omit<KeptReplay, 'version'>,
): Promise<KeptReplay> {
  await log.ensureTopic(keptTopic(group), { partitions: 1 })
  await write(log, group, { version, ...replay })
  const kept = await readKept(log, group)
  if (kept === undefined)
    throw permanentError('REPLAY_REFUSED', `${keptTopic(group)} lost what was written: try again.`)
  return kept
}

/** Notes that all of it is settled. */
export function keepDone(log: Log, group: string, done: string): Promise<void> {
  return write(log, group, { version, done })
}

async function write(log: Log, group: string, entry: Entry): Promise<void> {
  const value = Buffer.from(JSON.stringify(entry))
  await log.append([
    { topic: keptTopic(group), partition: 0, key: null, value, headers: [], timestamp: Date.now() },
  ])
}

function entryOf(value: Uint8Array | null, group: string): Entry {
  try {
    const entry = JSON.parse(Buffer.from(value ?? '').toString()) as Entry
    if (entry.version === version) return entry
  } catch {
    // Told below.
  }
  throw permanentError(
    'REPLAY_REFUSED',
    `${keptTopic(group)} holds what this Millrace does not understand: use the one that began the replay, or remove it.`,
  )
}

/**
 * The same replay has the same flags. What is not given is as it was.
 *
 * @throws REPLAY_REFUSED (permanent)
 */
export function refuseOther(kept: KeptReplay, { said, name }: ReplayRequest): void {
  for (const [flag, text] of Object.entries(said)) {
    if (text === undefined || text === kept.said[flag]) continue
    const was = kept.said[flag] === undefined ? `without --${flag}` : `with --${flag} ${kept.said[flag]}`
    throw permanentError(
      'REPLAY_REFUSED',
      `The replay ${name} of ${kept.topology} was begun ${was}: leave --${flag} ${text} out to go on with it, give the new one ` +
        'another name (--as), or remove the old one first (millrace replay remove).',
    )
  }
}
