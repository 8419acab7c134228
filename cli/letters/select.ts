import type { Project } from '../project/contract.ts'
import {
  keyText,
  openKeys,
  parkedTopics,
  type OpenLetter,
  type ParkedKey,
  type ParkedTopic,
} from './parked.ts'
import { placeOf } from './place.ts'
import { LetterRefusal } from './refusal.ts'

/** Which letters of one parked topic are meant: one of key, place and all. */
export interface Selection {
  readonly topology?: string | undefined
  /** The source topic. */
  readonly topic?: string | undefined
  /** As `keyText` shows it. */
  readonly key?: string | undefined
  /** `PARTITION@OFFSET` in the parked topic. */
  readonly place?: string | undefined
  readonly all?: boolean | undefined
}

/** The one parked topic that is meant. Throws a {@link LetterRefusal} for none and for several. */
export async function oneTopic(
  project: Pick<Project, 'log'>,
  { topology, topic }: Pick<Selection, 'topology' | 'topic'>,
): Promise<ParkedTopic> {
  const found = await parkedTopics(project, { topology, topic })
  const [only, ...others] = found
  if (only === undefined) throw new LetterRefusal('unknown', 'Nothing was ever parked there', seeList)
  if (others.length === 0) return only
  const names = found.map(({ group, topic: name }) => `--topology ${group} --topic ${name}`)
  const meant = found.map(({ group, topic: name }) => `${name} parked by ${group}`)
  throw new LetterRefusal(
    'ambiguous',
    `There are letters of several topics (${meant.join(', ')})`,
    `give ${names.join(', or ')}`,
  )
}

const seeList = 'see millrace dlq list'

/** The open letters of a key, in its order: of each partition in which it has some. */
export function withKey(keys: readonly ParkedKey[], parked: ParkedTopic, wanted: string): ParkedKey[] {
  const found = keys.filter(({ key }) => keyText(key) === wanted)
  if (found.length > 0) return found
  throw new LetterRefusal('unknown', `The key "${wanted}" has no open letters in ${parked.name}`, seeList)
}

/** The open letter at a place, alone. */
export function letterIn(keys: readonly ParkedKey[], parked: ParkedTopic, place: string): ParkedKey {
  const { partition, offset } = placeOf(place)
  for (const key of keys) {
    const letter = key.partition === partition ? key.letters.find((one) => one.offset === offset) : undefined
    if (letter !== undefined) return { ...key, letters: [letter] }
  }
  throw new LetterRefusal('unknown', `There is no open letter at ${place} of ${parked.name}`, seeList)
}

/** What a release is about: a whole key, or a letter without key, since only that has no order. */
export async function releasable(
  project: Pick<Project, 'log'>,
  parked: ParkedTopic,
  { key, place, all }: Selection,
): Promise<ParkedKey[]> {
  if ([key !== undefined, place !== undefined, all === true].filter(Boolean).length !== 1) {
    throw new LetterRefusal(
      'invalid',
      'A release needs one of a key, all keys, or the place of a letter without key',
      'dlq release needs one of --key KEY, --all, or the PARTITION@OFFSET of a record without key',
    )
  }
  const keys = await openKeys(project, parked)
  if (all === true) return keys
  if (key !== undefined) return withKey(keys, parked, key)
  const found = letterIn(keys, parked, place!)
  if (found.key === null) return [found]
  const name = keyText(found.key)!
  throw new LetterRefusal(
    'conflict',
    `The letters of a key are released together, in order, and ${place!} is one of key ${name}`,
    `give --key ${name} instead of ${place!}`,
  )
}

/** What a discard is about: the letters that a key has now, or one letter. */
export async function discardable(
  project: Pick<Project, 'log'>,
  parked: ParkedTopic,
  { key, place, all }: Selection,
): Promise<ParkedKey[]> {
  if (all === true)
    throw new LetterRefusal(
      'invalid',
      'Letters are discarded by key or by place, never all at once',
      'dlq discard has no --all: name a key with --key, or a letter by PARTITION@OFFSET',
    )
  if ((key === undefined) === (place === undefined))
    throw new LetterRefusal(
      'invalid',
      'A discard needs one of a key and the place of a letter',
      'dlq discard needs one of --key KEY and a PARTITION@OFFSET',
    )
  const keys = await openKeys(project, parked)
  return key === undefined ? [letterIn(keys, parked, place!)] : withKey(keys, parked, key)
}

/** How many letters there are of these keys. */
export function countOf(keys: readonly { readonly letters: readonly OpenLetter[] }[]): number {
  return keys.reduce((sum, { letters }) => sum + letters.length, 0)
}
