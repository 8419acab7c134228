import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { clientProperties, type Access } from '../support/servers/client-properties.ts'
import { java } from '../support/servers/java-client.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { kcat } from '../support/servers/kcat-client.ts'
import { python } from '../support/servers/python-client.ts'

let kafka: KafkaServer
let topic: string

beforeAll(async () => {
  kafka = await startKafka({ tls: { clientAuth: 'requested' }, sasl: true })
  topic = kafka.uniqueTopic()
  await kafka.createTopic(topic)
  await kcat.produce({
    client: clientProperties('rdkafka', kafka),
    topic,
    records: [{ key: null, value: Buffer.from('secret') }],
  })
})

afterAll(() => kafka.close())

const read = {
  java: (access: Access) =>
    java.consume({ client: clientProperties('java', kafka, access), topic, patience: 5000 }),
  python: (access: Access) =>
    python.consume({ client: clientProperties('rdkafka', kafka, access), topic, patience: 5000 }),
}

const welcome: Access[] = [
  { listener: 'tls' },
  { listener: 'tls', certificate: 'good' },
  { listener: 'sasl', mechanism: 'PLAIN' },
  { listener: 'sasl', mechanism: 'SCRAM-SHA-256' },
  { listener: 'sasl', mechanism: 'SCRAM-SHA-512' },
  { listener: 'sasl', mechanism: 'OAUTHBEARER' },
  { listener: 'saslTls', mechanism: 'SCRAM-SHA-512' },
]

const refused: [Access, RegExp][] = [
  [{ listener: 'tls', trust: 'stranger' }, /certificate/i],
  [{ listener: 'tlsExpired' }, /certificate/i],
  [{ listener: 'tls', certificate: 'expired' }, /certificate|handshake|disconnect/i],
  [{ listener: 'sasl', mechanism: 'PLAIN', password: 'wrong' }, /authentication/i],
  [{ listener: 'sasl', mechanism: 'SCRAM-SHA-512', user: 'mallory', password: 'x' }, /authentication/i],
]

// Python and Java stand for the two families of clients: librdkafka, and Kafka's own.
describe.each(['python', 'java'] as const)('%s', (client) => {
  test('gets in with what each listener asks for', async () => {
    const cases = client === 'java' ? welcome.slice(1, 3).concat(welcome.slice(5)) : welcome
    for (const access of cases) {
      const seen = await read[client](access)
      expect({ access, values: seen.map(({ value }) => value?.toString()) }).toEqual({
        access,
        values: ['secret'],
      })
    }
  })

  test('is refused with the wrong authority, an expired certificate on either side, a wrong password, a stranger', async () => {
    // librdkafka does not tell a certificate that the broker refuses from a broker that is gone: it goes on trying.
    const cases =
      client === 'java' ? refused.slice(1, 4) : refused.filter(([access]) => access.certificate !== 'expired')
    for (const [access, reason] of cases) await expect(read[client](access)).rejects.toThrow(reason)
  })
})
