import type { MetricSpec } from './metric-spec.ts'

/** What single nodes count, and what they keep. */
export const nodeMetrics = {
  millrace_records_duplicate_total: {
    type: 'counter',
    help: 'Records dropped because their id was already seen at another position.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes: 'A steady share is a producer that sends twice; a jump is a redelivery upstream.',
  },
  millrace_records_dropped_total: {
    type: 'counter',
    help: 'Records that a node dropped on purpose, by reason.',
    unit: 'records',
    labels: ['topology', 'node', 'reason'],
    notes:
      'reason is type (at a source with `others: skip`: a record type that it does not list), filtered, empty (a flat-map ' +
      'that made nothing), keyless, tombstone or expired (at a sink). A record may be dropped by one branch and go on in another: ' +
      'it counts here, and is settled as stored.',
  },
  millrace_records_replayed_total: {
    type: 'counter',
    help: 'Records seen again at the position they were first seen at, and processed again.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes:
      'Expected after a restart or rebalance, at most one commit cycle for each partition. Otherwise zero.',
  },
  millrace_records_conflicting_total: {
    type: 'counter',
    help: 'Duplicates whose body differs from the one that was seen first.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes:
      'An id was used for two different events: look at the producer. The second body goes to the side output.',
  },
  millrace_records_late_total: {
    type: 'counter',
    help: 'Records that came when all their windows were closed.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes: 'They go to the side output `late`. A steady share: the grace is too short.',
  },
  millrace_records_out_of_order_total: {
    type: 'counter',
    help: 'Records that a merge let through behind later ones.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes:
      'They came in after their partition had been waited for, or the times of their own partition do not ascend. A steady share: the wait is too short.',
  },
  millrace_merge_waiting_records: {
    type: 'gauge',
    help: 'Records of a merged partition that wait for those of the others.',
    unit: 'records',
    labels: ['topology', 'topic', 'partition'],
    notes: 'Up to 1 MiB of each partition waits; one that is far ahead of the others is full.',
  },
  millrace_merge_waiting_seconds: {
    type: 'gauge',
    help: 'How long no record of a merged partition could pass on, though some wait.',
    unit: 'seconds',
    labels: ['topology', 'topic', 'partition'],
    notes:
      'Above the `wait` of the merge: another partition has nothing to show and is not at its end, as when its broker is away. /readyz says which one.',
  },
  millrace_records_unmatched_total: {
    type: 'counter',
    help: 'Records without a row, in an inner join.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes:
      'They go to the side output `unmatched`. A jump: rows are missing, or come after the records that need them.',
  },
  millrace_emissions_total: {
    type: 'counter',
    help: 'Records that a node sent because its committed state owed them.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes: 'Of an aggregate: newest values of keys, or closed windows. Repeats after a restart count again.',
  },
  millrace_emissions_failed_total: {
    type: 'counter',
    help: 'Owed records that a later node could not take.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes: 'They stay owed, and are sent again when their key changes and at the next start: see the log.',
  },
  millrace_breaker_state: {
    type: 'gauge',
    help: 'The circuit breaker of a node: 0 closed, 1 half-open, 2 open.',
    unit: 'state',
    labels: ['topology', 'node'],
    notes:
      'Above 0 the partitions that feed the node pause. Of sinks, of processors whose work takes time, and of sources (then it ' +
      'is the schema registry that is away).',
  },
  millrace_breaker_openings_total: {
    type: 'counter',
    help: 'How often a circuit breaker opened.',
    unit: 'openings',
    labels: ['topology', 'node'],
    notes: 'Probes that fail open it again and do not count.',
  },
  millrace_table_requests_waiting: {
    type: 'gauge',
    help: 'Requests to a cluster’s tables that wait for a place among those under way.',
    unit: 'requests',
    labels: ['topology'],
    notes:
      'The topologies of a process take turns. Where all of them have some waiting the tables, or the process, are the limit; where ' +
      'one alone has, that one writes more than its turn brings.',
  },
  millrace_table_requests_under_way: {
    type: 'gauge',
    help: 'Requests of writes to a cluster’s tables that are under way, of all topologies of the process.',
    unit: 'requests',
    labels: [],
    notes: 'At the limit while something waits.',
  },
  millrace_table_requests_limit: {
    type: 'gauge',
    help: 'The most requests of writes to a cluster’s tables that may be under way at present.',
    unit: 'requests',
    labels: [],
    notes:
      'It grows while all of it is used and answers stay quick. Below 128, unless cassandra.inFlight says so, nodes are overloaded or silent.',
  },
  millrace_state_entries: {
    type: 'gauge',
    help: 'Entries of a state store by key.',
    unit: 'keys',
    labels: ['topology', 'store', 'partition'],
    notes: 'Of an aggregate: keys and open windows. Without windows it only grows.',
  },
  millrace_state_bytes: {
    type: 'gauge',
    help: 'Memory of a state store, roughly.',
    unit: 'bytes',
    labels: ['topology', 'store', 'partition'],
    notes: 'Outside the budget, and in memory.',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>
