import type { Project } from '../project-contract.ts'
import { showValue, type ShownValue } from '../stored-value.ts'
import { keyText, letterAt, openKeys, type Letter, type ParkedTopic } from './parked.ts'
import { placeOf, type LetterPlace } from './place.ts'
import { LetterRefusal } from './refusal.ts'

/** A letter, for people and machines. */
export type ShownLetter = ReturnType<typeof letterFields> &
  ShownValue & { readonly place: string; readonly state: string }

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
  const state = await stateOf(project, parked, at)
  return { place, state, ...letterFields(letter), ...(await showValue(project, letter.record.value)) }
}

async function stateOf(project: Project, parked: ParkedTopic, at: LetterPlace): Promise<string> {
  const keys = (await openKeys(project, parked)).filter((key) => key.partition === at.partition)
  const open = keys.flatMap(({ letters }) => letters).find((one) => one.offset === at.offset)
  if (open === undefined) return 'closed'
  return open.asked === undefined ? 'open' : `open, ${open.asked} requested`
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
    firstFailure: new Date(info.firstFailure).toISOString(),
    parkedAt: new Date(info.parkedAt).toISOString(),
    headers: record.headers.map(({ name, value }) => ({
      name,
      value: value === null ? null : keyText(value),
    })),
  }
}
