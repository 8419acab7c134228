// The addon as it is: what native/src exports. The classes beside this file make it pleasant.

/** A partition, and what is said or asked about it. Negative offsets are librdkafka's logical ones. */
export interface RawPartition {
  readonly topic: string
  readonly partition: number
  readonly offset?: number
  readonly metadata?: string
  readonly leaderEpoch?: number
  /** Where partitions are assigned or unassigned. */
  readonly tag?: number
  readonly given?: number
  readonly first?: boolean
  readonly error?: Error
}

/** What `poll` answers with; rejections and errors are RawKafkaError. */
export type RawEvent =
  | {
      readonly type: 'records'
      readonly topic: string
      readonly partition: number
      readonly count: number
      /** The memory that this run shares with others, where its columns begin, and where its bytes do. */
      readonly slab: ArrayBuffer
      readonly columns: number
      readonly bytes: number
      readonly length: number
      readonly tag: number
    }
  | {
      readonly type: 'end'
      readonly topic: string
      readonly partition: number
      readonly offset: number
      readonly tag: number
    }
  | {
      readonly type: 'assigned' | 'revoked' | 'lost'
      readonly partitions: readonly RawPartition[]
      readonly protocol: string
      readonly rebalances: number
    }
  | {
      readonly type: 'failed'
      readonly error: Error
      readonly topic?: string
      readonly partition?: number
      readonly offset?: number
      readonly tag?: number
    }
  | RawClientEvent

/** What every client tells. */
export type RawClientEvent =
  | { readonly type: 'failed'; readonly error: Error }
  | { readonly type: 'statistics'; readonly json: string }
  | { readonly type: 'log'; readonly level: number; readonly facility: string; readonly message: string }
  | { readonly type: 'token'; readonly config: string }

export interface RawGroupMetadata {
  readonly bytes: Buffer
  readonly memberId: string
  readonly generation: number
  readonly rebalances: number
}

/** `expires` in milliseconds since 1970; extensions are names and values in turn. */
export interface RawToken {
  readonly value: string
  readonly expires: number
  readonly principal: string
  readonly extensions: readonly string[]
}

export interface RawReader {
  poll(maxBytes: number, waitMs: number, firstBytes: number): Promise<RawEvent[]>
  close(leaveMs: number): Promise<void>
  subscribe(topics: readonly string[]): Promise<void>
  assign(partitions: readonly RawPartition[]): Promise<void>
  unassign(partitions: readonly RawPartition[]): Promise<void>
  pause(partitions: readonly RawPartition[]): Promise<void>
  resume(partitions: readonly RawPartition[]): Promise<void>
  seek(partitions: readonly RawPartition[]): Promise<void>
  commit(offsets: readonly RawPartition[], rebalances: number): Promise<void>
  position(partitions: readonly RawPartition[]): Promise<RawPartition[]>
  assignment(): Promise<RawPartition[]>
  groupMetadata(): Promise<RawGroupMetadata>
  committed(
    partitions: readonly RawPartition[],
    group: string,
    stable: boolean,
    limitMs: number,
  ): Promise<RawPartition[]>
  offsets(
    partitions: readonly RawPartition[],
    readCommitted: boolean,
    limitMs: number,
  ): Promise<RawPartition[]>
  partitionCount(topic: string, limitMs: number): Promise<number>
  setToken(token: RawToken): Promise<void>
  setTokenFailure(reason: string): Promise<void>
}

/** What `write` answers with: rows that failed, with the number of their cause in `errors` and `maybe`. */
export interface RawWritten {
  readonly partitions: Int32Array
  readonly offsets: Float64Array
  readonly rows?: Int32Array
  readonly causes?: Int32Array
  readonly errors?: readonly Error[]
  readonly maybe?: readonly boolean[]
}

export interface RawWriter {
  write(
    topic: string,
    count: number,
    bytes: Uint8Array,
    timestamps: Float64Array,
    keyStarts: Int32Array,
    keyEnds: Int32Array,
    valueStarts: Int32Array,
    valueEnds: Int32Array,
    headerStarts: Int32Array,
    headerEnds: Int32Array,
    partitions: number | Int32Array,
  ): Promise<RawWritten>
  initTransactions(limitMs: number): Promise<void>
  begin(): Promise<void>
  sendOffsets(offsets: readonly RawPartition[], groupMetadata: Uint8Array, limitMs: number): Promise<void>
  commit(limitMs: number): Promise<void>
  abort(limitMs: number): Promise<void>
  flush(limitMs: number): Promise<void>
  purge(): Promise<void>
  close(limitMs: number): Promise<void>
  setToken(token: RawToken): Promise<void>
  setTokenFailure(reason: string): Promise<void>
}

export interface Binding {
  /** librdkafka's version. */
  readonly version: string
  /** librdkafka's table of settings, as text. */
  settings(): string
  /** `[name, number, description]` of every error. */
  errors(): [string, number, string][]
  readonly Reader: new (settings: readonly string[], batchBytes: number, batchRecords: number) => RawReader
  readonly Writer: new (
    settings: readonly string[],
    onEvent: ((event: RawClientEvent) => void) | undefined,
  ) => RawWriter
}
