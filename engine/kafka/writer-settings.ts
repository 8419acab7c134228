import type { Settings } from '../../native/settings.ts'
import { recordBytes } from './log-writer.ts'
import { librdkafkaSettings, type KafkaSettings } from './settings.ts'

/** How long the brokers leave a transaction of a dead worker open: until then nobody can read on behind it. */
const usualMs = 10_000

/** The settings of a worker's transactional writer. They hold secrets. */
export function writerSettings(kafka: KafkaSettings, transactionalId: string): Settings {
  const transactionMs = Number(kafka.settings['transaction.timeout.ms'] ?? usualMs)
  return {
    ...librdkafkaSettings(kafka, 'writer'),
    // What is parked is a little larger than the record was: the topic's own limit decides, not librdkafka's.
    'message.max.bytes': recordBytes,
    'transactional.id': transactionalId,
    'transaction.timeout.ms': transactionMs,
    // A commit is large and rare, not many small ones: no use in waiting for more.
    'queue.buffering.max.ms': 1,
    // Less than the transaction has: what is not acknowledged by then is aborted while the transaction still is ours.
    'message.timeout.ms': transactionMs * 0.7,
    'topic.metadata.propagation.max.ms': transactionMs * 0.5,
  }
}
