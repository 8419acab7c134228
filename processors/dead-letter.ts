import { z } from 'zod'
import { defineProcessor, mapValue, permanentError, type StreamRecord } from '../engine/component/index.ts'

export const deadLetter = defineProcessor({
  name: 'dead-letter',
  summary: 'Makes fields of what a dead letter says in its headers.',
  notes: `
For records of a topic \`{topic}.dlq\`, read with \`format: bytes\`: the value is not looked at. The fields are

- \`id\`: \`{group}/{topic}/{partition}@{offset}\` of the record that failed; \`group\`, \`topic\`, \`partition\`, \`offset\`
- \`key\`: the record's key as text, or 0x and hexadecimal digits where it is none; '' where there is none
- \`node\`, \`class\`, \`code\`, \`exception\`, \`message\`, \`attempts\`
- \`type\` (full name of its schema, '' where it is not known), \`schemaId\`, \`correlation\`
- \`firstFailure\`, \`lastFailure\`, \`timestamp\` of the record, and \`parkedAt\`, the letter's own time: milliseconds since 1970

What is not said is null. Dead letters of Kafka Streams (KIP-1034) have \`topic\`, \`partition\`, \`offset\`, \`exception\`
and \`message\`: \`group\` is '' then, and \`code\` the exception. A record without those headers is a permanent error.
See docs/guide/dead-letters.md.
`,
  config: z.strictObject({}),
  examples: [{ title: 'Of the letters of any topology', config: {}, input: [], output: [] }],
  create: () => mapValue((_value, record) => fieldsOf(record)),
})

function fieldsOf(record: StreamRecord): Record<string, unknown> {
  const said = new Map(record.headers.map(({ name, value }) => [name, value]))
  const text = (name: string): string | null => {
    const value = said.get(name)
    return value === undefined || value === null ? null : Buffer.from(value).toString('utf8')
  }
  const streams = (name: string) => text(`__streams.errors.${name}`)
  const own = (name: string) => text(`millrace.errors.${name}`)
  const [topic, partition, offset] = [streams('topic'), streams('partition'), streams('offset')]
  if (topic === null || partition === null || offset === null) throw noLetter()
  const group = own('group') ?? ''
  const exception = streams('exception')
  return {
    ...{ id: `${group}/${topic}/${partition}@${offset}`, group, topic },
    ...{ partition: numberOf(partition), offset: numberOf(offset), key: keyOf(record.key) },
    ...{ node: own('node'), class: own('class'), code: own('code') ?? exception ?? '', exception },
    ...{ message: streams('message'), attempts: numberOf(own('attempts')) },
    ...{ type: own('type') ?? '', schemaId: numberOf(own('schema-id')), correlation: own('correlation') },
    ...{ firstFailure: timeOf(own('first-failure')), lastFailure: timeOf(own('last-failure')) },
    ...{ timestamp: timeOf(own('timestamp')), parkedAt: record.timestamp },
  }
}

function keyOf(key: Buffer | null): string {
  if (key === null) return ''
  const text = key.toString('utf8')
  const isText = Buffer.from(text, 'utf8').equals(key) && !/\p{Cc}/u.test(text)
  return isText ? text : `0x${key.toString('hex')}`
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : null
}

function timeOf(text: string | null): number | null {
  const time = text === null ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? null : time
}

function noLetter(): Error {
  return permanentError(
    'RECORD_INVALID',
    'The record has no headers of a dead letter: topic, partition and offset of a record that failed are missing.',
  )
}
