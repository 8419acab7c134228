import type { KafkaSettings } from '../../../engine/kafka/settings.ts'

/** Settings for a cluster of a test, with groups that rebalance quickly. */
export function settingsFor(bootstrap: string, more: Partial<KafkaSettings> = {}): KafkaSettings {
  return {
    brokers: bootstrap.split(','),
    topics: { partitions: 1, replication: 1 },
    protocol: 'auto',
    ...more,
    settings: {
      'session.timeout.ms': 10_000,
      'heartbeat.interval.ms': 200,
      'fetch.wait.max.ms': 20,
      ...more.settings,
    },
  }
}
