import type { Project } from '../project/contract.ts'
import { lettersOf, type LetterState } from '../reconcile/letters.ts'
import { keyText, type ParkedTopic } from './parked.ts'
import { recordTypes } from './record-types.ts'

/** A letter, open or not, with what people choose by. */
export interface AnyLetter {
  readonly partition: number
  /** In the parked partition. */
  readonly offset: number
  readonly state: LetterState
  readonly key: string | null
  readonly follower: boolean
  readonly node: string
  readonly class: string
  readonly code: string
  readonly type: string | null
  readonly error: string
  /** Milliseconds since 1970. */
  readonly firstFailure: number
  readonly parkedAt: number
}

/** All letters that a parked topic ever held, partition by partition, in their order. */
export async function allLetters(
  project: Pick<Project, 'log' | 'valueRegistry'>,
  parked: ParkedTopic,
): Promise<AnyLetter[]> {
  const typeOf = recordTypes(project)
  const found: AnyLetter[] = []
  for (let partition = 0; partition < parked.partitions; partition++) {
    const at = { topic: parked.name, partition }
    const letters = await lettersOf(project.log, parked.group, at, (info, key) => ({ info, key }))
    for (const { place, state, kept } of letters) {
      const { node, kind, code, type, schemaId, message, follower, firstFailure, parkedAt } = kept.info
      found.push({
        ...{ partition, offset: place, state, follower, node, class: kind, code, error: message },
        ...{ firstFailure, parkedAt },
        key: kept.key === undefined ? null : keyText(Buffer.from(kept.key, 'latin1')),
        type: type ?? (await typeOf(schemaId)),
      })
    }
  }
  return found
}
