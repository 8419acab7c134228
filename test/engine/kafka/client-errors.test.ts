import { expect, test } from '@jest/globals'
import { KafkaError, type KafkaErrorClass } from '../../../native/errors.ts'
import { downstreamError } from '../../../engine/errors.ts'
import { classRules, clientError } from '../../../engine/kafka/client-errors.ts'

const kafkaError = (errorClass: KafkaErrorClass, code = 'SOME_CODE'): KafkaError =>
  new KafkaError(code, 1, 'It said so.', errorClass)

const expected: Readonly<Record<KafkaErrorClass, readonly [kind: string, code: string]>> = {
  downstream: ['downstream', 'KAFKA_AWAY'],
  unknown: ['downstream', 'KAFKA_AWAY'],
  closed: ['downstream', 'KAFKA_AWAY'],
  lost: ['downstream', 'KAFKA_AWAY'],
  abortable: ['downstream', 'KAFKA_AWAY'],
  reset: ['fatal', 'OFFSET_OUT_OF_RANGE'],
  permanent: ['permanent', 'SINK_FAILED'],
  fenced: ['fatal', 'FENCED'],
  fatal: ['fatal', 'SINK_FAILED'],
}

test.each(Object.keys(classRules) as KafkaErrorClass[])('an error of class %s', (errorClass) => {
  const error = kafkaError(errorClass)
  const [kind, code] = expected[errorClass]
  expect(clientError(error, 'Topic orders cannot be written', 'SINK_FAILED')).toMatchObject({
    kind,
    code,
    message: 'Topic orders cannot be written: It said so.',
    cause: error,
    facts: { kafka: 'SOME_CODE' },
  })
})

test.each(['UNKNOWN_TOPIC_OR_PART', '_UNKNOWN_TOPIC', '_UNKNOWN_PARTITION'])(
  '%s: the topic is not there',
  (code) => {
    const error = clientError(kafkaError('permanent', code), 'It cannot be read', 'SOURCE_FAILED')
    expect(error).toMatchObject({ kind: 'fatal', code: 'TOPIC_UNKNOWN' })
  },
)

test('a right that is missing is named, with who misses it', () => {
  const error = kafkaError('fatal', 'TOPIC_AUTHORIZATION_FAILED')
  const told = clientError(error, 'Topic orders cannot be written', 'SINK_FAILED', { user: 'user ann' })
  expect(told).toMatchObject({ kind: 'fatal', code: 'KAFKA_REFUSED' })
  expect(told.message).toMatch(/^Topic orders cannot be written: .*user ann.*Write/)
})

test('what is no error of Kafka is fatal, and one of Millrace stays what it is', () => {
  expect(clientError(new Error('odd'), 'It', 'COMMIT_FAILED')).toMatchObject({
    kind: 'fatal',
    code: 'COMMIT_FAILED',
  })
  const known = downstreamError('KAFKA_AWAY', 'away')
  expect(clientError(known, 'It', 'COMMIT_FAILED')).toBe(known)
})
