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
    return await asked(reader, partition).catch(async (error: unknown) => {
      if (!isOldEpoch(error)) throw error
      await reader.partitionCount(partition.topic)
      return asked(reader, partition)
    })
  } catch (error) {
    if (error instanceof KafkaError && error.code === '_NOENT') throw await leaderless(reader, partition)
    throw clientError(error, `The bounds of topic ${partition.topic} cannot be told`, 'SOURCE_FAILED')
  }
}

async function asked(
  reader: Reader,
  partition: TopicPartition,
): Promise<{ readonly first: number; readonly end: number }> {
  const [[first], [end]] = await Promise.all([
    reader.offsets([partition], 'earliest'),
    reader.offsets([partition], 'latest'),
  ])
  return { first: first ?? 0, end: end ?? 0 }
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
    return clientError(error, `The bounds of topic ${topic} cannot be told`, 'SOURCE_FAILED')
  }
}
