/** One partition of one topic (a source that reads no topic names its partitions after itself). */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Where to go on, as it was committed: an offset, and the settled ranges beyond it (engine/runtime/commit-metadata.ts). */
export interface CommittedPosition {
  /** The next offset to read. */
  readonly offset: number
  /** Empty where none was committed. */
  readonly metadata: string
}

/** What a partition is called, as a key and in sentences: `{topic}/{partition}`. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
