import type { MillraceError } from '../errors.ts'
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
   * @throws AVRO_UNKNOWN_SCHEMA_ID when the registry has none: downstream for a grace period, since a value may overtake
   * its schema, then permanent (a directory has no grace period). Other permanent errors for a schema that can't be
   * used. A downstream error while the registry is away.
   */
  load(id: number): Promise<Schema>
  /**
   * The newest version of a subject: `{topic}-{record full name}`, as {@link subjectOf} spells it.
   *
   * @throws SCHEMA_NOT_FOUND (fatal), with "did you mean".
   */
  latest(subject: string): Promise<RegisteredSchema>
  /**
   * Why the values with an id can't be decoded, where that was found out by `load`: no such schema, or one that is not
   * Avro. Undefined while nothing is known against the id.
   */
  refusal?(id: number): MillraceError | undefined
  /** Makes a schema the newest version of a subject; absent where versions are made otherwise (as files). */
  register?(subject: string, schema: Schema): Promise<number>
}

/** The subject of a record type in a topic. One topic may carry several record types, each with a history. */
export function subjectOf(topic: string, fullName: string): string {
  return `${topic}-${fullName}`
}
