import { KafkaError, type KafkaErrorClass } from '../../native/errors.ts'
import { fatalError, MillraceError, sentenceOf, type ErrorCode, type ErrorKind } from '../errors.ts'
import { missingRight, type Access } from './rights.ts'

/** Which code an error gets that does not pass by itself; what passes is KAFKA_AWAY. */
export type LastingCode = Extract<
  ErrorCode,
  'SOURCE_FAILED' | 'SINK_FAILED' | 'COMMIT_FAILED' | 'KAFKA_REFUSED' | 'TOPIC_UNKNOWN'
>

interface ClassRule {
  readonly kind: Exclude<ErrorKind, 'record'>
  /** undefined: the code of whoever asked. */
  readonly code?: ErrorCode
  readonly why: string
}

/** What each class of native/errors.ts, in which every code of librdkafka has its place, means for a worker. */
export const classRules: Readonly<Record<KafkaErrorClass, ClassRule>> = {
  downstream: { kind: 'downstream', code: 'KAFKA_AWAY', why: 'No broker answers, or not yet: it passes.' },
  unknown: {
    kind: 'downstream',
    code: 'KAFKA_AWAY',
    why: 'Whether it took effect is not known: it is asked for again.',
  },
  closed: { kind: 'downstream', code: 'KAFKA_AWAY', why: 'The client was closed while it was asked.' },
  lost: {
    kind: 'downstream',
    code: 'KAFKA_AWAY',
    why: 'The partition, or the place in the group, went to another member.',
  },
  abortable: { kind: 'downstream', code: 'KAFKA_AWAY', why: 'The transaction is aborted, and made again.' },
  reset: {
    kind: 'fatal',
    code: 'OFFSET_OUT_OF_RANGE',
    why: 'The topology says what then; here nobody asked it.',
  },
  permanent: { kind: 'permanent', why: 'This record, or this request, is always refused.' },
  fenced: { kind: 'fatal', code: 'FENCED', why: 'Another worker has taken over.' },
  fatal: { kind: 'fatal', why: 'Settings, credentials, or a client that cannot go on.' },
}

/** A topic that is not there does not come by itself. */
const unknownTopic: ClassRule = {
  kind: 'fatal',
  code: 'TOPIC_UNKNOWN',
  why: 'There is no such topic or partition.',
}

/**
 * An error of native/ as one of Millrace. What is away, or was closed, is `downstream`; what is refused for good is
 * `permanent`; wrong settings, credentials or permissions, and being fenced, are `fatal`.
 *
 * @param about  what was being done, as the beginning of a sentence: `Topic orders cannot be written`
 * @param access  whose right is missing, where one is
 */
export function clientError(
  error: unknown,
  about: string,
  code: LastingCode,
  access: Access = {},
): MillraceError {
  if (error instanceof MillraceError) return error
  const message = `${about}: ${sentenceOf(error).replace(/\.$/, '')}.`
  if (!(error instanceof KafkaError)) return fatalError(code, message, { cause: error })
  const details = { cause: error, facts: { kafka: error.code } }
  const right = missingRight(error.code, { operation: usual(error.code, code), ...access })
  if (right !== undefined) return fatalError('KAFKA_REFUSED', `${about}: ${right}.`, details)
  const isTopic = error.class === 'permanent' && isUnknownTopic(error)
  const rule = isTopic ? unknownTopic : classRules[error.class]
  return new MillraceError(rule.kind, rule.code ?? code, message, details)
}

/** The right that is mostly missing where something like this was being done. */
function usual(id: string, code: LastingCode): string | undefined {
  if (id !== 'TOPIC_AUTHORIZATION_FAILED') return undefined
  return code === 'SOURCE_FAILED' ? 'Read' : 'Write'
}

/** There is no such topic, or it has no such partition. */
export function isUnknownTopic(error: unknown): boolean {
  return (
    error instanceof KafkaError &&
    ['UNKNOWN_TOPIC_OR_PART', '_UNKNOWN_TOPIC', '_UNKNOWN_PARTITION'].includes(error.code)
  )
}

/** True for an error that says that the client was closed. */
export function isClosed(error: unknown): boolean {
  return error instanceof KafkaError && error.class === 'closed'
}

/** True for an error that says no more than that the client, or the partition's hold, is gone. */
export function isOver(error: unknown): boolean {
  return error instanceof KafkaError && (error.class === 'closed' || error.class === 'lost')
}
