import type { Settings } from '../../native/settings.ts'
import { librdkafkaSettings, type KafkaSettings } from './settings.ts'

/** How a member shares partitions with others: KIP-848, or the older protocol with the assignor cooperative-sticky. */
export type GroupProtocol = 'consumer' | 'classic'

/** What only the older protocol leaves to its members; KIP-848's brokers decide it. */
const classicOnly = ['session.timeout.ms', 'heartbeat.interval.ms', 'group.protocol.type']

/** The settings of a member's reader. They hold secrets. */
export function memberSettings(kafka: KafkaSettings, group: string, protocol: GroupProtocol): Settings {
  const all: Record<string, string | number | boolean> = {
    ...librdkafkaSettings(kafka, 'reader'),
    'group.id': group,
    'group.protocol': protocol,
    ...(kafka.instance !== undefined && { 'group.instance.id': kafka.instance }),
    'allow.auto.create.topics': false,
    // Every partition begins where it is told to: what is out of range is told, and never skipped silently.
    'auto.offset.reset': 'error',
  }
  if (protocol === 'classic') all['partition.assignment.strategy'] = 'cooperative-sticky'
  else for (const name of classicOnly) delete all[name]
  return all
}
