// What a measured process is told, and what it answers.

export const scenarioNames = [
  'dedup',
  'aggregate',
  'join',
  'keyed-io-100',
  'keyed-io-1000',
  'audit',
  'audit-enriched',
  'audit-latency',
  'critical',
] as const
export type ScenarioName = (typeof scenarioNames)[number]

export type Guarantee = 'exactly-once' | 'at-least-once'

/** A task; programs that are written for Node or Python get it as JSON in their first argument. */
export interface Task {
  /** host:port */
  readonly bootstrap: string
  readonly input: string
  /** The topic that is read as a table, where there is one: a row for each of the keys. */
  readonly table?: string
  /** The topic to write, empty until now; of no meaning where tables are written. */
  readonly output: string
  readonly partitions: number
  /** Records in the topic to read. The process ends when all are processed and committed. */
  readonly total: number
  /** Consumer group, application id: new for each run. */
  readonly group: string
  /** An empty folder for local state. */
  readonly state: string
  /** The Avro schema of the values, a file, and its id in their header. */
  readonly schema: string
  readonly schemaId: number
  /** Different keys in the topic. */
  readonly keys: number
  /** Where rows go. */
  readonly cassandra?: CassandraTask
  /** Records that are not to wait for the others, and where they go. */
  readonly critical?: { readonly input: string; readonly output: string }
  /** Latencies count from this event on. */
  readonly countFrom?: number
}

export interface CassandraTask {
  /** host:port */
  readonly contactPoint: string
  readonly datacenter: string
  readonly keyspace: string
  /** Whether events get the name and department of their user. */
  readonly enrich: boolean
}

/** The last line that a measured process prints, as JSON. */
export interface Outcome {
  /** Records that were processed. */
  readonly records: number
  /** What the process took to close after its last record, where that is mostly waiting: it is left out of the time. */
  readonly closingSeconds?: number
  /** Records whose key was out of order, and records that were worked on beside another one of their key. */
  readonly outOfOrder?: number
  readonly atOnce?: number
  /** Milliseconds from the event to its acknowledged row. */
  readonly latency?: {
    readonly p50: number
    readonly p95?: number
    readonly p99: number
    readonly max: number
    readonly count: number
  }
}

/** How long the work on one record of `keyed-io` takes, in milliseconds. */
export const waitMs = 10
