import { describe, expect, test } from '@jest/globals'
import { secretOf } from '../../../engine/component/contracts/secret.ts'
import { librdkafkaSettings, type KafkaSettings } from '../../../engine/kafka/settings.ts'
import { writerSettings } from '../../../engine/kafka/writer-settings.ts'

const plain: KafkaSettings = {
  brokers: ['a:1', 'b:2'],
  topics: { partitions: 1, replication: 1 },
  protocol: 'auto',
  settings: {},
}

describe('settings of librdkafka', () => {
  test('without TLS and credentials', () => {
    expect(librdkafkaSettings(plain, 'reader')).toEqual({
      'bootstrap.servers': 'a:1,b:2',
      'security.protocol': 'plaintext',
      'isolation.level': 'read_committed',
    })
    expect(librdkafkaSettings(plain, 'writer')).toEqual({
      'bootstrap.servers': 'a:1,b:2',
      'security.protocol': 'plaintext',
      'enable.idempotence': true,
    })
  })

  test('with TLS, a certificate of one’s own, and a password', () => {
    const tls = {
      ca: 'CA',
      certificate: 'CERT',
      key: secretOf('KEY'),
      passphrase: secretOf('PHRASE'),
      verify: true,
    }
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'ada', password: secretOf('PASSWORD') } as const
    expect(librdkafkaSettings({ ...plain, tls, sasl }, 'reader')).toMatchObject({
      'security.protocol': 'sasl_ssl',
      'ssl.ca.pem': 'CA',
      'ssl.certificate.pem': 'CERT',
      'ssl.key.pem': 'KEY',
      'ssl.key.password': 'PHRASE',
      'enable.ssl.certificate.verification': true,
      'ssl.endpoint.identification.algorithm': 'https',
      'sasl.mechanisms': 'SCRAM-SHA-512',
      'sasl.username': 'ada',
      'sasl.password': 'PASSWORD',
    })
  })

  test('unverified, and with tokens that the client asks for', () => {
    const sasl = {
      mechanism: 'OAUTHBEARER',
      tokenEndpoint: 'https://login/token',
      clientId: 'ada',
      clientSecret: secretOf('SECRET'),
    } as const
    const settings = librdkafkaSettings({ ...plain, tls: { verify: false }, sasl }, 'writer')
    expect(settings).toMatchObject({
      'security.protocol': 'sasl_ssl',
      'enable.ssl.certificate.verification': false,
      'ssl.endpoint.identification.algorithm': 'none',
      'sasl.mechanisms': 'OAUTHBEARER',
    })
    expect(JSON.stringify(settings)).not.toContain('SECRET')
  })

  test('with what the user asks for', () => {
    const settings = { 'linger.ms': 5, 'client.rack': 'a' }
    expect(librdkafkaSettings({ ...plain, settings }, 'writer')).toMatchObject(settings)
  })

  test.each([
    ['bootstrap.servers', 'field of its own'],
    ['ssl.ca.location', 'field of its own'],
    ['sasl.mechanism', 'field of its own'],
    ['group.protocol', 'field of its own'],
    ['group.id', 'name of the topology'],
    ['enable.idempotence', 'guarantee'],
    ['acks', 'guarantee'],
    ['isolation.level', 'guarantee'],
    ['enable.auto.commit', 'guarantee'],
    ['partition.assignment.strategy', 'assigned'],
    ['partitioner', 'order within a key'],
    ['auto.offset.reset', 'topology says'],
    ['plugin.library.paths', 'foreign code'],
  ])('%s is not the environment’s to set', (name, why) => {
    const settings = { [name]: 'x' }
    for (const role of ['reader', 'writer'] as const)
      expect(() => librdkafkaSettings({ ...plain, settings }, role)).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          message: expect.stringMatching(
            new RegExp(`^The environment cannot set ${name} in kafka\\.settings: .*${why}`),
          ),
        }),
      )
  })
})

test('a transaction has ten seconds, or what the environment says, and its records less than that', () => {
  const within = (settings: KafkaSettings['settings']) => {
    const made = writerSettings({ ...plain, settings }, 'id')
    return [made['transaction.timeout.ms'], made['message.timeout.ms']]
  }
  expect(within({})).toEqual([10_000, 7000])
  expect(within({ 'transaction.timeout.ms': '4000' })).toEqual([4000, 2800])
})
