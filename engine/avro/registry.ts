import type { Schema } from './schema.ts'

/** A schema and the id that values written with it carry. */
export interface RegisteredSchema {
  readonly id: number
  readonly schema: Schema
}

/** Where schemas come from: a directory (embedded) or a server (cluster). Ids mean something within one registry. */
export interface SchemaRegistry {
  /** The schema of an id if it is at hand, at once; undefined otherwise: then `load` it. */
  byId(id: number): Schema | undefined
  /**
   * The schema of an id, fetched if need be.
   *
   * @throws AVRO_UNKNOWN_SCHEMA_ID (permanent) when the registry has none. A value may overtake its schema: give it
   * some time before the record is given up. A downstream error while the registry is away.
   */
  load(id: number): Promise<Schema>
  /**
   * The newest version of a subject: `{topic}-{record full name}`, as {@link subjectOf} spells it.
   *
   * @throws SCHEMA_NOT_FOUND (fatal), with "did you mean".
   */
  latest(subject: string): Promise<RegisteredSchema>
  /** Makes a schema the newest version of a subject; absent where versions are made otherwise (as files). */
  register?(subject: string, schema: Schema): Promise<number>
}

/** The subject of a record type in a topic. One topic may carry several record types, each with a history. */
export function subjectOf(topic: string, fullName: string): string {
  return `${topic}-${fullName}`
}
