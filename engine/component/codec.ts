import type { PackedRecords } from './packed-records.ts'

/** What `locate` says of a field. */
export const found = 1
/** The field is null, absent, or on a path through a null. */
export const absent = 0
/** The bytes do not follow the schema. */
export const undecodable = -1

/** Reads one field of encoded values, without decoding the rest. */
export interface FieldReader {
  /**
   * Where the bytes that stand for the field lie: `place[0]` to `place[1]`. Never throws, never reads outside
   * [start, end). Returns `found`, `absent` or `undecodable`. Equal values have equal bytes within one codec.
   */
  locate(bytes: Buffer, start: number, end: number, place: Int32Array): number
  /** The field's value; undefined when absent, null when null. Throws a permanent error when undecodable. */
  read(bytes: Buffer, start: number, end: number): unknown
}

/** Reads several fields of encoded values in one pass, without decoding the rest. */
export interface FieldsReader {
  /** Of the value that was read last, by the order of the paths: undefined where absent, null where null. */
  readonly values: readonly unknown[]
  /** Throws a permanent error when undecodable. */
  read(bytes: Buffer, start: number, end: number): void
}

/** The record types that the values of a source may have. */
export interface RecordTypes {
  /** The full names of the records that values are read as, in the order of the source's settings. */
  readonly names: readonly string[]
  /**
   * The one of `names` that a value is read as, told by its schema's id: the bytes behind that are not looked at. Undefined
   * for a value of another type, or one whose type cannot be told. Never throws.
   */
  of(bytes: Buffer, start: number, end: number): string | undefined
  /**
   * A value, made for the record `name` of `names`, as such records are decoded: what is not given has its default. Throws a
   * permanent error that names the field where it does not fit.
   */
  fit(name: string, value: unknown): unknown
  /** What records of this type are read with; undefined for a name that is none of `names`. */
  schema(name: string): RecordSchema | undefined
  /**
   * A value that was read as the record `name` of `names` with a schema of then, as it would be read now. Throws a permanent
   * error where the value, or what `schema` says, is none of that type.
   */
  renew(name: string, value: unknown, schema: object): unknown
}

/** A schema that values are read with, to be kept beside values that wait. */
export interface RecordSchema {
  /** Short; the same for schemas that read the same. */
  readonly id: string
  /** The schema, as JSON takes it. */
  readonly json: object
}

/** Turns encoded values into JavaScript values. One per source; used by one task at a time. */
export interface ValueCodec {
  /** For people: `avro audit.AuditEvent`, `json`, `bytes`. */
  readonly name: string
  /**
   * Makes sure that all schemas that these records need are at hand. Undefined when they already are, so that the
   * usual case costs nothing. Rejects with a downstream error while the registry is away.
   */
  prepare(records: PackedRecords): Promise<void> | undefined
  /** The whole value. Throws a permanent error when it can't be decoded. */
  decode(bytes: Buffer, start: number, end: number): unknown
  /** A reader for a path of field names; throws a permanent error if no record can have that field. */
  reader(path: readonly string[]): FieldReader
  /**
   * A reader of several fields that are plain values in plain records, as `decode` would give them; undefined where one is
   * not, or where reading some is as dear as reading all.
   */
  fields?(paths: readonly (readonly string[])[]): FieldsReader | undefined
  /** Set where values are records that have names. */
  readonly types?: RecordTypes
  /**
   * False for a value of a record type that its source passes over. Throws a permanent error for one that it should not meet.
   * Absent where all values are taken.
   */
  takes?(bytes: Buffer, start: number, end: number): boolean
}

/** Turns JavaScript values into bytes, for sinks and `produce`. */
export interface ValueEncoder {
  readonly name: string
  /** Throws a permanent error that names the path of the field which does not fit. */
  encode(value: unknown): Uint8Array
}
