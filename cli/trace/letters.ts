import type { Log } from '../../engine/component/contracts/log.ts'
import type { LetterInfo } from '../../engine/runtime/letters.ts'
import { lettersOf, type LetterState } from '../reconcile/letters.ts'

/** A letter about one record. */
export interface TracedLetter {
  /** `group.topic.parked/0@17` */
  readonly position: string
  readonly state: LetterState
  /** What was asked for, and is not carried out yet. */
  readonly asked: 'release' | 'discard' | null
  readonly node: string
  readonly follower: boolean
  readonly code: string
  readonly message: string
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly parkedAt: number
}

/** The letters of a group about records of a topic's partition, by the offset of the record. */
export async function tracedLetters(
  log: Log,
  group: string,
  {
    topic,
    partition,
    offsets,
  }: { readonly topic: string; readonly partition: number; readonly offsets: ReadonlySet<number> },
): Promise<Map<number, TracedLetter[]>> {
  const { parkedTopic } = await import('../../engine/runtime/letters.ts')
  const name = parkedTopic(group, topic)
  const found = new Map<number, TracedLetter[]>()
  if (((await log.partitionsOf(name)) ?? 0) <= partition) return found
  const wanted = (info: LetterInfo): LetterInfo | undefined =>
    info.partition === partition && offsets.has(info.offset) ? info : undefined
  for (const { place, state, asked, kept } of await lettersOf(
    log,
    group,
    { topic: name, partition },
    wanted,
  )) {
    const { node, follower, code, message, attempts, parkedAt, offset } = kept
    const letters = found.get(offset) ?? []
    found.set(offset, letters)
    letters.push({
      position: `${name}/${partition}@${place}`,
      ...{ state, asked: asked ?? null, node, follower, code, message, attempts, parkedAt },
    })
  }
  return found
}
