import type { WriteBatch } from '../write-batch.ts'
import type { ValueCodec, ValueEncoder } from '../codec.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
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
  /** Where `console` writes. */
  readonly print: (line: string) => void
}

/** The schemas of the environment, as components use them. */
export interface Schemas {
  encoder(schema: string): Promise<ValueEncoder>
  codec(schema: string): Promise<ValueCodec>
}
