import { permanentError, type MillraceError } from '../engine/errors.ts'
import type { Envelope } from './envelope.ts'

/**
 * An event by CloudEvents 1.0 (github.com/cloudevents/spec, JSON event format). Of the envelope's metadata there are
 * extension attributes: `correlationid`, `causationid`, `schemaversion`, `eventversion`, `sessionid`; the session is also the
 * `partitionkey` and its number the `sequence` of the extensions of these names. An attribute that has no value is absent.
 */
export interface CloudEvent<Data extends object = Readonly<Record<string, unknown>>> {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  /** RFC 3339, with milliseconds, UTC. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly eventversion: string
  readonly schemaversion: string
  readonly correlationid: string
  readonly causationid?: string
  readonly sessionid?: string
  readonly partitionkey?: string
  /** A text: numbers of CloudEvents end at 2^31. */
  readonly sequence?: string
  readonly data: Data
}

/** The content type of a record whose value is a whole CloudEvent (structured mode). */
export const structuredContentType = 'application/cloudevents+json; charset=UTF-8'

/** The event of an envelope. `data` is passed on as it is, so that a bigint in it is for the caller to write. */
export function toCloudEvent<Data extends object>(event: Envelope<Data>): CloudEvent<Data> {
  const { correlationId, causationId, schemaVersion, sessionId, sessionSeq } = event.metadata
  return {
    specversion: '1.0',
    id: event.eventId,
    source: event.source,
    type: event.eventType,
    time: new Date(event.timestamp).toISOString(),
    datacontenttype: 'application/json',
    eventversion: event.eventVersion,
    schemaversion: schemaVersion,
    correlationid: correlationId,
    ...(causationId !== null && { causationid: causationId }),
    ...(sessionId !== null && { sessionid: sessionId, partitionkey: sessionId }),
    ...(sessionSeq !== null && { sequence: String(sessionSeq) }),
    data: event.data,
  }
}

/**
 * The envelope of a CloudEvent in the JSON format, whoever wrote it. What other systems do not know is taken from what
 * they do: without `eventversion` it is `schemaversion`, or 1.0.0; without `correlationid` it is the event's own id. Other
 * attributes (`subject`, `dataschema`, other extensions) have no place in an envelope and are left out.
 *
 * @throws RECORD_INVALID (permanent) that names the attribute which is missing or wrong.
 */
export function fromCloudEvent(event: Readonly<Record<string, unknown>>): Envelope {
  if (event['specversion'] !== '1.0')
    throw invalid('specversion', `"1.0", which is what is read here, and not ${shown(event['specversion'])}`)
  const eventId = text(event, 'id')
  const schemaVersion = optional(event, 'schemaversion') ?? optional(event, 'eventversion') ?? '1.0.0'
  return {
    eventId,
    eventType: text(event, 'type'),
    eventVersion: optional(event, 'eventversion') ?? schemaVersion,
    timestamp: timeOf(event),
    source: text(event, 'source'),
    data: dataOf(event),
    metadata: {
      correlationId: optional(event, 'correlationid') ?? eventId,
      causationId: optional(event, 'causationid') ?? null,
      schemaVersion,
      sessionId: optional(event, 'sessionid') ?? null,
      sessionSeq: sequenceOf(event),
    },
  }
}

function invalid(attribute: string, what: string): MillraceError {
  return permanentError('RECORD_INVALID', `The CloudEvent's ${attribute} should be ${what}.`, {
    facts: { attribute },
  })
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value)
}

function optional(event: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = event[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value === '') throw invalid(name, `a text, and not ${shown(value)}`)
  return value
}

function text(event: Readonly<Record<string, unknown>>, name: string): string {
  const value = optional(event, name)
  if (value === undefined) throw invalid(name, 'there, for every event has one')
  return value
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** `time` is optional in CloudEvents, and is not here: event time decides about windows and retention. */
function timeOf(event: Readonly<Record<string, unknown>>): number {
  const time = text(event, 'time')
  const parsed = rfc3339.test(time) ? Date.parse(time.toUpperCase().replace(' ', 'T')) : NaN
  if (Number.isNaN(parsed))
    throw invalid('time', `a time such as 2026-01-05T12:00:00.000Z, and not ${shown(time)}`)
  return parsed
}

function dataOf(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { data } = event
  if (typeof data === 'object' && data !== null && !Array.isArray(data))
    return data as Readonly<Record<string, unknown>>
  throw invalid('data', `an object, and not ${Array.isArray(data) ? 'a list' : shown(data)}`)
}

function sequenceOf(event: Readonly<Record<string, unknown>>): number | bigint | null {
  const sequence = optional(event, 'sequence')
  if (sequence === undefined) return null
  if (!/^-?\d{1,19}$/.test(sequence)) throw invalid('sequence', `a whole number, and not ${shown(sequence)}`)
  const number = Number(sequence)
  return Number.isSafeInteger(number) ? number : BigInt(sequence)
}
