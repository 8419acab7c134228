import type { Reader } from '../../native/reader.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { clientError } from './client-errors.ts'

/** The first offset there is, and the last stable one. Rejects with downstream KAFKA_AWAY, or TOPIC_UNKNOWN. */
export async function boundsOf(
  reader: Reader,
  partition: TopicPartition,
): Promise<{ readonly first: number; readonly end: number }> {
  try {
    const [[first], [end]] = await Promise.all([
      reader.offsets([partition], 'earliest'),
      reader.offsets([partition], 'latest'),
    ])
    return { first: first ?? 0, end: end ?? 0 }
  } catch (error) {
    throw clientError(error, `The bounds of topic ${partition.topic} cannot be told`, 'SOURCE_FAILED')
  }
}
