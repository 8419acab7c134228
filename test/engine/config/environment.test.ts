import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { loadEnvironment, readEnvironmentText } from '../../../engine/config/environment.ts'

const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-environment-'))
  await mkdir(join(folder, 'environments'))
  await writeFile(join(folder, 'environments', 'ca.pem'), certificate)
  await writeFile(join(folder, 'environments', 'password'), 'canary-file\n')
  await writeFile(join(folder, 'environments', 'empty'), '\n')
})
afterAll(() => rm(folder, { recursive: true }))

const variables = { PASSWORD: 'canary-env', BROKERS: 'a:1, b:2', EMPTY: '' }

const read = (text: string, env: Record<string, string> = variables) =>
  readEnvironmentText(join(folder, 'environments', 'trial.yaml'), text, env)

/** The problems of a file, without its path. */
async function problems(text: string, env?: Record<string, string>): Promise<string[]> {
  const message = await read(text, env).then(
    () => '',
    (error: Error) => error.message,
  )
  return message.split('\n').map((line) => line.replace(/^.*trial\.yaml:/, ''))
}

describe('an environment', () => {
  test('needs no more than brokers', async () => {
    expect(await read('kafka: { brokers: [localhost:9092] }')).toEqual({
      file: join(folder, 'environments', 'trial.yaml'),
      name: 'trial',
      kafka: {
        brokers: ['localhost:9092'],
        topics: { partitions: 6, replication: 3 },
        protocol: 'auto',
        settings: {},
      },
      state: { dir: join(folder, '.millrace', 'trial') },
    })
  })

  test('keeps no topic on more brokers than it says', async () => {
    const config = await read('kafka: { brokers: a:1, topics: { minInsync: 2, replicationAtMost: 1 } }')
    expect(config.kafka.topics).toEqual({
      partitions: 6,
      replication: 1,
      minInsync: 1,
      replicationAtMost: 1,
    })
  })

  test('takes what everything says, with secrets, certificates and variables', async () => {
    const config = await read(`
kafka:
  brokers: \${BROKERS}
  tls: { ca: ca.pem, passphrase: env:PASSWORD, certificate: ca.pem, key: file:ca.pem, verify: false }
  sasl: { mechanism: SCRAM-SHA-512, username: ada, password: file:password }
  topics: { partitions: 12, replication: 3, minInsync: 2 }
  instance: worker-1
  protocol: classic
  settings: { linger.ms: 5, compression.codec: lz4, check.crcs: true }
cassandra:
  contactPoints: [one, 'two:9043', '[::1]:9042']
  datacenter: dc1
  keyspace: audit
  username: ada
  password: env:PASSWORD
  tls: true
  consistency: LOCAL_ONE
  dialect: scylla
  replication: { class: NetworkTopologyStrategy, dc1: 3 }
  timeouts: { read: 1s, write: 200ms }
  inFlight: 64
registry:
  url: https://one/apis/ccompat/v7,https://two/apis/ccompat/v7
  token: env:PASSWORD
  subjects: topic
  register: true
  cache: cached
state: { dir: /var/lib/millrace }
`)
    expect(config.kafka).toMatchObject({
      brokers: ['a:1', 'b:2'],
      tls: { ca: certificate, certificate, verify: false },
      topics: { partitions: 12, replication: 3, minInsync: 2 },
      instance: 'worker-1',
      protocol: 'classic',
      settings: { 'linger.ms': 5, 'compression.codec': 'lz4', 'check.crcs': true },
    })
    const { sasl, tls } = config.kafka
    expect(sasl?.mechanism === 'SCRAM-SHA-512' && sasl.password.reveal()).toBe('canary-file')
    expect(tls?.key?.reveal()).toBe(certificate.trimEnd())
    expect(config.cassandra).toMatchObject({
      contactPoints: ['one', 'two:9043', '[::1]:9042'],
      tls: { verify: true },
      timeouts: { read: 1000, write: 200, connect: 5000 },
      inFlight: 64,
    })
    expect(config.cassandra?.password?.reveal()).toBe('canary-env')
    expect(config.registry).toMatchObject({
      subjects: 'topic',
      register: true,
      cache: join(folder, 'cached'),
    })
    expect(config.state.dir).toBe('/var/lib/millrace')
    for (const shown of [inspect(config, { depth: 9 }), JSON.stringify(config)])
      expect(shown).not.toContain('canary')
  })

  test('logs in by OAuth', async () => {
    const { kafka } = await read(
      'kafka: { brokers: a:1, sasl: { mechanism: OAUTHBEARER, tokenEndpoint: "https://login/token", clientId: ada, clientSecret: env:PASSWORD, scope: kafka } }',
    )
    expect(kafka.sasl).toMatchObject({
      tokenEndpoint: 'https://login/token',
      clientId: 'ada',
      scope: 'kafka',
    })
  })
})

describe('secrets', () => {
  test.each([
    'kafka: { brokers: a:1, sasl: { mechanism: PLAIN, username: ada, password: canary } }',
    'kafka: { brokers: a:1, sasl: { mechanism: PLAIN, username: ada, password: 815 } }',
    'kafka: { brokers: a:1, sasl: { mechanism: PLAIN, username: ada, password: "${PASSWORD}" } }',
    'kafka: { brokers: a:1, sasl: { mechanism: PLAIN, username: ada, password: [canary] } }',
    'kafka: { brokers: a:1, tls: { certificate: ca.pem, key: "-----BEGIN canary" } }',
    'kafka: { brokers: a:1 }\nregistry: { url: "http://r", token: canary }',
  ])('have no place in the file: %s', async (text) => {
    const told = (await problems(text)).join('\n')
    expect(told).toMatch(/expected env:NAME .* or file:PATH|must be a text/)
    expect(told).not.toMatch(/canary|815/)
  })

  const withPassword = (reference: string) =>
    `kafka:\n  brokers: a:1\n  sasl: { mechanism: PLAIN, username: ada, password: '${reference}' }`

  test.each([
    ['env:NOWHERE', 'The variable NOWHERE is not set: set it before the start.'],
    ['env:EMPTY', 'The variable EMPTY is empty: set it before the start.'],
    ['file:nowhere', 'There is no file nowhere: a relative path starts from the folder of this file.'],
    ['file:.', '. is a folder: name a file in it.'],
    ['file:empty', 'empty is empty.'],
  ])('%s that cannot be had is told with its place', async (reference, sentence) => {
    expect(await problems(withPassword(reference))).toEqual([`3:54: ${sentence}`])
  })

  test('what is no certificate is told', async () => {
    expect(await problems('kafka: { brokers: a:1, tls: { ca: password } }')).toEqual([
      '1:35: What is there is no certificate in PEM form, which begins with -----BEGIN.',
    ])
  })

  // A superuser may read everything.
  const unprivileged = process.getuid?.() === 0 ? test.skip : test
  unprivileged('a file that may not be read is told', async () => {
    const file = join(folder, 'environments', 'closed')
    await writeFile(file, 'x')
    await chmod(file, 0)
    expect(await problems(withPassword('file:closed'))).toEqual([
      '3:54: closed may not be read: check its permissions.',
    ])
  })
})

describe('what is wrong', () => {
  test.each<[string, string[]]>([
    ['', ['1:1: The file is empty: an environment needs kafka with its brokers.']],
    ['- a', ['1:1: This is not an environment: a mapping with kafka, cassandra and registry is expected.']],
    [
      'sources: {}\nsinks: {}',
      ['1:1: This is a topology: an environment names kafka, cassandra and registry.'],
    ],
    [
      'cassandra: {',
      [
        '1:13: This is not YAML: Flow map in block collection must be sufficiently indented and end with a }.',
      ],
    ],
    [
      'kafka: {}',
      [
        '1:1: "kafka" needs the field "brokers" (some of the brokers, as `host:port`: a list, or one text with commas).',
      ],
    ],
    [
      'kafka: { broker: a:1 }',
      [
        '1:1: "kafka" needs the field "brokers" (some of the brokers, as `host:port`: a list, or one text with commas).',
        '1:10: "kafka" has no field "broker": did you mean "brokers"?',
      ],
    ],
    ['kafka: { brokers: [a:1, b] }', ['1:25: "brokers[1]" of "kafka": expected host:port, not "b".']],
    ['kafka: { brokers: a }', ['1:19: "brokers" of "kafka": expected host:port, not "a".']],
    [
      'kafa: { brokers: a:1 }\nkafka: { brokers: a:1 }',
      ['1:1: The environment has no field "kafa": did you mean "kafka"?'],
    ],
    [
      'kafka: { brokers: "${NOWHERE}" }',
      ['1:19: The variable NOWHERE is not set: set it, or give a default as in ${NOWHERE:default}.'],
    ],
    [
      'kafka: { brokers: a:1, tls: { verfy: false } }',
      ['1:31: "kafka.tls" has no field "verfy": did you mean "verify"?'],
    ],
    [
      'kafka: { brokers: a:1, tls: { certificate: ca.pem } }',
      ['1:44: "certificate" of "kafka.tls": a certificate needs its key beside it.'],
    ],
    [
      'kafka: { brokers: a:1, sasl: { mechanism: SCRAM, username: a, password: env:PASSWORD } }',
      [
        '1:43: "mechanism" of "kafka.sasl" must be "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" or "OAUTHBEARER", not "SCRAM".',
      ],
    ],
    [
      'kafka: { brokers: a:1, sasl: { mechanism: PLAIN, clientId: a, password: env:PASSWORD } }',
      [
        '1:30: "sasl" of "kafka": PLAIN needs the field "username".',
        '1:60: "clientId" of "kafka.sasl": PLAIN has no use for it.',
      ],
    ],
    [
      'kafka: { brokers: a:1, settings: { sasl.password: canary } }',
      ['1:51: "sasl.password" of "kafka.settings": kafka.sasl says that: leave it out here.'],
    ],
    [
      'kafka: { brokers: a:1, topics: { replication: 1, minInsync: 2 } }',
      ['1:61: "minInsync" of "kafka.topics": more than the 1 that there are could never be in sync.'],
    ],
    [
      'kafka: { brokers: a:1 }\ncassandra: { contactPoints: c, datacenter: d, keyspace: k, username: a }',
      ['2:70: "username" of "cassandra": it needs the password beside it.'],
    ],
    [
      'kafka: { brokers: a:1 }\nregistry: { url: "http://ada:canary@r" }',
      [
        '2:18: "url" of "registry": expected an address such as https://host:port, without a user; several with commas between, not what may hold a password.',
      ],
    ],
  ])('%j', async (text, expected) => {
    expect(await problems(text)).toEqual(expected)
  })

  test('everything is told at once, in the order of the file', async () => {
    const told = await problems(
      'kafka: { brokers: a:1, protocol: new }\ncassandra: { contactPoints: c, datacenter: d, keyspace: K, password: x }',
    )
    expect(told.map((line) => line.slice(0, 5))).toEqual(['1:34:', '2:57:', '2:70:', '2:70:'])
  })

  test('a file that is not there', async () => {
    await expect(loadEnvironment(join(folder, 'nowhere.yaml'), {})).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
    })
  })
})

test('the files that come with Millrace are right', async () => {
  const local = await loadEnvironment(join('environments', 'local.yaml'), {})
  expect(local.kafka.brokers).toEqual(['localhost:9092'])
  expect(local.state.dir).toBe(join(process.cwd(), '.millrace', 'local'))
  const env = {
    KAFKA_BROKERS: 'k:1',
    HOSTNAME: 'w-0',
    CASSANDRA_NODES: 'c',
    CASSANDRA_DATACENTER: 'd',
    REGISTRY_URL: 'https://r',
  }
  // All but the secrets and certificates, which are of the machine that it runs on.
  const told = await loadEnvironment(join('environments', 'production.yaml'), env).catch(
    (error: Error) => error.message,
  )
  const lines = typeof told === 'string' ? told.split('\n') : []
  for (const line of lines) expect(line).toMatch(/There is no file \/etc\/millrace\//)
})
