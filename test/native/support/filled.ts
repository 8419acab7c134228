import type { SharedKafka } from '../../support/servers/shared.ts'
import { fill } from './fill.ts'

export interface Filling {
  /** Records in each partition. */
  readonly count: number
  readonly partitions?: number
  /** Bytes of each value. */
  readonly size?: number
}

/** A new topic with so many records in each partition. */
export async function filledTopic(kafka: SharedKafka, prefix: string, filling: Filling): Promise<string> {
  const { count, partitions = 1, size = 0 } = filling
  const topic = kafka.uniqueTopic(prefix)
  await kafka.createTopic(topic, { partitions })
  if (count > 0) await fill(kafka.bootstrap, topic, { count, partitions, size })
  return topic
}
