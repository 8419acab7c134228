// What every client has to do, and with which settings.

export const scenarios = ['read', 'read-headers', 'write', 'write-transactional'] as const
export type Scenario = (typeof scenarios)[number]

/** What a measured process is told, as JSON in its first argument. */
export interface Task {
  readonly scenario: Scenario
  /** host:port */
  readonly bootstrap: string
  readonly topic: string
  readonly partitions: number
  /** Records in the topic; when writing, records of one pass of a program that cannot keep the time. */
  readonly total: number
  /** Go on at least so long. */
  readonly seconds: number
}

/** The line that a measured process prints at its end. */
export interface Outcome {
  /** Records that the application got, or that were acknowledged. */
  readonly records: number
  /** Bytes of their values: proof that each was looked at. */
  readonly bytes: number
}

export const partitions = 6

/** Of a record that is written. */
export const valueBytes = 256

/** Records that a program writes before it ends and is started again, if it cannot keep the time. */
export const passRecords = 10_000_000

/** Records in one transaction. */
export const transactionRecords = 50_000

export const keyCount = 100_000
export const compression = 'lz4'
export const lingerMs = 5

/** Bytes of one partition's batch before compression, in topics that are read and in those that are written. */
export const batchBytes = 131_072

/** Bytes of one partition in one fetch; Kafka's own default. */
export const partitionFetchBytes = 1_048_576

/** Bytes of one fetch; Kafka's own default. */
export const fetchBytes = 52_428_800

/** For all that rests on librdkafka. Values are its defaults, but for the back-off: a second of it starves slow readers. */
export const librdkafkaReading = {
  'fetch.message.max.bytes': partitionFetchBytes,
  'fetch.max.bytes': fetchBytes,
  'queued.min.messages': 100_000,
  'queued.max.messages.kbytes': 65_536,
  'fetch.queue.backoff.ms': 20,
  'isolation.level': 'read_committed',
  'enable.auto.commit': false,
} as const

/** For all that rests on librdkafka. */
export const librdkafkaWriting = {
  'enable.idempotence': true,
  acks: 'all',
  'compression.codec': compression,
  'linger.ms': lingerMs,
  'batch.size': batchBytes,
} as const

const words =
  'order placed for a customer who pays by card and wants it delivered in the morning at the side door; '

/** What the values of written records repeat after their number. */
export const valuePattern = words.repeat(Math.ceil(valueBytes / words.length)).slice(0, valueBytes)

/** The key of the n-th record that is written. */
export function writtenKey(n: number): string {
  return `customer-${String((n * 7919) % keyCount).padStart(5, '0')}`
}

/** The value of the n-th record that is written: its number and the pattern, 256 bytes. */
export function writtenValue(n: number): string {
  return `${n}: ${valuePattern}`.slice(0, valueBytes)
}
