import type { EnvironmentConfig } from '../../engine/config/environment-config.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'

/** The admin of an environment's Kafka; with tokens, where it logs in by OAUTHBEARER. */
export async function openAdmin({ kafka }: EnvironmentConfig, limitMs?: number): Promise<KafkaAdmin> {
  const { KafkaAdmin } = await import('../../engine/kafka/admin.ts')
  return KafkaAdmin.open(kafka, { ...(limitMs !== undefined && { limitMs }) })
}
