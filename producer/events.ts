/**
 * The record types that a producer writes: full name → value, as `millrace schemas types` prints them. A producer without
 * them takes any name, and finds out when it writes.
 */
export type AnyRecordTypes = Readonly<Record<string, object>>

/** What of an envelope is filled in where it is left out. */
type FilledIn = 'eventId' | 'eventType' | 'eventVersion' | 'source' | 'timestamp'

/** Fields that may be null may be left out as well, at any depth. */
type Sparse<Value> = Value extends readonly (infer Item)[]
  ? readonly Sparse<Item>[]
  : Value extends Uint8Array
    ? Value
    : Value extends object
      ? { readonly [Name in keyof Value as null extends Value[Name] ? never : Name]: Sparse<Value[Name]> } & {
          readonly [Name in keyof Value as null extends Value[Name] ? Name : never]?: Sparse<Value[Name]>
        }
      : Value

/** A value as it is given to a producer. */
export type Given<Value> = Sparse<Omit<Value, FilledIn | 'metadata'>> &
  Partial<Pick<Value, Exclude<FilledIn, 'timestamp'> & keyof Value>> &
  ('timestamp' extends keyof Value ? { readonly timestamp?: number | string | Date } : unknown) &
  ('metadata' extends keyof Value ? { readonly metadata?: Partial<NonNullable<Value['metadata']>> } : unknown)
