import type { Log } from '../../engine/component/contracts/log.ts'
import type { CommittedPosition, TopicPartition } from '../../engine/component/contracts/position.ts'

/** First offset there is, and the next to be written (in Kafka: the last stable one). */
export interface Bounds {
  readonly first: number
  readonly end: number
}

/** Where the groups of an environment are: Kafka's, or those of the embedded store. */
export interface Positions {
  readonly log: Log
  /** For people: `Kafka at localhost:9092`, `the store in .`. */
  readonly where: string
  groups(): Promise<string[]>
  /** The topics of which a group has committed a position. */
  committedTopics(group: string): Promise<string[]>
  /** The number of partitions, or undefined where there is no such topic. */
  partitionsOf(topic: string): Promise<number | undefined>
  topicNames(): Promise<string[]>
  bounds(partitions: readonly TopicPartition[]): Promise<Bounds[]>
  committed(group: string, partitions: readonly TopicPartition[]): Promise<(CommittedPosition | undefined)[]>
  /** The first offset at or after a time (milliseconds since 1970); undefined where no record is that late. */
  at(partitions: readonly TopicPartition[], time: number): Promise<(number | undefined)[]>
  /** Who is at work in a group, a line each. Empty where nobody is, or nobody can tell. */
  members(group: string): Promise<string[]>
  /** Commits other positions, without settled ranges. Rejects with GROUP_BUSY or STORE_LOCKED while somebody is at work. */
  set(group: string, offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>
  close(): Promise<void>
}

/** All partitions of a topic. */
export function partitionsUpTo(topic: string, count: number): TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
}
