import { canonicalHash } from '../../sinks/table/canonical-hash.ts'
import type { AuditEvent } from './audit-events.ts'

// What a program by hand has to know of the tables in cql/0002-audit-events.cql and of topologies/audit-store.yaml.

export const auditTables = ['audit_by_entity', 'audit_by_user', 'audit_by_store'] as const
export type AuditTable = (typeof auditTables)[number]

export const auditColumns = [
  'store',
  'entity_type',
  'entity_id',
  'bucket',
  'event_time',
  'event_id',
  'hash',
  'action',
  'user_id',
  'user',
  'before',
  'after',
  'source',
  'correlation_id',
  'causation_id',
] as const

/** How long a row is kept, from the time of its event. */
export const retentionMs = 365 * 86_400_000

export function insertInto(table: AuditTable): string {
  const places = auditColumns.map(() => '?').join(', ')
  return `INSERT INTO ${table} (${auditColumns.join(', ')}) VALUES (${places}) USING TIMESTAMP ? AND TTL ?`
}

/** The bucket of a table: a day for stores, a month for the others. */
export function bucketOf(table: AuditTable, timestamp: number): string {
  return new Date(timestamp).toISOString().slice(0, table === 'audit_by_store' ? 10 : 7)
}

/** A row, and where it lies. */
export interface AuditRow {
  readonly table: AuditTable
  /** Equal for rows of one partition. */
  readonly partition: string
  /** The values of `auditColumns`, the cell timestamp in microseconds and the time to live in seconds. */
  readonly values: readonly unknown[]
}

/** The hash that the topology puts into the clustering key. */
export function hashOf(event: AuditEvent): string {
  const { eventId, store, entityType, entityId, action, userId, timestamp } = event
  const { before, after, source, correlationId } = event
  const named = [eventId, store, entityType, entityId, action, userId, timestamp]
  return canonicalHash([...named, before, after, source, correlationId, null])
}

/** The three rows of an event. `user` is what is known of its user, `unset` what stands for a cell without value. */
export function rowsOf(event: AuditEvent, user: unknown, unset: unknown, now: number): AuditRow[] {
  const { timestamp, store, entityType, entityId, userId } = event
  const hash = hashOf(event)
  const ttl = Math.floor((timestamp + retentionMs - now) / 1000)
  return auditTables.map((table) => {
    const bucket = bucketOf(table, timestamp)
    const owner = {
      audit_by_entity: `${store}/${entityType}/${entityId}`,
      audit_by_user: userId,
      audit_by_store: store,
    }[table]
    const key = [store, entityType, entityId, bucket, timestamp, event.eventId, hash]
    const rest = [event.action, userId, user, event.before, event.after, event.source, event.correlationId]
    return {
      table,
      partition: `${table}/${owner}/${bucket}`,
      values: [...key, ...rest, unset, timestamp * 1000, ttl],
    }
  })
}
