import { KafkaError } from '../../native/errors.ts'
import {
  downstreamError,
  fatalError,
  MillraceError,
  permanentError,
  type ErrorCode,
  sentenceOf,
} from '../errors.ts'
import { missingRight, type Access } from './rights.ts'

/** Which code an error gets that does not pass by itself; what passes is KAFKA_AWAY. */
export type LastingCode = Extract<
  ErrorCode,
  'SOURCE_FAILED' | 'SINK_FAILED' | 'COMMIT_FAILED' | 'KAFKA_REFUSED' | 'TOPIC_UNKNOWN'
>

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
  switch (error.class) {
    case 'downstream':
    case 'unknown':
    case 'closed':
    case 'lost':
    case 'abortable':
      return downstreamError('KAFKA_AWAY', message, details)
    case 'reset':
      return fatalError('OFFSET_OUT_OF_RANGE', message, details)
    case 'permanent':
      return isUnknownTopic(error)
        ? fatalError('TOPIC_UNKNOWN', message, details)
        : permanentError(code, message, details)
    case 'fenced':
      return fatalError('FENCED', message, details)
    case 'fatal':
      return fatalError(code, message, details)
  }
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
