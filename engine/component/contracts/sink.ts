import type { WriteBatch } from '../write-batch.ts'
import type { ValueCodec, ValueEncoder } from '../codec.ts'
import type { Clock } from './clock.ts'
import type { Log, OutgoingBatch } from './log.ts'
import type { Tables } from './tables.ts'

/**
 * What became of one record of a written batch: stored and acknowledged, dropped on purpose (and counted under
 * `reason`), refused with an error (its class decides what happens next), or not tried, because an earlier record of
 * the same key in the same batch was refused.
 */
export type RowOutcome =
  | { readonly outcome: 'stored' }
  | { readonly outcome: 'dropped'; readonly reason: string }
  | { readonly outcome: 'refused'; readonly error: unknown }
  | { readonly outcome: 'untried' }

/** `undefined`: every record is stored. Otherwise one outcome for each index of the batch. */
export type WriteResult = readonly RowOutcome[] | undefined

/** What a write would append to a topic. */
export interface PreparedWrite {
  readonly output: OutgoingBatch
  /** For each row of `output` the record of the batch that it was made of; undefined = row n of record n. */
  readonly sources: Int32Array | undefined
  readonly outcomes: WriteResult
}

/**
 * A sink under one task. The engine does batching, order, retries and parking; a sink writes, and answers per record
 * once that record is durable. A rejected `write` counts as downstream trouble (or as its error says) for all records
 * of the batch, of which any may have been written: writes must be idempotent by the record's position or identity.
 */
export interface SinkWriter {
  /**
   * `batch`: the records of a batch are applied in order, and after a refused record those of the same key are left
   * untried; a batch may then hold several records of a key. `record`: no such promise, so that a batch holds no two
   * records of one key.
   */
  readonly order: 'batch' | 'record'
  /** How many writes may be under way at once; 1 where order is `batch`. */
  readonly concurrency: number
  /** The largest batch that the sink wants, in records. */
  readonly maxBatch: number
  /**
   * For sinks that append to topics: what `write` would append, without appending it. In an exactly-once topology the
   * commit takes it, together with the progress of the records that it was made of.
   */
  prepare?(batch: WriteBatch): PreparedWrite
  /** A sink that answers synchronously may return the result itself. */
  write(batch: WriteBatch): Promise<WriteResult> | WriteResult
  close(): Promise<void>
}

/** What a sink gets to work with. */
export interface SinkContext {
  readonly clock: Clock
  readonly topology: string
  readonly node: string
  readonly log: Log
  readonly tables: Tables
  readonly schemas: Schemas
  /** What comes from critical sources: to be written ahead of the rest. */
  readonly critical: boolean
  /** Where `console` writes. */
  readonly print: (line: string) => void
}

/**
 * The schemas of the environment, as components use them. `schema` is a record's full name. `topic` says where the
 * values are written or read: a registry server keeps a history of the record for each topic.
 */
export interface Schemas {
  encoder(schema: string, topic?: string): Promise<ValueEncoder>
  /** Of a list of names: values are records of any of these, and what is none of them is dealt with as `others` says. */
  codec(schema: string | readonly string[], topic?: string, others?: OtherTypes): Promise<ValueCodec>
}

/** What becomes of records whose type a source does not list: a permanent error (if not given), or nothing. */
export type OtherTypes = 'fail' | 'skip'
