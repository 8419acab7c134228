import { fatalError } from '../errors.ts'
import type { CastFile } from './casts.ts'
import type { Secret } from './contracts/secret.ts'
import type { StreamRecord } from './record-view.ts'

/** A function of a user's file, as `functionOf` gives it: what it answers is for the processor to check. */
export type UserFunction = (value: unknown, record: StreamRecord) => unknown

/**
 * What `map` calls with `function`: makes the new value of a record, at once or by a promise. Null makes a tombstone;
 * undefined is an error. It answers the same for the same record each time, since a record that is replayed, released
 * or tried again comes in again.
 */
export type MapFunction<In = unknown, Out = unknown> = (
  value: In,
  record: StreamRecord<In>,
) => Out | Promise<Out>

/** What `filter` calls with `function`: true lets the record through. */
export type FilterFunction<In = unknown> = (value: In, record: StreamRecord<In>) => boolean | Promise<boolean>

/** What `branch` calls with `function`: the name of the output; undefined for none of them. */
export type BranchFunction<In = unknown> = (
  value: In,
  record: StreamRecord<In>,
) => string | undefined | Promise<string | undefined>

/** What `flat-map` calls with `function`: the values of the pieces, in their order. */
export type FlatMapFunction<In = unknown, Out = unknown> = (
  value: In,
  record: StreamRecord<In>,
) => Iterable<Out> | Promise<Iterable<Out>>

/** What comes to a processor from outside of its settings: the code and the secrets that its topology refers to. */
export interface ProcessorResources {
  /** The function that the setting of that name refers to. Throws a fatal error where the topology came from no file. */
  functionOf(setting: string): UserFunction
  /** The secret behind `env:NAME`. Throws a fatal error where the variable is not set, or is empty. */
  secret(reference: string): Secret
  /** The casts between MAJORs of the project, for a processor that says that it needs them. */
  readonly casts: readonly CastFile[]
}

/** For processors of a topology that came from no file. */
export const noResources: ProcessorResources = {
  casts: [],
  functionOf: (setting) => {
    throw fatalError(
      'CONFIG_INVALID',
      `The setting "${setting}" names a file: the topology must come from a file too.`,
    )
  },
  secret: (reference) => {
    throw fatalError(
      'CONFIG_INVALID',
      `There is no secret ${reference} here: the topology must come from a file.`,
    )
  },
}
