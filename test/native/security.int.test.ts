// Encryption and credentials, against a real broker: what is right works, and what is wrong is told as an error whose
// class says whether trying again can help, in a sentence that says where and what, and no secret.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { KafkaError } from '../../native/errors.ts'
import { Reader } from '../../native/reader.ts'
import type { ReaderEvent } from '../../native/reader-events.ts'
import type { Settings } from '../../native/settings.ts'
import { clientProperties, type Access } from '../support/servers/client-properties.ts'
import { startKafka, type KafkaServer } from '../support/servers/kafka.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { hear, readToEnd } from './interop/listen.ts'
import { bearer, token } from './interop/tokens.ts'
import { toldIn } from './interop/told.ts'

const wrong = 'Wr0ng-S3cret'
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

let kafka: SharedKafka
let topic: string
const open: Reader[] = []

beforeAll(async () => {
  kafka = await sharedKafka()
  topic = kafka.uniqueTopic('secure')
  await kafka.createTopic(topic)
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((reader) => reader.close()))
})
afterAll(() => kafka.reset())

async function reader(settings: Settings): Promise<Reader> {
  const made = await Reader.open({ settings: { 'fetch.wait.max.ms': 10, ...settings } })
  open.push(made)
  return made
}

const at = (access: Access, more: Settings = {}): Settings => ({
  ...clientProperties('rdkafka', kafka, access),
  ...more,
})

const works = async (settings: Settings): Promise<void> => {
  const made = await reader(settings)
  expect(await made.partitionCount(topic)).toBe(1)
  await readToEnd(made, [{ topic, partition: 0 }])
}

const failuresOf = (events: readonly ReaderEvent[]): KafkaError[] =>
  events.flatMap((event) => (event.type === 'failed' ? [event.error] : []))

/** The first failure of a class, when the client has nothing to do but to connect. */
async function failure(
  made: Reader,
  wanted: KafkaError['class'],
): Promise<{ error: KafkaError; events: ReaderEvent[] }> {
  await made.assign([{ topic, partition: 0, offset: 'beginning' }])
  const is = (error: KafkaError) => error.class === wanted
  const events = await hear(made, (events) => failuresOf(events).some(is))
  return { error: failuresOf(events).find(is)!, events }
}

describe('TLS', () => {
  test('with the authority of the broker works', () => works(at({ listener: 'tls' })))

  test('the wrong authority is fatal', async () => {
    const { error } = await failure(await reader(at({ listener: 'tls', trust: 'stranger' })), 'fatal')
    expect(error.code).toBe('_SSL')
    expect(error.message).toContain(`The certificate of ${kafka.listeners.tls} is refused`)
    expect(error.message).toContain('an authority that is not trusted')
    expect((error.cause as Error).message).toContain('certificate verify failed')
  })

  test('an expired certificate is fatal, and the sentence says so', async () => {
    const { error } = await failure(await reader(at({ listener: 'tlsExpired' })), 'fatal')
    expect(error.message).toContain(
      `The certificate of ${kafka.listeners.tlsExpired} is refused (it has expired)`,
    )
  })

  test('a certificate of another host is fatal, and the sentence says so', async () => {
    const relay = await relayTo(kafka.listeners.tls!)
    const { error } = await failure(
      await reader(at({ listener: 'tls' }, { 'bootstrap.servers': relay.address })),
      'fatal',
    )
    expect(error.message).toContain(
      `The certificate of ${relay.address} is refused (it is for another IP address)`,
    )
    relay.close()
  })

  test('no verification at all takes the expired certificate, and complains of nothing', async () => {
    const made = await reader(
      at({ listener: 'tlsExpired' }, { 'enable.ssl.certificate.verification': false }),
    )
    expect(await made.partitionCount(topic)).toBe(1)
    await made.assign([{ topic, partition: 0, offset: 'beginning' }])
    const events = await hear(made, (events) => events.some(({ type }) => type === 'end'))
    expect(events.map(({ type }) => type)).toEqual(['end'])
  })

  // A broker that restarts looks just like that, so it is not fatal: but the sentence has a hint.
  test.each([
    [
      'without TLS on a port for it',
      () => at({}, { 'bootstrap.servers': kafka.listeners.tls! }),
      /for TLS \(security.protocol\)/,
    ],
    [
      'with TLS on a port without',
      () => at({ listener: 'tls' }, { 'bootstrap.servers': kafka.listeners.plaintext }),
      /not for TLS \(security.protocol\)/,
    ],
    [
      'without SASL on a port for it',
      () => at({}, { 'bootstrap.servers': kafka.listeners.sasl! }),
      /for SASL \(security.protocol\)/,
    ],
  ])('%s is no fatal error', async (_, settings, hint) => {
    const made = await reader(settings())
    const { events } = await failure(made, 'downstream')
    const all = failuresOf(events)
    expect(all.map((error) => error.class)).not.toContain('fatal')
    expect(all.map((error) => error.message).join('\n')).toMatch(hint)
    expect(all.map((error) => error.message).join('\n')).toContain(String(settings()['bootstrap.servers']))
  })

  test('SASL on a port without it is fatal', async () => {
    const settings = at({ listener: 'sasl' }, { 'bootstrap.servers': kafka.listeners.plaintext })
    const { error } = await failure(await reader(settings), 'fatal')
    expect(error.message).toBe(
      `${kafka.listeners.plaintext} does not ask for SASL: check security.protocol, or take the port that does.`,
    )
  })

  test('a file that is not there is told at once, with its name', async () => {
    await expect(
      reader(at({ listener: 'tls' }, { 'ssl.ca.location': '/nowhere/ca.pem' })),
    ).rejects.toMatchObject({
      name: 'SettingsError',
      message: expect.stringContaining('ssl.ca.location is /nowhere/ca.pem, which cannot be used'),
    })
  })
})

describe.each(mechanisms)('%s', (mechanism) => {
  test('with the right password works, with and without TLS', async () => {
    await works(at({ listener: 'sasl', mechanism }))
    await works(at({ listener: 'saslTls', mechanism }))
  })

  test.each([
    ['a wrong password', 'alice'],
    ['an unknown user', 'mallory'],
  ])('%s is fatal, and no word of the password is told', async (_, user) => {
    const made = await reader(
      at({ listener: 'sasl', mechanism, user, password: wrong }, { debug: 'security,broker,protocol' }),
    )
    const { error, events } = await failure(made, 'fatal')
    expect(error.code).toBe('_AUTHENTICATION')
    expect(error.message).toContain(`${kafka.listeners.sasl} refuses the credentials`)
    expect(error.message).toContain('check sasl.mechanism, and the user and password')
    expect(toldIn(events)).not.toContain(wrong)
    expect(events.some(({ type }) => type === 'log')).toBe(true)
  })

  test('queries reject within their limit, and say what was heard of the cause', async () => {
    const made = await reader(
      at({ listener: 'sasl', mechanism, password: wrong }, { 'group.id': kafka.uniqueGroup() }),
    )
    await failure(made, 'fatal')
    const limited = { limitMs: 500 }
    const asked = [
      made.committed([{ topic, partition: 0 }], limited),
      made.offsets([{ topic, partition: 0 }], 'latest', limited),
      made.partitionCount(topic, limited.limitMs),
    ]
    for (const answer of await Promise.allSettled(asked)) {
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { class: 'downstream', message: expect.stringContaining('refuses the credentials') },
      })
    }
  })
})

describe('a broker that wants certificates of clients, and offers PLAIN alone', () => {
  let strict: KafkaServer

  beforeAll(async () => {
    const properties = { 'sasl.enabled.mechanisms': 'PLAIN' }
    strict = await startKafka({ tls: { clientAuth: 'required' }, sasl: true, properties, name: 'strict' })
    await strict.createTopic(topic)
  })
  afterAll(() => strict.close())

  const own = (access: Access): Settings => clientProperties('rdkafka', strict, access)

  test('takes the right certificate', () => works(own({ listener: 'tls', certificate: 'good' })))

  test.each([
    ['none', {}],
    ['an expired one', { certificate: 'expired' }],
  ] as const)('%s is fatal', async (_, certificate) => {
    const { error } = await failure(await reader(own({ listener: 'tls', ...certificate })), 'fatal')
    expect(error.message).toContain(
      `${strict.listeners.tls} refuses this client's certificate, or the want of one`,
    )
  })

  test('another mechanism is fatal, and the sentence says which there are', async () => {
    const settings = own({ listener: 'sasl', mechanism: 'SCRAM-SHA-256' })
    const { error } = await failure(await reader(settings), 'fatal')
    expect(error.message).toContain(`${strict.listeners.sasl} offers other SASL mechanisms (PLAIN)`)
  })
})

describe('OAUTHBEARER', () => {
  const isToken = (events: readonly ReaderEvent[]): boolean => events.some(({ type }) => type === 'token')

  test('asks for a token, and works with it', async () => {
    const made = await reader(bearer(kafka))
    await hear(made, isToken)
    await made.setToken(token('alice'))
    expect(await made.partitionCount(topic)).toBe(1)
    expect(await readToEnd(made, [{ topic, partition: 0 }])).toEqual([])
  })

  test('a token that the broker refuses is fatal, and is not told', async () => {
    const made = await reader(bearer(kafka))
    await hear(made, isToken)
    const bad = { ...token('alice'), value: 'bm90.YQ.dG9rZW4' }
    await made.setToken(bad)
    const { error, events } = await failure(made, 'fatal')
    expect(error.code).toBe('_AUTHENTICATION')
    expect(error.message).toContain(`${kafka.listeners.sasl} refuses the credentials`)
    expect(toldIn(events)).not.toContain(bad.value)
  })

  test('a token that cannot be had passes by itself: the next one works', async () => {
    const made = await reader(bearer(kafka))
    await hear(made, isToken)
    await made.setTokenFailure('the authority is away')
    const events = await hear(made, (events) => failuresOf(events).length > 0)
    expect(failuresOf(events)[0]).toMatchObject({
      class: 'downstream',
      message: 'There is no token for SASL OAUTHBEARER: the authority is away',
    })
    await made.setToken(token('alice'))
    expect(await made.partitionCount(topic)).toBe(1)
  })

  test('a token that has run out is refused where it is given', async () => {
    const made = await reader(bearer(kafka))
    await hear(made, isToken)
    await expect(made.setToken({ ...token('alice'), expiresAt: Date.now() - 1000 })).rejects.toMatchObject({
      class: 'permanent',
    })
  })
})

/** Another address of a broker: one that its certificate does not name. */
async function relayTo(address: string): Promise<{ address: string; close(): void }> {
  const port = Number(address.split(':')[1])
  const server = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1')
    socket.pipe(upstream).pipe(socket)
    for (const end of [socket, upstream]) end.on('error', () => undefined).unref()
  })
  server.listen(0, '127.0.0.2').unref()
  await once(server, 'listening')
  return { address: `127.0.0.2:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}
