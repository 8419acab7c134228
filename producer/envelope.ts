import { permanentError } from '../engine/errors.ts'
import type { RecordNode } from '../engine/avro/model.ts'
import { recordOfField, type RecordType } from './record-types.ts'

/** What an envelope is filled in with. */
export interface EnvelopeFacts {
  readonly source: string
  readonly now: () => number
  readonly newId: () => string
}

type Fields = Record<string, unknown>

/**
 * The value with those fields of the envelope filled in that its schema has and the value lacks: `eventId` (a UUID),
 * `eventType`, `eventVersion`, `timestamp` (now), `source`, and of `metadata` `correlationId` (the event's own id: it begins a
 * chain), `schemaVersion`. A `timestamp` may be a Date or ISO 8601 text.
 *
 * @throws RECORD_INVALID (permanent) for an `eventType` or version other than the schema's, and for a time that is none.
 */
export function fillEnvelope(type: RecordType, given: object, facts: EnvelopeFacts): Fields {
  const value: Fields = { ...(given as Fields) }
  const has = namesOf(type.root)
  const fill = (name: string, made: () => unknown): void => {
    if (has.has(name) && value[name] === undefined) value[name] = made()
  }
  fill('eventId', facts.newId)
  fill('eventType', () => type.eventType)
  fill('eventVersion', () => type.version)
  fill('timestamp', facts.now)
  fill('source', () => facts.source)
  value['timestamp'] = millisecondsOf(value['timestamp'], type.name)
  if (value['timestamp'] === undefined) delete value['timestamp']
  same(type, 'eventVersion', value['eventVersion'], type.version)
  if (has.has('eventType') && has.has('data')) same(type, 'eventType', value['eventType'], type.eventType)
  const metadata = recordOfField(type.root, 'metadata')
  if (metadata !== undefined) value['metadata'] = filledMetadata(metadata, value, type)
  return value
}

function filledMetadata(record: RecordNode, value: Fields, type: RecordType): Fields {
  const metadata: Fields = { ...(value['metadata'] as Fields | undefined) }
  const has = namesOf(record)
  if (has.has('correlationId')) metadata['correlationId'] ??= value['eventId']
  if (has.has('schemaVersion')) {
    metadata['schemaVersion'] ??= type.version
    same(type, 'metadata.schemaVersion', metadata['schemaVersion'], type.version)
  }
  for (const field of record.fields)
    if (metadata[field.name] === undefined && !field.hasDefault && takesNull(field.type))
      metadata[field.name] = null
  return metadata
}

/** What an event that follows from another one has in its metadata: the same chain, and the other as its cause. */
export function causedBy(event: {
  readonly eventId: string
  readonly metadata?: { readonly correlationId?: string | null; readonly [name: string]: unknown } | null
}): { correlationId: string; causationId: string } {
  return { correlationId: event.metadata?.correlationId ?? event.eventId, causationId: event.eventId }
}

function namesOf(record: RecordNode): ReadonlySet<string> {
  return new Set(record.fields.map(({ name }) => name))
}

function takesNull(type: RecordNode['fields'][number]['type']): boolean {
  return type.kind === 'null' || (type.kind === 'union' && type.branches.some(({ kind }) => kind === 'null'))
}

function millisecondsOf(time: unknown, about: string): unknown {
  const date = typeof time === 'string' ? new Date(time) : time
  if (!(date instanceof Date)) return time
  const milliseconds = date.getTime()
  if (!Number.isNaN(milliseconds)) return milliseconds
  throw permanentError(
    'RECORD_INVALID',
    `${about}: its timestamp is no time: give milliseconds since 1970, a Date, or ISO 8601 text such as 2026-11-22T09:30:00Z.`,
  )
}

function same(type: RecordType, field: string, given: unknown, own: string): void {
  if (given === undefined || given === own) return
  throw permanentError(
    'RECORD_INVALID',
    `${type.name}: its ${field} is ${JSON.stringify(given)}, but it is written as ${own}: leave the field out.`,
  )
}
