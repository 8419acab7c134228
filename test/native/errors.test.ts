import { expect, test } from '@jest/globals'
import { classOf, KafkaError, kafkaError, type KafkaErrorClass } from '../../native/errors.ts'

/** An error as the addon makes it. */
const raw = (code: string, more: { fatal?: boolean; retriable?: boolean; abortable?: boolean } = {}) =>
  Object.assign(new Error(`about ${code}`), {
    code,
    number: 1,
    fatal: false,
    retriable: false,
    abortable: false,
    ...more,
  })

test.each<[string, object, KafkaErrorClass]>([
  ['_TRANSPORT', {}, 'downstream'],
  ['OFFSET_METADATA_TOO_LARGE', {}, 'permanent'],
  ['ILLEGAL_GENERATION', {}, 'lost'],
  // The member may try again when the rebalance is over.
  ['REBALANCE_IN_PROGRESS', {}, 'downstream'],
  ['FENCED_INSTANCE_ID', {}, 'fenced'],
  ['OFFSET_OUT_OF_RANGE', {}, 'reset'],
  ['_DESTROY', {}, 'closed'],
  ['TOPIC_AUTHORIZATION_FAILED', {}, 'fatal'],
  // What librdkafka says of this case goes first.
  ['_TRANSPORT', { fatal: true }, 'fatal'],
  ['FENCED_INSTANCE_ID', { fatal: true }, 'fenced'],
  ['UNRELEASED_INSTANCE_ID', { fatal: true }, 'fenced'],
  ['_TIMED_OUT', { abortable: true }, 'abortable'],
  // Nobody knows these names.
  ['A_NEW_ONE', {}, 'fatal'],
  ['A_NEW_ONE', { retriable: true }, 'downstream'],
])('%s %p is %s', (code, flags, expected) => {
  const error = kafkaError(raw(code, flags))
  expect(error).toBeInstanceOf(KafkaError)
  expect(error).toMatchObject({ class: expected, code, number: 1, message: `about ${code}` })
})

test('a time-out of a request that may have taken effect is told from one that cannot have', () => {
  expect(kafkaError(raw('_TIMED_OUT')).class).toBe('downstream')
  expect(kafkaError(raw('_TIMED_OUT'), 'unknown').class).toBe('unknown')
  expect(kafkaError(raw('REQUEST_TIMED_OUT'), 'unknown').class).toBe('unknown')
  expect(kafkaError(raw('OFFSET_METADATA_TOO_LARGE'), 'unknown').class).toBe('permanent')
})

test('what is a KafkaError already stays as it is', () => {
  const error = new KafkaError('X', 1, 'x', 'lost')
  expect(kafkaError(error)).toBe(error)
  expect(classOf('no such name')).toBeUndefined()
})
