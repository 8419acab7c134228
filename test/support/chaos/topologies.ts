import type { KafkaSettings } from '../../../engine/kafka/settings.ts'

/** What of a run all topologies share. */
export interface RunNames {
  /** The topic of the events; groups and topics of the run begin with it. */
  readonly run: string
  /** Where the probes write. */
  readonly folder: string
}

/** The topologies of a run: what each is for, and what the checker asks of it. */
export const topologyNames = ['seen', 'once', 'rows', 'sums'] as const
export type TopologyName = (typeof topologyNames)[number]

const source = (run: string): string => `sources:
  events: { type: topic, topic: ${run}, schema: chaos.Event, timestamp: at }`
const unique = 'unique: { type: dedupe, from: events, by: id, window: 2h }'
const parks = 'errors: { attempts: 4, then: park, backoff: { first: 5ms, longest: 50ms } }'
const skips = 'errors: { attempts: 4, then: skip, backoff: { first: 5ms, longest: 50ms } }'
const small = 'commit: { every: 100ms }\nbudget: { partition: 64KiB, total: 256KiB }'

/** The text of one topology. */
export function topologyText(name: TopologyName, { run, folder }: RunNames): string {
  const head = `name: ${run}.${name}\n${source(run)}\nprocessors:\n  ${unique}`
  const probe = (from: string): string =>
    `probe: { type: probe, from: ${from}, file: '${folder}/${name}.tsv', id: id }`
  const failing = `  tested: { type: trial, from: unique }
  passed: { type: hop, from: tested }`
  switch (name) {
    case 'seen':
      return `${head}\n${failing}\nsinks:\n  ${probe('passed')}\ndelivery: at-least-once\n${parks}\n${small}\n`
    case 'once':
      return `${head}\n${failing}\nsinks:
  ${probe('passed')}
  out: { type: topic, from: passed, topic: ${run}.once.out }
delivery: exactly-once\n${parks}\n${small}\n`
    case 'rows':
      return `${head}\nsinks:
  ${probe('unique')}
  rows: { type: table, from: unique, table: chaos_rows }
  latest: { type: table, from: unique, table: chaos_latest, mode: latest, sequence: seq }
delivery: at-least-once\n${skips}\n${small}\n`
    case 'sums':
      return `${head}
  sums: { type: aggregate, from: unique, fields: { count: count, total: { sum: value } } }
sinks:
  out: { type: topic, from: sums, topic: ${run}.sums.out }
delivery: exactly-once\n${skips}\n${small}\n`
  }
}

/** Where the servers of a run are. */
export interface Addresses {
  readonly bootstrap: string
  readonly replication: number
  readonly partitions: number
  readonly protocol: KafkaSettings['protocol']
  readonly cassandra?: {
    readonly contactPoint: string
    readonly datacenter: string
    readonly keyspace: string
  }
  readonly registryUrl?: string
}

/** The environment. Sessions are short, so that the partitions of a dead worker are given to others soon. */
export function environmentText({
  bootstrap,
  replication,
  partitions,
  protocol,
  cassandra,
  registryUrl,
}: Addresses): string {
  const tables =
    cassandra === undefined
      ? ''
      : `cassandra:
  contactPoints: ${cassandra.contactPoint}
  datacenter: ${cassandra.datacenter}
  keyspace: ${cassandra.keyspace}
  consistency: LOCAL_QUORUM
  timeouts: { read: 2s, write: 2s, connect: 2s }
`
  const registry = registryUrl === undefined ? '' : `registry: { url: '${registryUrl}', register: true }\n`
  return `kafka:
  brokers: ${bootstrap}
  topics: { partitions: ${partitions}, replication: ${replication} }
  protocol: ${protocol}
  settings:
    session.timeout.ms: 3000
    heartbeat.interval.ms: 500
    fetch.wait.max.ms: 50
    transaction.timeout.ms: 10000
    socket.timeout.ms: 5000
    reconnect.backoff.max.ms: 1000
state: { dir: '\${STATE}' }
${tables}${registry}`
}
