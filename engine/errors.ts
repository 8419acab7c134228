/**
 * What the engine does about an error (docs/guide/errors.md):
 *
 * - `permanent`: the record can never be processed. It is parked or skipped at once.
 * - `record`: this record failed, perhaps not for ever. It is retried while its key waits, then parked.
 * - `downstream`: something behind the engine is away. It is retried for as long as that lasts, never a dead letter.
 * - `fatal`: going on would be wrong. The worker stops with a non-zero exit code.
 */
export type ErrorKind = 'permanent' | 'record' | 'downstream' | 'fatal'

/** Every error code, with the one line that its reference page shows. Codes are stable: tools may branch on them. */
export const errorCodes = {
  AVRO_BAD_MAGIC: 'The value does not begin with the byte 0 of the Confluent wire format.',
  AVRO_UNKNOWN_SCHEMA_ID: 'The registry knows no schema with the id in the value.',
  AVRO_UNDECODABLE: 'The value does not decode with its writer schema.',
  VALUE_UNDECODABLE: 'The value is not what its source says that it is, such as JSON.',
  AVRO_UNENCODABLE: 'The value does not fit the schema that it is to be written with.',
  AVRO_SCHEMA_INVALID: 'A schema file is not a valid Avro schema.',
  SCHEMA_NOT_FOUND: 'No schema of that name is in the registry.',
  SCHEMA_REGISTRY_INVALID: 'The schema directory contradicts itself.',
  SCHEMA_REFUSED: 'The schema registry does not take a schema as a new version.',
  SCHEMA_UNSUPPORTED: 'A schema in the registry is not Avro.',
  REGISTRY_UNAVAILABLE: 'The schema registry does not answer at present.',
  REGISTRY_REFUSED: 'The schema registry denies access, or is none.',
  CONFIG_INVALID: 'A topology, environment or flag is not valid.',
  CONFIG_UNREADABLE: 'A file could not be read.',
  PLAN_INVALID: 'The nodes of a topology do not form a graph that can run.',
  CQL_SYNTAX: 'A migration or named read is not valid CQL.',
  CQL_UNSUPPORTED: 'A migration or named read uses CQL that Millrace does not carry out.',
  CQL_MIGRATIONS_INVALID: 'The migrations contradict each other or their numbering.',
  MIGRATIONS_LOCKED: 'Another process is at work on the migrations of the keyspace.',
  TABLE_UNKNOWN: 'No migration creates a table of that name.',
  TABLE_INCOMPATIBLE: 'A stored table differs from what the migrations say.',
  ROW_REFUSED: 'A table refused a row.',
  QUERY_REFUSED: 'A named read was asked for something that it cannot answer.',
  STORE_UNREADABLE: 'The embedded store is damaged, foreign or of a newer version.',
  STORE_LOCKED: 'Another worker holds the embedded store.',
  STORE_FULL: 'The disk is full.',
  STORE_FAILED: 'The embedded store could not carry out an operation.',
  SOURCE_FAILED: 'A source could not be read.',
  OFFSET_OUT_OF_RANGE: 'The committed offset is no longer, or not yet, in the topic.',
  OFFSET_MISSING: 'The group has committed no offset, and the topology says that it must.',
  METADATA_FOREIGN: 'The commit metadata was not written by Millrace, or by a newer version.',
  TOPIC_UNKNOWN: 'The topic does not exist.',
  GROUP_UNKNOWN: 'The consumer group does not exist.',
  GROUP_BUSY: 'The consumer group has members, which must stop first.',
  REPLAY_REFUSED: 'A replay would change what is live, or cannot be what it is asked to be.',
  STATE_CONTRADICTED: 'Other offsets would contradict the state that a topology keeps.',
  KAFKA_AWAY: 'No broker of Kafka answers, or not in time.',
  KAFKA_REFUSED: 'Kafka refuses a request, a client or its credentials.',
  CASSANDRA_AWAY: 'Cassandra does not answer, or not in time.',
  CASSANDRA_REFUSED: 'Cassandra refuses a request, a client or its credentials.',
  LOOKUP_FAILED: 'A lookup failed or took too long.',
  TIMED_OUT: 'Something took longer than it may.',
  RECORD_INVALID: 'A record breaks a rule of the topology.',
  RECORD_TOO_LARGE: 'A record is larger than its topic takes.',
  RECORD_TYPE_UNEXPECTED: 'A record is of a type that its source, or the sink that writes it, does not list.',
  RECORD_UNORDERED: 'A record refers to a time or sequence that cannot be.',
  COMPONENT_FAILED: 'The code of a component of the topology’s own has a mistake.',
  PROCESSOR_FAILED: 'A processor threw an error.',
  SINK_FAILED: 'A sink threw an error.',
  FAILURE_FLOOD: 'Too large a share of the records failed.',
  HALTED: 'A record failed and the topology says halt.',
  COMMIT_FAILED: 'Progress could not be committed.',
  FENCED: 'Another worker has taken over.',
  PRODUCER_FULL: 'The memory or the spool of a producer is full.',
  PRODUCER_CLOSED: 'The producer was closed.',
  CONSERVATION_BROKEN: 'A record was settled twice, or never: a defect of Millrace or of a component.',
  USAGE: 'The command line was not understood.',
} as const

export type ErrorCode = keyof typeof errorCodes

export interface ErrorDetails {
  readonly cause?: unknown
  /** What a program may want to know: positions, names, numbers. Never secrets. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/** The only error that Millrace throws on purpose. `message` is one sentence: where, what, and what to do. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly facts: Readonly<Record<string, unknown>>

  constructor(kind: ErrorKind, code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.kind = kind
    this.code = code
    this.facts = details.facts ?? {}
  }
}

/** The record can never be processed: park or skip it at once. */
export function permanentError(code: ErrorCode, message: string, details?: ErrorDetails): MillraceError {
  return new MillraceError('permanent', code, message, details)
}

/** This record failed, perhaps not for ever: retry while its key waits, then park. */
export function recordError(code: ErrorCode, message: string, details?: ErrorDetails): MillraceError {
  return new MillraceError('record', code, message, details)
}

/** Something behind the engine is away: retry for as long as that lasts. */
export function downstreamError(code: ErrorCode, message: string, details?: ErrorDetails): MillraceError {
  return new MillraceError('downstream', code, message, details)
}

/** Going on would be wrong: stop. */
export function fatalError(code: ErrorCode, message: string, details?: ErrorDetails): MillraceError {
  return new MillraceError('fatal', code, message, details)
}

/** The class of any thrown thing; what Millrace did not throw itself counts as `record`. */
export function kindOf(error: unknown): ErrorKind {
  return error instanceof MillraceError ? error.kind : 'record'
}

/** The code of any thrown thing; what Millrace did not throw itself is the code of whoever ran it. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof MillraceError ? error.code : 'PROCESSOR_FAILED'
}

/** One sentence for any thrown thing, without its stack. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message
  return String(error)
}

/** Any thrown thing as an error of Millrace; `code` is used for what came from elsewhere. */
export function asMillraceError(error: unknown, code: ErrorCode): MillraceError {
  if (error instanceof MillraceError) return error
  return new MillraceError('record', code, sentenceOf(error), { cause: error })
}
