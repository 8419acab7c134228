import { expect, test } from '@jest/globals'
import { Reader } from '../../native/reader.ts'
import { clientSettings, knownSettings, type Settings } from '../../native/settings.ts'

const none = { 'bootstrap.servers': '127.0.0.1:1' }
const open = (settings: Settings) => Reader.open({ settings: { ...none, ...settings } })

test('the settings of the built librdkafka are known', () => {
  const known = knownSettings()
  for (const name of [
    'auto.offset.reset',
    'group.protocol',
    'fetch.queue.backoff.ms',
    'sasl.mechanism',
    'compression.codec',
  ])
    expect(known.has(name)).toBe(true)
  expect(known.size).toBeGreaterThan(150)
})

test('unknown settings are refused with the nearest name, settings of writers are left out', async () => {
  await expect(open({ 'auto.offset.rest': 'earliest' })).rejects.toMatchObject({
    name: 'SettingsError',
    message: 'librdkafka has no setting auto.offset.rest: did you mean auto.offset.reset?',
  })
  await expect(open({ 'no.such.thing.at.all.anywhere': 1 })).rejects.toThrow(/see CONFIGURATION.md/)
  const reader = await open({
    acks: 'all',
    'linger.ms': 5,
    'compression.codec': 'lz4',
    'transactional.id': 'x',
  })
  await reader.close()
})

test('what the reader needs otherwise is refused, and so are two names of one setting', async () => {
  for (const name of ['enable.auto.commit', 'enable.auto.offset.store'])
    await expect(open({ [name]: true })).rejects.toThrow(
      `The setting ${name} cannot be true: the reader needs false, because only its caller knows what is processed.`,
    )
  await expect(open({ 'enable.partition.eof': false })).rejects.toThrow(/needs true/)
  const reader = await open({ 'enable.auto.commit': false })
  await reader.close()
  await expect(open({ 'metadata.broker.list': '127.0.0.1:2' })).rejects.toThrow(
    'The settings bootstrap.servers and metadata.broker.list are one and the same: give one of them.',
  )
})

test('values that librdkafka refuses are named, but not those of secrets', async () => {
  await expect(open({ 'auto.offset.reset': 'sometimes' })).rejects.toThrow(/sometimes.*auto\.offset\.reset/)
  await expect(open({ 'session.timeout.ms': 'soon' })).rejects.toThrow(/session\.timeout\.ms/)
  await expect(open({ 'client.id': Number.NaN })).rejects.toThrow(
    /client\.id is neither text, a number nor a boolean/,
  )
  await expect(
    open({ 'session.timeout.ms': 10_000, 'group.protocol': 'consumer', 'group.id': 'g' }),
  ).rejects.toThrow(/session\.timeout\.ms/)
  const secrets = { 'ssl.key.pem': 'S3CRET', 'ssl.key.password': 'S3CRET', 'ssl.certificate.pem': 'S3CRET' }
  const refused = await open({ 'security.protocol': 'ssl', ...secrets }).then(
    () => '',
    (error: Error) => error.message,
  )
  expect(refused).not.toBe('')
  expect(refused).not.toContain('S3CRET')
})

test('defaults give way to the caller, whatever name the caller uses', () => {
  const flat = clientSettings('reader', { 'bootstrap.servers': 'b' }, { 'metadata.broker.list': 'a' }, {})
  expect(flat).toEqual(['metadata.broker.list', 'b'])
})

test('a reader packs at least something', async () => {
  await expect(Reader.open({ settings: none, batchRecords: 0 })).rejects.toThrow(
    /at least one byte and one record/,
  )
  await expect(Reader.open({ settings: none, batchBytes: Number.NaN })).rejects.toThrow(/at least one byte/)
})
