import { KafkaError } from '../../native/errors.ts'
import type { Reader } from '../../native/reader.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { downstreamError, fatalError, type MillraceError } from '../errors.ts'
import { clientError, isUnknownTopic } from './client-errors.ts'

/**
 * The first offset there is, and the last stable one: what an open transaction writes is not there yet. Rejects with
 * downstream KAFKA_AWAY, or fatal TOPIC_UNKNOWN.
 */
export async function boundsOf(
  reader: Reader,
  partition: TopicPartition,
): Promise<{ readonly first: number; readonly end: number }> {
  try {
    const [first, end] = await Promise.all([
      offsetOf(reader, partition, 'earliest'),
      offsetOf(reader, partition, 'latest'),
    ])
    return { first: first ?? 0, end: end ?? 0 }
  } catch (error) {
    throw clientError(error, `The bounds of topic ${partition.topic} cannot be told`, 'SOURCE_FAILED')
  }
}

/** The next offset to be written, behind what is open. Rejects as `boundsOf` does. */
export async function writtenTo(reader: Reader, partition: TopicPartition): Promise<number> {
  try {
    return (await offsetOf(reader, partition, 'latest', 'read_uncommitted')) ?? 0
  } catch (error) {
    throw clientError(error, `The end of topic ${partition.topic} cannot be told`, 'SOURCE_FAILED')
  }
}

/**
 * The last stable offsets of several partitions, a request to each broker that leads some. Rejects as `boundsOf` does, where one of
 * them cannot be told, also right after it has got another leader.
 */
export async function endsOf(reader: Reader, partitions: readonly TopicPartition[]): Promise<number[]> {
  try {
    return (await reader.offsets(partitions, 'latest')).map((end) => end ?? 0)
  } catch (error) {
    throw clientError(error, 'The ends of topics cannot be told', 'SOURCE_FAILED')
  }
}

/**
 * As `Reader.offsets` for one partition, also right after it has got another leader. Rejects with a KafkaError, or with
 * downstream KAFKA_AWAY or fatal TOPIC_UNKNOWN where nobody leads it.
 *
 * @param at  first, latest, or the first one of this time or later, milliseconds since 1970; undefined if there is none
 * @param isolation  as which the latest is the last stable one, or the next to be written
 */
export async function offsetOf(
  reader: Reader,
  partition: TopicPartition,
  at: 'earliest' | 'latest' | number,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<number | undefined> {
  const ask = async (): Promise<number | undefined> =>
    (await reader.offsets([partition], at, { isolation }))[0]
  try {
    return await ask().catch(async (error: unknown) => {
      if (!isOldEpoch(error)) throw error
      await reader.partitionCount(partition.topic)
      return ask()
    })
  } catch (error) {
    if (error instanceof KafkaError && error.code === '_NOENT') throw await leaderless(reader, partition)
    throw error
  }
}

/**
 * After a broker was restarted, librdkafka (2.12) goes on to ask with the leader's epoch that it had heard of before, until
 * it looks at the topic again by itself: up to five minutes. Asking for the topic makes it look.
 */
function isOldEpoch(error: unknown): boolean {
  return (
    error instanceof KafkaError &&
    (error.code === 'FENCED_LEADER_EPOCH' || error.code === 'UNKNOWN_LEADER_EPOCH')
  )
}

/** librdkafka says of a topic that is not there what it says of one whose brokers are away: that nobody leads it. */
async function leaderless(reader: Reader, { topic, partition }: TopicPartition): Promise<MillraceError> {
  try {
    const count = await reader.partitionCount(topic)
    return partition < count
      ? downstreamError(
          'KAFKA_AWAY',
          `Partition ${partition} of topic ${topic} has no leader: its brokers are away.`,
        )
      : fatalError(
          'TOPIC_UNKNOWN',
          `Topic ${topic} has ${count} partitions, from 0 on: there is no partition ${partition}.`,
        )
  } catch (error) {
    if (isUnknownTopic(error)) return fatalError('TOPIC_UNKNOWN', `There is no topic ${topic} in Kafka.`)
    return clientError(error, `The offsets of topic ${topic} cannot be told`, 'SOURCE_FAILED')
  }
}
