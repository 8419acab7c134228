import { permanentError } from '../engine/errors.ts'
import { fromCloudEvent, toCloudEvent } from './cloud-events.ts'
import type { Envelope } from './envelope.ts'

/** A header of a Kafka record: its name, and its value in UTF-8. */
export type TextHeader = readonly [name: string, value: string]

/** An event in the binary mode of CloudEvents' Kafka binding: attributes are headers, the value is the data alone. */
export interface BinaryCloudEvent {
  readonly headers: readonly TextHeader[]
  readonly data: Readonly<Record<string, unknown>>
}

const prefix = 'ce_'
const contentType = 'content-type'

/**
 * The headers of an event, `ce_` and the attribute's name (Kafka protocol binding for CloudEvents 1.0.2, §3.2), and its data.
 *
 * @param dataType what the value is written as: `application/json` unless said, `avro/binary` for Avro.
 */
export function toBinaryCloudEvent(event: Envelope, dataType = 'application/json'): BinaryCloudEvent {
  const { data, datacontenttype: _json, ...attributes } = toCloudEvent(event)
  const headers = Object.entries(attributes).map(([name, value]): TextHeader => [prefix + name, value])
  return { headers: [[contentType, dataType], ...headers], data }
}

/**
 * The envelope of an event in binary mode. Headers of other names are left out; of one that is there twice the last counts.
 *
 * @throws RECORD_INVALID (permanent) that names the header which is missing or wrong.
 */
export function fromBinaryCloudEvent({ headers, data }: BinaryCloudEvent): Envelope {
  const attributes: Record<string, unknown> = {}
  for (const [name, value] of headers)
    if (name.toLowerCase().startsWith(prefix)) attributes[name.slice(prefix.length).toLowerCase()] = value
  if (Object.keys(attributes).length === 0) {
    const structured = headers.some(([name, value]) => isStructured(name, value))
    const remedy = structured ? 'its value is the whole event (structured mode)' : 'it is no CloudEvent'
    throw permanentError('RECORD_INVALID', `The record has no ce_ headers: ${remedy}.`)
  }
  return fromCloudEvent({ ...attributes, data })
}

function isStructured(name: string, value: string): boolean {
  return name.toLowerCase() === contentType && value.startsWith('application/cloudevents')
}
