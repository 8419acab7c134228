import type { KafkaError } from './errors.ts'

/** What a client of either kind tells of itself. */
export type ClientEvent =
  | { readonly type: 'failed'; readonly error: KafkaError }
  | { readonly type: 'statistics'; readonly json: string }
  | { readonly type: 'log'; readonly level: number; readonly facility: string; readonly message: string }
  | { readonly type: 'token'; readonly config: string }
