import type { MetricSpec } from './metric-spec.ts'
import { nodeMetrics } from './node-metrics.ts'

const partitionLabels = ['topology', 'topic', 'partition'] as const

const shortTimes = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const

/**
 * Every metric that a worker can show. Names end in their unit, counters in `_total`. Labels hold names out of the
 * configuration and small closed sets: never keys, ids, offsets or error texts.
 */
export const metricCatalogue = {
  millrace_records_consumed_total: {
    type: 'counter',
    help: 'Records taken from a source.',
    unit: 'records',
    labels: ['topology', 'node', 'topic'],
    notes: 'Replays after a restart count again: compare with settled, not with the end of the topic.',
  },
  millrace_records_settled_total: {
    type: 'counter',
    help: 'Records settled, by what became of them.',
    unit: 'records',
    labels: ['topology', 'verdict', 'reason'],
    notes:
      'verdict is stored, dropped, parked or skipped. reason says why a record was dropped: duplicate, type (its source ' +
      'passes over records of its type) or other, which millrace_records_dropped_total tells apart by node. It is empty ' +
      'where the verdict says it all. One record counts once.',
  },
  ...nodeMetrics,
  millrace_retries_total: {
    type: 'counter',
    help: 'Records tried again after a failure.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes: 'Counts every further attempt, also those for downstream trouble.',
  },
  millrace_failures_total: {
    type: 'counter',
    help: 'Failed attempts, by error class and code.',
    unit: 'records',
    labels: ['topology', 'node', 'class', 'code'],
    notes:
      'class is permanent, record, downstream or fatal; docs/guide/errors.md says what follows from each.',
  },
  millrace_sink_writes_total: {
    type: 'counter',
    help: 'Writes that a sink has answered.',
    unit: 'writes',
    labels: ['topology', 'node'],
    notes:
      'A write has a batch of records. Many small ones mean that few keys are ready at once, or that the commit interval is short.',
  },
  millrace_sink_written_records_total: {
    type: 'counter',
    help: 'Records in the writes that a sink has answered.',
    unit: 'records',
    labels: ['topology', 'node'],
    notes: 'Divided by the writes: how large a batch is. A record counts once for each sink and attempt.',
  },
  millrace_sink_write_seconds_total: {
    type: 'counter',
    help: 'Time from handing batches to a sink until it answered, added up.',
    unit: 'seconds',
    labels: ['topology', 'node'],
    notes: 'Divided by the writes: how long one takes. Writes of one sink may overlap.',
  },
  millrace_sink_rows_total: {
    type: 'counter',
    help: 'Records a sink has answered for, by outcome.',
    unit: 'records',
    labels: ['topology', 'node', 'outcome'],
    notes:
      'outcome is stored, dropped, refused or untried. A record counts once for each sink and attempt: compare with ' +
      'settled, where it counts once.',
  },
  millrace_commit_seconds: {
    type: 'histogram',
    help: 'Time that a commit took, from sealing the cut to the answer.',
    unit: 'seconds',
    labels: ['topology'],
    notes:
      'Commits are serialized: what comes near the commit interval delays parking and exactly-once outputs.',
    buckets: shortTimes,
  },
  millrace_commits_total: {
    type: 'counter',
    help: 'Commits, by outcome.',
    unit: 'commits',
    labels: ['topology', 'outcome'],
    notes: 'outcome is committed, aborted, unknown, lost, fenced or failed.',
  },
  millrace_ledger_in_flight_records: {
    type: 'gauge',
    help: 'Records taken and not yet settled.',
    unit: 'records',
    labels: partitionLabels,
    notes: 'Bounded by the budget. High with a standing frontier: one old record holds the others up.',
  },
  millrace_ledger_frontier_offset: {
    type: 'gauge',
    help: 'Everything below this offset is settled.',
    unit: 'offset',
    labels: partitionLabels,
    notes: 'It must move while there is lag. What is settled beyond it travels in the commit metadata.',
  },
  millrace_ledger_oldest_in_flight_seconds: {
    type: 'gauge',
    help: 'Age of the record that has been under way for longest; 0 when there is none.',
    unit: 'seconds',
    labels: partitionLabels,
    notes: 'Grows during downstream trouble, and where a key is retried.',
  },
  millrace_commit_metadata_bytes: {
    type: 'gauge',
    help: 'Size of the settled ranges in the last commit metadata.',
    unit: 'bytes',
    labels: partitionLabels,
    notes: 'At 75 % of 4096 the partition takes no new work until the frontier moves.',
  },
  millrace_parked_keys: {
    type: 'gauge',
    help: 'Keys with open letters: their records wait in the parked topic.',
    unit: 'keys',
    labels: partitionLabels,
    notes: 'topic and partition are those of the source. Look with `millrace dlq list`.',
  },
  millrace_parked_letters: {
    type: 'gauge',
    help: 'Open letters: records in the parked topic that are neither released nor discarded.',
    unit: 'records',
    labels: partitionLabels,
    notes: 'Includes the followers of a parked record, which have nothing wrong themselves.',
  },
  millrace_parked_bytes: {
    type: 'gauge',
    help: 'Bytes of the open letters.',
    unit: 'bytes',
    labels: partitionLabels,
    notes: 'Keys, values and headers, by which `errors.parking.bytes` limits them.',
  },
  millrace_parking_halted: {
    type: 'gauge',
    help: '1 while so much is parked that nothing more is taken from the partition, 0 otherwise.',
    unit: 'flag',
    labels: partitionLabels,
    notes:
      'Alert on it: the partition goes on when letters are released or discarded (`millrace dlq`), or `errors.parking` allows more.',
  },
  millrace_pinned_bytes: {
    type: 'gauge',
    help: 'Bytes of source buffers held for records under way.',
    unit: 'bytes',
    labels: ['topology'],
    notes: 'A buffer stays as long as one of its records is under way and was not copied out.',
  },
  millrace_budget_bytes: {
    type: 'gauge',
    help: 'Bytes that may be pinned at most.',
    unit: 'bytes',
    labels: ['topology', 'scope'],
    notes: 'scope is partition (for each of them) or worker (for all together).',
  },
  millrace_partition_paused: {
    type: 'gauge',
    help: '1 while nothing is taken from the partition, 0 otherwise.',
    unit: 'flag',
    labels: partitionLabels,
    notes:
      'Paused by the budget, by what is away, by a halt, by a merge, or because the metadata is nearly full.',
  },
  millrace_assignment_epoch: {
    type: 'gauge',
    help: 'The epoch of the assignment that the partition is read under.',
    unit: 'epoch',
    labels: partitionLabels,
    notes: 'Grows with every assignment. Absent where the partition is not this worker’s.',
  },
  millrace_dedup_ids: {
    type: 'gauge',
    help: 'Ids held for deduplication.',
    unit: 'ids',
    labels: ['topology', 'node', 'partition'],
    notes: 'Grows up to the rate times the window; `millrace lint` says what that costs.',
  },
  millrace_dedup_bytes: {
    type: 'gauge',
    help: 'Memory of the ids held for deduplication.',
    unit: 'bytes',
    labels: ['topology', 'node', 'partition'],
    notes: 'Outside the budget, and in memory.',
  },
  millrace_poll_heartbeat_age_seconds: {
    type: 'gauge',
    help: 'Time since the poll loop last turned.',
    unit: 'seconds',
    labels: ['topology'],
    notes: '/healthz fails when it is too old: the loop is stuck, and a restart is right.',
  },
  millrace_registry_requests_total: {
    type: 'counter',
    help: 'Requests to the schema registry, by outcome.',
    unit: 'requests',
    labels: ['registry', 'outcome'],
    notes:
      'outcome is ok, missing (no such id, subject or version), refused (it said no), denied (credentials), away (it comes ' +
      'back, or another node is asked), stranger (what answers is no registry), distrusted (its certificate) or large. ' +
      'Steady requests mean that values carry ids that it does not know. Only in a cluster with a registry.',
  },
  millrace_registry_cache_hits_total: {
    type: 'counter',
    help: 'Schemas that were looked up by id and need not be asked for.',
    unit: 'schemas',
    labels: ['registry', 'cache'],
    notes:
      'cache is memory or disk. Records of a schema that is known already are decoded without any look-up, and count nowhere.',
  },
  millrace_registry_answer_age_seconds: {
    type: 'gauge',
    help: 'Time since the schema registry last answered.',
    unit: 'seconds',
    labels: ['registry'],
    notes:
      'Absent before the first answer. It grows also where nothing is asked, as is usual: alert on it together with ' +
      'requests that end as `away`.',
  },
  millrace_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what is running.',
    unit: 'flag',
    labels: ['version', 'node_version'],
    notes: 'Join it to see which version a series came from.',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>
