import { Admin } from '@platformatic/kafka'
import type { Settings } from '../../../native/settings.ts'

/** The ways in which groups share partitions, with settings that make them quick. */
export const protocols: Readonly<Record<'eager' | 'cooperative' | 'consumer', Settings>> = {
  eager: {
    'partition.assignment.strategy': 'range',
    'session.timeout.ms': 10_000,
    'heartbeat.interval.ms': 200,
  },
  cooperative: {
    'partition.assignment.strategy': 'cooperative-sticky',
    'session.timeout.ms': 10_000,
    'heartbeat.interval.ms': 200,
  },
  consumer: { 'group.protocol': 'consumer' },
}

/** Lets a group of the protocol `consumer` rebalance within half seconds: its brokers say how often members call. */
export async function quicken(bootstrap: string, group: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [bootstrap] })
  const configs = { 'consumer.heartbeat.interval.ms': 500, 'consumer.session.timeout.ms': 10_000 }
  const [groupResource, set] = [32, 0] as const
  const changes = Object.entries(configs).map(([name, value]) => ({
    name,
    configOperation: set,
    value: String(value),
  }))
  await admin.incrementalAlterConfigs({
    resources: [{ resourceType: groupResource, resourceName: group, configs: changes }],
  })
  await admin.close()
}
