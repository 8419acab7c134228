/**
 * What every business event begins with; each event type is an Avro record of its own with these fields
 * (docs/guide/platform.md). Times are milliseconds since 1970, as Avro has them.
 */
export interface Envelope<Data extends object = Readonly<Record<string, unknown>>> {
  /** UUID; the same however often the event is sent. */
  readonly eventId: string
  /** Such as `order.created`. */
  readonly eventType: string
  /** Semver of the schema that the event is written with. */
  readonly eventVersion: string
  readonly timestamp: number
  /** The service that reports it, such as `order-service`. */
  readonly source: string
  readonly data: Data
  readonly metadata: EventMetadata
}

/** How an event hangs together with others. */
export interface EventMetadata {
  readonly correlationId: string
  readonly causationId: string | null
  readonly schemaVersion: string
  readonly sessionId: string | null
  /** Numbers the events of a session in a topic, from 1. */
  readonly sessionSeq: number | bigint | null
}
