import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { librdkafkaSettings } from '../../../engine/kafka/settings.ts'
import { Reader } from '../../../native/reader.ts'
import { Writer } from '../../../native/writer.ts'
import type { Access } from '../../support/servers/client-properties.ts'
import { sharedKafka, type SharedKafka } from '../../support/servers/shared.ts'
import { accessSettings, unsignedToken } from './access-settings.ts'

let kafka: SharedKafka
let topic: string

beforeAll(async () => {
  kafka = await sharedKafka()
  topic = kafka.uniqueTopic()
  await kafka.createTopic(topic, { partitions: 3 })
})

afterAll(() => kafka.reset())

// That what the environment says is what librdkafka understands: PEM texts, and no files.
describe('readers and writers get in', () => {
  const welcome: Access[] = [
    { listener: 'plaintext' },
    { listener: 'tls' },
    { listener: 'tls', certificate: 'good' },
    { listener: 'sasl', mechanism: 'PLAIN' },
    { listener: 'sasl', mechanism: 'SCRAM-SHA-256' },
    { listener: 'saslTls', mechanism: 'SCRAM-SHA-512' },
  ]

  test.each(welcome)('%j', async (access) => {
    const settings = accessSettings(kafka, access)
    const reader = await Reader.open({ settings: librdkafkaSettings(settings, 'reader') })
    const writer = await Writer.open({ settings: librdkafkaSettings(settings, 'writer') })
    try {
      expect(await reader.partitionCount(topic, 20_000)).toBe(3)
      const record = {
        topic,
        partition: 1,
        key: null,
        value: Buffer.from(access.listener ?? ''),
        timestamp: 1,
      }
      expect((await writer.writePlain([record])).failed).toEqual([])
    } finally {
      await Promise.all([reader.close(), writer.close()])
    }
  })

  test('with a token, which the client asks for', async () => {
    const settings = accessSettings(kafka, { listener: 'sasl', mechanism: 'OAUTHBEARER' })
    const reader = await Reader.open({ settings: librdkafkaSettings(settings, 'reader') })
    try {
      const counted = reader.partitionCount(topic, 20_000)
      for (let told = false; !told;)
        for (const { type } of await reader.poll({ maxBytes: 0, waitMs: 100 }))
          if (type === 'token') {
            const expiresAt = Date.now() + 3_600_000
            await reader.setToken({ value: unsignedToken(), expiresAt, principal: 'alice' })
            told = true
          }
      expect(await counted).toBe(3)
    } finally {
      await reader.close()
    }
  })
})

test('a broker whose certificate nobody trusts is let in only where nothing is verified', async () => {
  const settings = accessSettings(kafka, { listener: 'tls', trust: 'stranger' })
  const count = async (verify: boolean): Promise<number> => {
    const tls = { ...settings.tls!, verify }
    const reader = await Reader.open({ settings: librdkafkaSettings({ ...settings, tls }, 'reader') })
    try {
      return await reader.partitionCount(topic, verify ? 3000 : 20_000)
    } finally {
      await reader.close()
    }
  }
  expect(await count(false)).toBe(3)
  await expect(count(true)).rejects.toMatchObject({ name: 'KafkaError' })
})
