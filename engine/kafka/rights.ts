import type { KafkaSettings } from './settings.ts'

/** What Kafka answers where a right is missing, with what the right is on, and which one it mostly is. */
const missing: Readonly<Record<string, readonly [on: string, operation: string]>> = {
  TOPIC_AUTHORIZATION_FAILED: ['this topic', 'Describe'],
  GROUP_AUTHORIZATION_FAILED: ['this group', 'Read'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: ['this transactional id', 'Write'],
  CLUSTER_AUTHORIZATION_FAILED: ['the cluster', 'Describe'],
}

/** Whose right it is, and which. */
export interface Access {
  /** As `userOf` says it. */
  readonly user?: string | undefined
  /** The operation that was asked for, as ACLs name it. */
  readonly operation?: string | undefined
}

/**
 * How a sentence goes on whose subject names the resource: `The topic orders cannot be made`. Undefined for an error that is
 * not about rights.
 *
 * @param id  the name of the error in Kafka's protocol
 */
export function missingRight(id: string, { user = 'this user', operation }: Access): string | undefined {
  const known = missing[id]
  if (known === undefined) return undefined
  const [on, usual] = known
  return `Kafka does not give ${user} the right ${operation ?? usual} on ${on}: have it allowed (kafka-acls)`
}

/** Whom the brokers take a client for, as far as its settings tell. */
export function userOf({ sasl, tls }: KafkaSettings): string {
  if (sasl !== undefined) return `user ${sasl.mechanism === 'OAUTHBEARER' ? sasl.clientId : sasl.username}`
  return tls?.certificate === undefined ? 'a user without login' : 'the user of kafka.tls.certificate'
}
