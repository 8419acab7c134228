/** A value of JSON, as far as it is looked into. */
export type Json = Readonly<Record<string, unknown>>

/** A record of a topic. */
export interface Told {
  readonly partition: number
  readonly offset: number
  readonly key: string
  /** Its value, decoded with the newest version that is read. */
  readonly event: Json
}

/** A row of a table: times in milliseconds, decimals with two digits. */
export type Row = Readonly<Record<string, string | number | boolean | null>>

/** What is there when all topologies have come to their end. */
export interface Facts {
  /** The committed records of topics, by partition and offset. */
  readonly topics: Readonly<Record<string, readonly Told[]>>
  readonly tables: Readonly<Record<string, readonly Row[]>>
  /** How many records are in topics of parked records and of dead letters, where there are any. */
  readonly letters: Readonly<Record<string, number>>
}

/** What was found wrong, a line each. */
export type Findings = readonly string[]

export function idOf({ event }: Told): string {
  return String(event['eventId'])
}

export function typeOf({ event }: Told): string {
  return String(event['eventType'])
}

export function dataOf({ event }: Told): Json {
  return event['data'] as Json
}

export function timeOf({ event }: Told): number {
  return Number(event['timestamp'])
}

/** The number in its session. */
export function turnOf({ event }: Told): number {
  return Number((event['metadata'] as Json)['sessionSeq'])
}

/** Each event once, at its first place. */
export function distinct(records: readonly Told[]): readonly Told[] {
  const seen = new Set<string>()
  return records.filter((record) => !seen.has(idOf(record)) && seen.add(idOf(record)))
}

/** The records of a topic. */
export function inTopic({ topics }: Facts, topic: string): readonly Told[] {
  const records = topics[topic]
  if (records === undefined) throw new Error(`The topic ${topic} was not read.`)
  return records
}
