import type { KafkaSettings } from '../../../engine/kafka/settings.ts'
import type { EventsPlan } from './events.ts'

/** What is proved, and where. */
export interface ProofOptions {
  readonly bootstrap: string
  /** Also the topic of its events; no other run has it. */
  readonly name: string
  readonly delivery?: 'at-least-once' | 'exactly-once'
  readonly protocol?: KafkaSettings['protocol']
  readonly partitions?: number
  /** 1 if not given. */
  readonly replication?: number
  readonly events: EventsPlan
  readonly mutant?: string | undefined
  /** How long the probe takes for a write, milliseconds; 10 if not given. */
  readonly probeMs?: number | undefined
  /**
   * Another topology than the probe's: its YAML, after the name, with $PROBE and $TOPIC; and the window of its dedup, 0
   * where it has none.
   */
  readonly topology?: { readonly yaml: string; readonly windowMs: number }
  /** More of the environment, in YAML. */
  readonly environment?: string
}

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
commit: { every: 20ms }
budget: { partition: 64KiB, total: 192KiB }
`
}

/** A topology without state, whose outputs are in its commits: for events without duplicates. */
export const statelessTopology: NonNullable<ProofOptions['topology']> = {
  windowMs: 0,
  yaml: `sources:
  events: { type: topic, topic: $TOPIC, schema: audit.AuditEvent, timestamp: timestamp }
processors:
  tested: { type: trial, from: events }
sinks:
  probe: { type: probe, from: tested, file: $PROBE, id: eventId }
  out: { type: topic, from: tested, topic: $TOPIC.out, schema: audit.AuditEvent }
delivery: exactly-once
errors: { attempts: 4, then: park, backoff: { first: 1ms, longest: 5ms } }
commit: { every: 20ms }
budget: { partition: 64KiB, total: 192KiB }
`,
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
