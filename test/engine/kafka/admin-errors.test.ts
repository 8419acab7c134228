import { expect, test } from '@jest/globals'
import type { MillraceError } from '../../../engine/errors.ts'
import { adminError, answerRules } from '../../../engine/kafka/admin-errors.ts'

const answer = (apiId: string, serverErrorMessage: string | null = null): Error =>
  Object.assign(new Error('The request failed.'), {
    errors: [Object.assign(new Error(apiId), { apiId, serverErrorMessage })],
  })
const told = (error: unknown): MillraceError =>
  adminError(error, 'The topic orders cannot be made', ['broker:9092'])

const kinds: Readonly<Record<string, readonly [kind: string, code: string, says: RegExp]>> = {
  UNSUPPORTED_VERSION: ['fatal', 'KAFKA_REFUSED', /version cannot do that \(UNSUPPORTED_VERSION\)\.$/],
  TOPIC_DELETION_DISABLED: ['fatal', 'KAFKA_REFUSED', /delete\.topic\.enable is false/],
  UNKNOWN_TOPIC_OR_PARTITION: ['permanent', 'TOPIC_UNKNOWN', /no such topic or partition\.$/],
  GROUP_ID_NOT_FOUND: ['permanent', 'GROUP_UNKNOWN', /no such consumer group\.$/],
  NON_EMPTY_GROUP: ['permanent', 'GROUP_BUSY', /has members/],
  UNKNOWN_MEMBER_ID: ['permanent', 'GROUP_BUSY', /has members/],
  GROUP_SUBSCRIBED_TO_TOPIC: ['permanent', 'GROUP_BUSY', /has members/],
}

test.each(Object.keys(answerRules))('Kafka answers %s', (id) => {
  const [kind, code, says] = kinds[id] ?? [
    'downstream',
    'KAFKA_AWAY',
    new RegExp(`not ready for it \\(${id}\\)`),
  ]
  const error = told(answer(id))
  expect(error).toMatchObject({ kind, code, facts: { kafka: id } })
  expect(error.message).toMatch(/^The topic orders cannot be made: /)
  expect(error.message).toMatch(says)
})

test('an answer that nobody knows is permanent, in the words of Kafka', () => {
  expect(told(answer('INVALID_CONFIG', 'No such setting.'))).toMatchObject({
    kind: 'permanent',
    code: 'KAFKA_REFUSED',
    message: 'The topic orders cannot be made: No such setting (INVALID_CONFIG).',
  })
  expect(told(answer('INVALID_REQUEST')).message).toBe('The topic orders cannot be made: INVALID_REQUEST.')
})

test('of several answers one that lasts counts', () => {
  const both = Object.assign(new Error('both'), {
    errors: [answer('NOT_CONTROLLER'), answer('TOPIC_DELETION_DISABLED')],
  })
  expect(told(both)).toMatchObject({ kind: 'fatal', facts: { kafka: 'TOPIC_DELETION_DISABLED' } })
})

test.each<readonly [what: string, error: Error, kind: string, code: string, says: RegExp]>([
  [
    'credentials',
    answer('SASL_AUTHENTICATION_FAILED', 'Who?'),
    'fatal',
    'KAFKA_REFUSED',
    /refuses the credentials \(Who\?\)/,
  ],
  [
    'a certificate',
    Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }),
    'fatal',
    'KAFKA_REFUSED',
    /certificate .*CERT_HAS_EXPIRED/,
  ],
  ['no TLS', new Error('wrong version number'), 'fatal', 'KAFKA_REFUSED', /agree on TLS/],
  [
    'nobody there',
    Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    'downstream',
    'KAFKA_AWAY',
    /broker:9092 does not answer \(ECONNREFUSED\)/,
  ],
  [
    'silence',
    Object.assign(new Error('Request timed out'), { code: 'PLT_KFK_TIMEOUT' }),
    'downstream',
    'KAFKA_AWAY',
    /no answer in time/,
  ],
  ['something else', new Error('Odd.'), 'permanent', 'KAFKA_REFUSED', /Odd\.$/],
])('no answer of Kafka: %s', (_what, error, kind, code, says) => {
  expect(told(error)).toMatchObject({ kind, code })
  expect(told(error).message).toMatch(says)
})
