import { plainRecord } from '../../engine/component/packed-records.ts'
import type { Project } from '../project/contract.ts'
import { showValue, type ShownValue } from '../terminal/stored-value.ts'
import { keyText, letterAt, openKeys, type Letter, type OpenLetter, type ParkedTopic } from './parked.ts'
import { placeOf, type LetterPlace } from './place.ts'
import { LetterRefusal } from './refusal.ts'
import { schemasOf, type SchemasOfLetter } from './schemas-of.ts'

/** A letter, for people and machines. */
export type ShownLetter = ReturnType<typeof letterFields> &
  ShownValue & {
    readonly place: string
    /** `open`, `open, release requested`, `released` … */
    readonly state: string
    /** What its value was written with and what it is read as, where both are known and differ. */
    readonly schema?: SchemasOfLetter
    /** What stands for its value when it is released. */
    readonly edited?: ShownEdit
  }

interface ShownEdit extends ShownValue {
  readonly by: string
  /** ISO 8601. */
  readonly at: string
  readonly reason?: string
}

/** A letter, decoded by the schema that wrote it. Throws a {@link LetterRefusal} where there is none. */
export async function shownLetter(
  project: Project,
  parked: ParkedTopic,
  place: string,
): Promise<ShownLetter> {
  const at = placeOf(place)
  const letter = await letterAt(project, parked, at.partition, at.offset)
  if (letter === undefined) {
    throw new LetterRefusal(
      'unknown',
      `There is no letter at ${place} of ${parked.name}`,
      'see millrace dlq list',
    )
  }
  const open = await openAt(project, parked, at)
  const state =
    open === undefined ? 'closed' : open.asked === undefined ? 'open' : `open, ${open.asked} requested`
  const schema = await schemasOf(project, letter)
  const edited = open?.edit && (await shownEdit(project, parked, at.partition, open.edit))
  return {
    ...{ place, state, ...letterFields(letter), ...(await showValue(project, letter.record.value)) },
    ...(schema !== undefined && { schema }),
    ...(edited !== undefined && { edited }),
  }
}

async function openAt(
  project: Project,
  parked: ParkedTopic,
  at: LetterPlace,
): Promise<OpenLetter | undefined> {
  const keys = (await openKeys(project, parked)).filter((key) => key.partition === at.partition)
  return keys.flatMap(({ letters }) => letters).find((one) => one.offset === at.offset)
}

async function shownEdit(
  project: Project,
  parked: ParkedTopic,
  partition: number,
  { by, at, reason, offset }: NonNullable<OpenLetter['edit']>,
): Promise<ShownEdit | undefined> {
  const { records } = await project.log.fetch({ topic: parked.name, partition }, offset, 1)
  if (records.count === 0) return undefined
  const shown = await showValue(project, plainRecord(records, 0).value)
  return { by, at: new Date(at).toISOString(), ...(reason !== undefined && { reason }), ...shown }
}

function letterFields({ info, record }: Letter) {
  return {
    topology: info.group,
    record: `${info.topic}/${info.partition}@${info.offset}`,
    key: keyText(record.key),
    timestamp: new Date(info.timestamp).toISOString(),
    follower: info.follower,
    node: info.node,
    class: info.kind,
    code: info.code,
    error: info.message,
    attempts: info.attempts,
    ...(info.type !== undefined && { type: info.type }),
    ...(info.correlation !== undefined && { correlation: info.correlation }),
    firstFailure: new Date(info.firstFailure).toISOString(),
    parkedAt: new Date(info.parkedAt).toISOString(),
    headers: record.headers.map(({ name, value }) => ({
      name,
      value: value === null ? null : keyText(value),
    })),
  }
}
