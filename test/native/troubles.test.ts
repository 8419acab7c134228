// What librdkafka says about connections, word for word, and what it becomes.

import { expect, test } from '@jest/globals'
import type { KafkaError } from '../../native/errors.ts'
import { Troubles } from '../../native/troubles.ts'

function told(code: string, message: string, fatal = false): Error {
  return Object.assign(new Error(message), { code, number: -1, fatal, retriable: false, abortable: false })
}

const heard = (code: string, message: string): KafkaError => new Troubles().error(told(code, message))

const at = 'sasl_ssl://kafka-1.example:9093/1'

test.each([
  // A broker that goes away while credentials are checked says nothing about them.
  [
    'downstream',
    '_AUTHENTICATION',
    `${at}: SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported mechanisms:  (after 14ms in state AUTH_HANDSHAKE)`,
    'kafka-1.example:9093 broke off while SASL began (Local: Broker transport failure).',
  ],
  [
    'downstream',
    '_TRANSPORT',
    `${at}: SASL authentication error: SaslAuthenticateRequest failed: Local: Broker transport failure (after 5ms in state AUTH_REQ)`,
    'kafka-1.example:9093: SASL authentication error: SaslAuthenticateRequest failed: Local: Broker transport failure.',
  ],
  [
    'downstream',
    '_SSL',
    `${at}: SSL handshake failed: SSL transport error: Connection timed out (after 5ms in state SSL_HANDSHAKE)`,
    'kafka-1.example:9093 closed the connection when TLS began: if it goes on, that port is not for TLS (security.protocol).',
  ],
  [
    'downstream',
    '_SSL',
    `${at}: SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading (after 5ms in state SSL_HANDSHAKE)`,
    'kafka-1.example:9093 closed the connection when TLS began: if it goes on, that port is not for TLS (security.protocol).',
  ],
  [
    'fatal',
    '_SSL',
    `${at}: SSL handshake failed: error:0A00010B:SSL routines::wrong version number (after 5ms in state SSL_HANDSHAKE)`,
    'kafka-1.example:9093 does not speak TLS: check security.protocol, or take the port that does.',
  ],
  [
    'fatal',
    '_TRANSPORT',
    `${at}: error:0A000086:SSL routines::certificate verify failed (after 6ms in state SSL_HANDSHAKE)`,
    'The certificate of kafka-1.example:9093 is refused (it is not trusted): check its dates and host names, and ssl.ca.location.',
  ],
  [
    'fatal',
    '_AUTHENTICATION',
    'sasl_ssl://kafka-1.example:9093/bootstrap: SASL authentication error: no such user  (after 204ms in state AUTH_REQ, 3 identical error(s) suppressed)',
    'kafka-1.example:9093 refuses the credentials (no such user): check sasl.mechanism, and the user and password or the token.',
  ],
  [
    'downstream',
    '_TRANSPORT',
    'GroupCoordinator: kafka-1.example:9093: Disconnected: connection closed by peer: receive 0 after POLLIN (after 70000ms in state UP)',
    'kafka-1.example:9093 closed the connection.',
  ],
  [
    'downstream',
    '_TRANSPORT',
    'ssl://[::1]:9093/2: Connect to ipv6#[::1]:9093 failed: Connection refused (after 0ms in state CONNECT)',
    '[::1]:9093 cannot be reached: Connection refused.',
  ],
  ['downstream', '_TRANSPORT', 'Nobody knows what this is', 'Nobody knows what this is'],
] as const)('%s: %s %s', (errorClass, code, message, sentence) => {
  const error = heard(code, message)
  expect([error.class, error.message]).toEqual([errorClass, sentence])
  expect((error.cause as Error).message).toBe(message)
})

test('an error that is fatal for the client stays so, whatever it is about', () => {
  const message = `${at}: Connect to ipv4#10.0.0.1:9093 failed: Connection refused (after 0ms in state CONNECT)`
  expect(new Troubles().error(told('_TRANSPORT', message, true)).class).toBe('fatal')
})

test('the reason for the refusal of a certificate is remembered for its broker alone', () => {
  const troubles = new Troubles()
  const [one, other] = ['ssl://a:1/bootstrap', 'ssl://b:2/bootstrap']
  const log = `[thrd:${one}]: ${one}: Certificate (subject=/CN=a, issuer=/CN=x) verification callback failed: it has expired`
  troubles.hear({ type: 'log', level: 3, facility: 'SSLCERTVRFY', message: log })
  const failed = (broker: string): string =>
    troubles.error(told('_SSL', `${broker}: SSL handshake failed: certificate verify failed`)).message
  expect(failed(one)).toContain('a:1 is refused (it has expired)')
  expect(failed(other)).toContain('b:2 is refused (it is not trusted)')
})

test('when all brokers are down, the last trouble is the reason', () => {
  const troubles = new Troubles()
  const down = (): string => troubles.error(told('_ALL_BROKERS_DOWN', '1/1 brokers are down')).message
  expect(down()).toBe('No broker can be used (1/1 brokers are down).')
  const message =
    '[thrd:x]: a:1/bootstrap: ApiVersionRequest failed: Local: Timed out: probably due to (after 9ms in state APIVERSION_QUERY)'
  troubles.hear({ type: 'log', level: 4, facility: 'FAIL', message })
  expect(down()).toBe(
    'No broker can be used (1/1 brokers are down); the last that was heard: a:1 accepts connections and does not answer.',
  )
})
