import type { Project } from '../project/contract.ts'
import { matchesLetter, type LetterFilter } from './filter.ts'
import { keyText, openKeys, parkedTopics, type ParkedKey } from './parked.ts'
import { placeOf, placeText } from './place.ts'
import { recordTypes, type TypeOf } from './record-types.ts'
import { LetterRefusal } from './refusal.ts'

/** A part of a list. */
export interface Page {
  /** Keys, at most. */
  readonly limit?: number | undefined
  /** Where the last page ended: its `more`. */
  readonly after?: string | undefined
}

/** A key with open letters. */
export interface KeySummary {
  readonly topology: string
  readonly topic: string
  readonly partition: number
  /** Null for a record without key, which stands alone. */
  readonly key: string | null
  readonly openLetters: number
  /** Place of the first letter: `PARTITION@OFFSET`. */
  readonly firstLetter: string
  /** ISO 8601. */
  readonly firstFailure: string
  readonly node: string
  readonly class: string
  readonly code: string
  /** Full name of the schema of the first letter's record; null where it carries none that is known. */
  readonly type: string | null
  readonly error: string
  /** What was asked for and is not carried out yet. */
  readonly requested: 'release' | 'discard' | null
}

/** Keys, and where to go on; undefined at the end. */
export interface FoundKeys {
  readonly keys: readonly KeySummary[]
  readonly more: string | undefined
}

/**
 * The keys with open letters of which the first one is as the filter says, in the order of parked topics, partitions and first letters. A page begins behind the place
 * where the last one ended, whatever became of the letters there.
 */
export async function findKeys(project: Project, filter: LetterFilter, page: Page = {}): Promise<FoundKeys> {
  const after = page.after === undefined ? undefined : cursorOf(page.after)
  const typeOf = recordTypes(project)
  const keys: KeySummary[] = []
  let last: ParkedKey | undefined
  for (const parked of await parkedTopics(project, filter)) {
    if (after !== undefined && parked.name < after.name) continue
    for (const key of await openKeys(project, parked)) {
      if (after !== undefined && !isBehind(key, after)) continue
      const found = await summaryOf(key, typeOf)
      if (!matchesLetter({ ...found, firstFailure: Date.parse(found.firstFailure) }, filter)) continue
      if (keys.length === page.limit) return { keys, more: cursorText(last!) }
      keys.push(found)
      last = key
    }
  }
  return { keys, more: undefined }
}

async function summaryOf(
  { parked, partition, key, letters }: ParkedKey,
  typeOf: TypeOf,
): Promise<KeySummary> {
  const first = letters[0]!
  const { info } = first
  return {
    topology: parked.group,
    topic: parked.topic,
    partition,
    key: keyText(key),
    openLetters: letters.length,
    firstLetter: placeText(first),
    firstFailure: new Date(info.firstFailure).toISOString(),
    node: info.node,
    class: info.kind,
    code: info.code,
    type: info.type ?? (await typeOf(first.schemaId)),
    error: info.message,
    requested: letters.find(({ asked }) => asked !== undefined)?.asked ?? null,
  }
}

/** The place of the first letter of the last key of a page. */
interface Cursor {
  readonly name: string
  readonly partition: number
  readonly offset: number
}

function cursorText({ parked, letters }: ParkedKey): string {
  return `${parked.name}/${placeText(letters[0]!)}`
}

function cursorOf(text: string): Cursor {
  const at = text.lastIndexOf('/')
  if (at <= 0) throw new LetterRefusal('invalid', `"${text}" is not where a page ended`)
  return { name: text.slice(0, at), ...placeOf(text.slice(at + 1)) }
}

function isBehind(
  { parked, partition, letters }: ParkedKey,
  { name, partition: last, offset }: Cursor,
): boolean {
  if (parked.name !== name) return parked.name > name
  if (partition !== last) return partition > last
  return letters[0]!.offset > offset
}
