import { expect, test } from '@jest/globals'
import {
  answerOf,
  clientError,
  isAboutRow,
  isOverloaded,
  serverError,
  tooLarge,
} from '../../../engine/cassandra/client-errors.ts'

const where = 'db1:9042, db2'
const named = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, ...more })
const noHost = (inner: object): Error =>
  named('NoHostAvailableError', 'All host(s) tried', { innerErrors: inner })

test.each<[number, string, string, string]>([
  [0x0000, 'java.lang.RuntimeException', 'downstream', 'CASSANDRA_AWAY'],
  [0x000a, 'Invalid or unsupported protocol version', 'fatal', 'CASSANDRA_REFUSED'],
  [0x0100, 'Provided username a and/or password are incorrect', 'fatal', 'CASSANDRA_REFUSED'],
  [
    0x0100,
    'Unable to perform authentication: Cannot achieve consistency level QUORUM',
    'downstream',
    'CASSANDRA_AWAY',
  ],
  [0x1000, 'Cannot achieve consistency level LOCAL_QUORUM', 'downstream', 'CASSANDRA_AWAY'],
  [0x1001, 'Server is in overloaded state', 'downstream', 'CASSANDRA_AWAY'],
  [0x1002, 'Cannot read from a bootstrapping node', 'downstream', 'CASSANDRA_AWAY'],
  [0x1003, 'Error during truncate', 'downstream', 'CASSANDRA_AWAY'],
  [0x1100, 'Operation timed out - received only 1 responses.', 'downstream', 'CASSANDRA_AWAY'],
  [0x1200, 'Operation timed out - received only 0 responses.', 'downstream', 'CASSANDRA_AWAY'],
  [0x1300, 'Operation failed - received 0 responses and 1 failures', 'downstream', 'CASSANDRA_AWAY'],
  [0x1400, 'execution of f failed', 'fatal', 'CASSANDRA_REFUSED'],
  [0x1500, 'Operation failed - received 0 responses and 1 failures', 'downstream', 'CASSANDRA_AWAY'],
  [0x1600, 'CDC directory is full', 'downstream', 'CASSANDRA_AWAY'],
  [0x1700, 'CAS operation result is unknown', 'downstream', 'CASSANDRA_AWAY'],
  [0x2000, "line 1:0 no viable alternative at input 'SELEKT'", 'fatal', 'CASSANDRA_REFUSED'],
  [0x2100, 'User reader has no MODIFY permission on <table k.t>', 'fatal', 'CASSANDRA_REFUSED'],
  [0x2200, 'Expected 4 or 0 byte int (8)', 'permanent', 'ROW_REFUSED'],
  [0x2200, 'Key may not be empty', 'permanent', 'ROW_REFUSED'],
  [0x2200, "Keyspace 'nope' does not exist", 'fatal', 'CASSANDRA_REFUSED'],
  [0x2200, 'table nope does not exist', 'fatal', 'TABLE_INCOMPATIBLE'],
  [0x2200, 'unconfigured table nope', 'fatal', 'TABLE_INCOMPATIBLE'],
  [0x2200, 'Undefined column name later in table k.t', 'fatal', 'TABLE_INCOMPATIBLE'],
  [0x2300, 'Missing replication strategy class', 'fatal', 'CASSANDRA_REFUSED'],
  [0x2400, 'Cannot add already existing table', 'fatal', 'CASSANDRA_REFUSED'],
  [0x2500, 'Prepared query with ID abc not found', 'downstream', 'CASSANDRA_AWAY'],
  [0x7777, 'something new', 'downstream', 'CASSANDRA_AWAY'],
])('the answer 0x%s (%s) is %s', (code, message, kind, name) => {
  const error = serverError({ code, message }, 'A row of t')
  expect([error.kind, error.code]).toEqual([kind, name])
  expect(error.message).toMatch(/^A row of t was not taken by Cassandra: [^\n]+[^.]\.$/)
  expect(error.message).toContain(message.replace(/\.$/, ''))
  expect(isAboutRow(error)).toBe(kind === 'permanent')
})

test.each<[string, Error, boolean]>([
  ['an overloaded node', named('ResponseError', 'overloaded', { code: 0x1001 }), true],
  ['too few replicas', named('ResponseError', 'Cannot achieve', { code: 0x1000 }), false],
  ['a node that is silent', named('OperationTimedOutError', 'did not reply before timeout 400 ms'), true],
  ['all streams in use', noHost({ 'db1:9042': named('BusyConnectionError', 'all are busy') }), true],
  ['nobody there', noHost({ 'db1:9042': named('Error', 'connect ECONNREFUSED') }), false],
])('%s asks for fewer requests at once, or not', (_, error, isSo) => {
  expect(isOverloaded(error)).toBe(isSo)
})

test('what a node answered is found among what was tried', () => {
  const forgotten = named('ResponseError', 'Prepared query not found', { code: 0x2500 })
  expect(answerOf(noHost({ 'db1:9042': forgotten }))?.code).toBe(0x2500)
  expect(answerOf(named('Error', 'read ECONNRESET', { code: 'ECONNRESET' }))).toBeUndefined()
})

test.each<[string, unknown, string, RegExp]>([
  [
    'nobody listens',
    noHost({ a: named('Error', 'connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' }) }),
    'downstream CASSANDRA_AWAY',
    /ECONNREFUSED.* it is tried again/,
  ],
  ['no name is known', noHost({}), 'downstream CASSANDRA_AWAY', /db1:9042, db2 does not answer: All host/],
  [
    'a silent node',
    noHost({ a: named('OperationTimedOutError', 'The host a did not reply before timeout 12 ms') }),
    'downstream CASSANDRA_AWAY',
    /did not reply/,
  ],
  [
    'a wrong password',
    noHost({ a: named('AuthenticationError', 'Provided username a and/or password are incorrect') }),
    'fatal CASSANDRA_REFUSED',
    /does not let this client in: .*correct username and password/,
  ],
  [
    'passwords that cannot be read',
    noHost({ a: named('AuthenticationError', 'Unable to perform authentication: timed out') }),
    'downstream CASSANDRA_AWAY',
    /Unable to perform/,
  ],
  [
    'no password',
    noHost({ a: named('AuthenticationError', 'requires authentication, but no authenticator found') }),
    'fatal CASSANDRA_REFUSED',
    /it asks for a user and password/,
  ],
  [
    'another data center',
    noHost({
      a: named('ArgumentError', 'Datacenter x was not found. Available DCs are: [d1,d2]'),
    }),
    'fatal CASSANDRA_REFUSED',
    /it has d1, d2: correct `datacenter`/,
  ],
  [
    'a stranger',
    noHost({
      a: named('Error', 'self-signed certificate in certificate chain', {
        code: 'SELF_SIGNED_CERT_IN_CHAIN',
      }),
    }),
    'fatal CASSANDRA_REFUSED',
    /No TLS with .*self-signed.*correct `tls`/,
  ],
  [
    'an answer',
    named('ResponseError', 'User a has no SELECT permission', { code: 0x2100 }),
    'fatal CASSANDRA_REFUSED',
    /GRANT/,
  ],
  ['anything else', 'oh', 'downstream CASSANDRA_AWAY', /oh/],
])('of the driver: %s', (_, error, told, sentence) => {
  const { kind, code, message } = clientError(error, 'Connecting', where)
  expect(`${kind} ${code}`).toBe(told)
  expect(message).toMatch(sentence)
  expect(message).toMatch(/^[^\n]+[^.]\.$/)
})

test('an error of our own stays what it is, and a row may be too large', () => {
  const own = tooLarge('A row of t', 20, 10)
  expect([own.kind, own.message]).toEqual([
    'permanent',
    'A row of t is 20 bytes large and a write may have 10: store large values elsewhere, and their address here.',
  ])
  expect(clientError(own, 'x', where)).toBe(own)
})
