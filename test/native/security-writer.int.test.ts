// Encryption and credentials of a writer, against a real broker: what is wrong is told, and nothing hangs on it.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { ClientEvent } from '../../native/client-events.ts'
import { packPlain } from '../../native/plain-batches.ts'
import type { Settings } from '../../native/settings.ts'
import { Writer } from '../../native/writer.ts'
import { clientProperties, type Access } from '../support/servers/client-properties.ts'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { toldIn } from './interop/told.ts'
import { bearer, token } from './interop/tokens.ts'

const wrong = 'Wr0ng-S3cret'

let kafka: SharedKafka
let topic: string

beforeAll(async () => {
  kafka = await sharedKafka()
  topic = kafka.uniqueTopic('secure')
  await kafka.createTopic(topic)
})
afterAll(() => kafka.reset())

const at = (access: Access): Settings => clientProperties('rdkafka', kafka, access)

const one = packPlain([{ key: null, value: Buffer.from('one') }])
let events: ClientEvent[]
const writer = (settings: Settings): Promise<Writer> => {
  events = []
  return Writer.open({ settings, onEvent: (event) => events.push(event) })
}

test('writes over SASL and TLS', async () => {
  const made = await writer(at({ listener: 'saslTls', mechanism: 'SCRAM-SHA-512' }))
  expect((await made.write(topic, one)).failed).toEqual([])
  await made.close()
})

test('writes with a token', async () => {
  let asked = (): void => undefined
  const due = new Promise<void>((resolve) => (asked = resolve))
  const onEvent = ({ type }: ClientEvent): void => (type === 'token' ? asked() : undefined)
  const made = await Writer.open({ settings: bearer(kafka), onEvent })
  const written = made.write(topic, one)
  await due
  await made.setToken(token('alice'))
  expect((await written).failed).toEqual([])
  await made.close()
})

test.each([
  [
    'a wrong password',
    { listener: 'sasl', mechanism: 'SCRAM-SHA-256', password: wrong },
    'refuses the credentials',
  ],
  ['an expired certificate', { listener: 'tlsExpired' }, 'it has expired'],
] as const)('%s: told as fatal, and the write fails in time, and says why', async (_, access, why) => {
  const made = await writer({ ...at(access), 'message.timeout.ms': 1000 })
  const { failed } = await made.write(topic, one)
  expect(failed).toMatchObject([
    { row: 0, maybeWritten: false, error: { class: 'downstream', message: expect.stringContaining(why) } },
  ])
  const fatal = events.filter((event) => event.type === 'failed' && event.error.class === 'fatal')
  expect(toldIn(fatal)).toContain(why)
  expect(toldIn(events)).not.toContain(wrong)
  await made.close()
})

test('a wrong password: transactions do not begin, and close does not wait for the records', async () => {
  const settings = {
    ...at({ listener: 'sasl', password: wrong }),
    'transactional.id': kafka.uniqueGroup('writer'),
  }
  const made = await writer(settings)
  await expect(made.initTransactions(1500)).rejects.toMatchObject({
    message: expect.stringContaining('refuses the credentials'),
  })
  await made.close({ limitMs: 500 })
  const plain = await writer(at({ listener: 'sasl', password: wrong }))
  const written = plain.write(topic, one)
  await plain.close({ limitMs: 500 })
  expect((await written).failed).toMatchObject([{ error: { class: 'closed' } }])
})
