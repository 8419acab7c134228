import { LineRefused, recordOf } from '../produce/lines.ts'
import type { Project } from '../project/contract.ts'
import { newActId, writeAct, type ActFacts, type Who } from './audit.ts'
import { letterAt, openKeys, type Letter, type OpenLetter, type ParkedTopic } from './parked.ts'
import { placeOf } from './place.ts'
import { recordTypes } from './record-types.ts'
import { LetterRefusal } from './refusal.ts'

/** A letter that is to get another value. */
export interface EditedLetter {
  readonly parked: ParkedTopic
  readonly place: string
  readonly letter: Letter
  /** The open letter, where it is open. */
  readonly open: OpenLetter | undefined
  /** Letters of its key that are released with it: all that are open, those behind it too. */
  readonly released: number
}

/** Looks a letter up for an edit. Throws a {@link LetterRefusal} where there is none, or one that is about to be discarded. */
export async function letterToEdit(
  project: Project,
  parked: ParkedTopic,
  place: string,
): Promise<EditedLetter> {
  const { partition, offset } = placeOf(place)
  const letter = await letterAt(project, parked, partition, offset)
  if (letter === undefined)
    throw new LetterRefusal(
      'unknown',
      `There is no letter at ${place} of ${parked.name}`,
      'see millrace dlq list',
    )
  const key = (await openKeys(project, parked)).find(
    (one) => one.partition === partition && one.letters.some((open) => open.offset === offset),
  )
  const open = key?.letters.find((one) => one.offset === offset)
  if (open?.asked === 'discard')
    throw new LetterRefusal('conflict', `A discard of the letter at ${place} is asked for already`)
  return { parked, place, letter, open, released: key?.letters.length ?? 0 }
}

/**
 * The bytes of an edited value: written with the newest version of the record's schema where it has one, and as they are
 * otherwise. `null` is a tombstone. Throws a {@link LetterRefusal} for what does not fit.
 */
export async function encodedEdit(
  project: Project,
  { letter }: EditedLetter,
  json: Uint8Array,
): Promise<Uint8Array | null> {
  const bytes = Buffer.from(json)
  const text = bytes.toString('utf8').trim()
  if (text === 'null') return null
  const { type, schemaId, topic } = letter.info
  const schema = type ?? (await recordTypes(project)(schemaId))
  try {
    if (schema === null) return plainEdit(letter, bytes, text)
    const encoder = await project.schemas.encoder(schema, topic)
    const { value } = recordOf(
      { number: 1, bytes: Buffer.from(text) },
      { encoder, key: undefined, timestamp: undefined },
    )
    return value
  } catch (error) {
    if (!(error instanceof LineRefused)) throw error
    throw new LetterRefusal('invalid', `The edited value is refused: ${error.message.replace(/\.$/, '')}`)
  }
}

/** What was JSON stays JSON; a line end that an editor adds is no part of it. */
function plainEdit({ record }: Letter, bytes: Buffer, text: string): Uint8Array {
  const before = Buffer.from(record.value ?? []).toString('utf8')
  if (!isJson(before))
    return before.endsWith('\n') ? bytes : Buffer.from(bytes.toString('utf8').replace(/\n$/, ''))
  if (!isJson(text)) throw new LineRefused('not JSON, as the value is that it stands for')
  return Buffer.from(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * Puts a value in the place of an open letter's, and asks for the letters of its key to be released, in order: both in one
 * append. The letter keeps its position, and so its place in the order and its id. Throws what the log throws.
 */
export async function carryOutEdit(
  project: Project,
  { parked, place, letter, open, released }: EditedLetter,
  value: Uint8Array | null,
  {
    who,
    reason,
    id = newActId(),
  }: { readonly who: Who; readonly reason: string | undefined; readonly id?: string | undefined },
): Promise<{ readonly id: string; readonly letters: number }> {
  if (open === undefined) throw new LetterRefusal('conflict', `The letter at ${place} is not open`)
  const { encodeCommand, encodeEdit } = await import('../../engine/runtime/letters.ts')
  const why = reason === undefined ? {} : { reason }
  const facts: ActFacts = {
    ...{ act: 'edit', topology: parked.group, topic: parked.topic, selection: { place }, ...why },
  }
  await writeAct(project.log, who, { ...facts, id, phase: 'begun', letters: released })
  const { key } = letter.record
  const at = Date.now()
  const edit = encodeEdit({ letter: open.offset, by: who.by, at, ...why }, key, value)
  const alone = key === null ? { letters: [open.offset] } : {}
  const command = encodeCommand({ act: 'release', by: who.by, at, ...alone, ...why }, key)
  const where = { topic: parked.name, partition: open.partition }
  await project.log.append([
    { ...edit, ...where },
    { ...command, ...where },
  ])
  await writeAct(project.log, who, { ...facts, id, phase: 'done', letters: released })
  return { id, letters: released }
}
