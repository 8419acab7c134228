import type { ProofOptions } from './proof.ts'

/** The topology's file. */
export function topologyOf(
  { name, delivery = 'at-least-once', topology }: ProofOptions,
  probe: string,
): string {
  if (topology !== undefined)
    return `name: ${name}\n${topology.yaml.replaceAll('$PROBE', probe).replaceAll('$TOPIC', name)}`
  const output = `
  out: { type: topic, from: passed, topic: ${name}.out, schema: audit.AuditEvent }`
  return `name: ${name}
sources:
  events: { type: topic, topic: ${name}, schema: audit.AuditEvent, timestamp: timestamp }
processors:
  unique: { type: dedupe, from: events, by: eventId, window: 2h }
  tested: { type: trial, from: unique }
  passed: { type: hop, from: tested }
sinks:
  probe: { type: probe, from: passed, file: ${probe}, id: eventId }${delivery === 'exactly-once' ? output : ''}
delivery: ${delivery}
errors: { attempts: 4, then: park, backoff: { first: 1ms, longest: 5ms } }
commit: { every: 100ms }
budget: { partition: 64KiB, total: 192KiB }
`
}

/** Sessions are short, so that the partitions of a dead worker are given to others soon. */
export function environmentOf({
  bootstrap,
  protocol = 'auto',
  replication = 1,
  partitions = 6,
  environment = '',
}: ProofOptions): string {
  return `kafka:
  brokers: ${bootstrap}
  topics: { partitions: ${partitions}, replication: ${replication} }
  protocol: ${protocol}
  settings:
    session.timeout.ms: 3000
    heartbeat.interval.ms: 500
    fetch.wait.max.ms: 20
state: { dir: '\${STATE}' }
${environment}`
}
