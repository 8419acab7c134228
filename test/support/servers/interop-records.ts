// Records as the outside clients take and give them.

/** A record to produce. null is null, and an empty buffer is empty. */
export interface SentRecord {
  key: Buffer | null
  value: Buffer | null
  /** In order; a name may come twice. */
  headers?: readonly (readonly [string, Buffer | null])[]
  /** Milliseconds; the client's clock by default. */
  timestamp?: number
  /** The client's partitioner chooses by default. */
  partition?: number
}

/** Where a record went. */
export interface Position {
  partition: number
  offset: number
  /** Milliseconds; -1 where acks=0 leaves it unknown. */
  timestamp: number
}

/** A record that was read. */
export interface SeenRecord extends Position {
  key: Buffer | null
  value: Buffer | null
  headers: [string, Buffer | null][]
}

/** What all outside clients take to read a topic. */
export interface ConsumeOptions {
  /** The client's own properties: `clientProperties` makes them. */
  client: Readonly<Record<string, string>>
  topic: string
  isolation?: 'read_committed' | 'read_uncommitted'
  /** Reads so many records, waiting for them; otherwise up to where the end is now. */
  count?: number
  /** How long nothing may come before it is an error, in milliseconds; 20 s by default. */
  patience?: number
}

/** What all outside clients take to write to a topic. */
export interface ProduceOptions {
  client: Readonly<Record<string, string>>
  topic: string
  records: readonly SentRecord[]
}

const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null
const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'))

/** One line of JSON for a record to produce. */
export function sentLine({ key, value, headers = [], timestamp, partition }: SentRecord): object {
  const named = headers.map(([name, content]) => [name, base64(content)])
  return { key: base64(key), value: base64(value), headers: named, timestamp, partition }
}

/** A record out of its line of JSON. */
export function seenRecord(line: string): SeenRecord {
  const { key, value, headers, ...position } = JSON.parse(line) as Position & {
    key: string | null
    value: string | null
    headers: [string, string | null][]
  }
  return {
    ...position,
    key: bytes(key),
    value: bytes(value),
    headers: headers.map(([name, content]) => [name, bytes(content)]),
  }
}
