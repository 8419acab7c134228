import type { IdStore, KeyValueStore } from '../../engine/component/contracts/state.ts'
import type { Metrics } from '../../engine/observe/metrics.ts'
import { sourceTopic } from '../../engine/topology/plan-facts.ts'
import type { Task } from '../../engine/runtime/task.ts'
import type { Worker } from '../../engine/runtime/worker.ts'

/** Shows a worker's numbers in the metrics: read when somebody asks for them. */
export function connectMetrics(worker: Worker, metrics: Metrics): void {
  const seen = new Map<string, number>()
  const grown = (name: string, now: number): number => {
    const by = now - (seen.get(name) ?? 0)
    seen.set(name, now)
    return Math.max(0, by)
  }
  metrics.onScrape(() => {
    countNodes(worker, metrics, grown)
    countSettled(worker, metrics, grown)
    showBreakers(worker, metrics, grown)
    showTableLoad(worker, metrics)
    for (const task of worker.tasks) showTask(worker.plan.name, task, metrics)
    const topology = worker.plan.name
    metrics.gauge('millrace_budget_bytes', { topology, scope: 'total' }, worker.plan.budget.totalBytes)
    const age = worker.heartbeat === undefined ? 0 : (Date.now() - worker.heartbeat) / 1000
    metrics.gauge('millrace_pinned_bytes', { topology }, worker.pinned.now)
    metrics.gauge('millrace_poll_heartbeat_age_seconds', { topology }, age)
  })
}

/** Why a node drops records: what it counts them by. */
const dropReasons = new Set(['type', 'filtered', 'empty', 'keyless', 'tombstone', 'expired'])

type Grown = (name: string, now: number) => number

const perNode = {
  duplicate: 'millrace_records_duplicate_total',
  replays: 'millrace_records_replayed_total',
  conflicts: 'millrace_records_conflicting_total',
  retries: 'millrace_retries_total',
  late: 'millrace_records_late_total',
  outOfOrder: 'millrace_records_out_of_order_total',
  unmatched: 'millrace_records_unmatched_total',
  emitted: 'millrace_emissions_total',
  emissionsFailed: 'millrace_emissions_failed_total',
  writes: 'millrace_sink_writes_total',
  writeSeconds: 'millrace_sink_write_seconds_total',
  writtenRecords: 'millrace_sink_written_records_total',
} as const

function countNodes(worker: Worker, metrics: Metrics, grown: Grown): void {
  const topology = worker.plan.name
  for (const [node, what, count] of worker.counters.entries()) {
    const name = (perNode as Readonly<Record<string, (typeof perNode)[keyof typeof perNode]>>)[what]
    const by = grown(`${node} ${what}`, count)
    if (name !== undefined) metrics.count(name, { topology, node }, by)
    else if (dropReasons.has(what))
      metrics.count('millrace_records_dropped_total', { topology, node, reason: what }, by)
    else if (what.startsWith('failed ')) {
      const [, kind, code] = what.split(' ') as [string, string, string]
      metrics.count('millrace_failures_total', { topology, node, class: kind, code }, by)
    } else if (what === 'taken') {
      const topic = sourceTopic(worker.plan, node) ?? ''
      metrics.count('millrace_records_consumed_total', { topology, node, topic }, by)
    } else if (what === 'stored')
      metrics.count('millrace_sink_rows_total', { topology, node, outcome: 'stored' }, by)
  }
}

function countSettled(worker: Worker, metrics: Metrics, grown: Grown): void {
  const topology = worker.plan.name
  const summary = worker.summary()
  const add = (verdict: string, reason: string, now: number): void => {
    metrics.count(
      'millrace_records_settled_total',
      { topology, verdict, reason },
      grown(`${verdict} ${reason}`, now),
    )
  }
  add('stored', '', summary.stored)
  add('dropped', 'duplicate', summary.duplicates)
  add('dropped', 'type', summary.unlisted)
  add('dropped', 'other', summary.dropped - summary.unlisted)
  add('parked', '', summary.deadLettered)
  add('skipped', '', summary.skipped)
}

const breakerStates = { closed: 0, 'half-open': 1, open: 2 } as const

function showBreakers({ plan, breakers }: Worker, metrics: Metrics, grown: Grown): void {
  for (const [node, breaker] of breakers.entries()) {
    const labels = { topology: plan.name, node }
    metrics.gauge('millrace_breaker_state', labels, breakerStates[breaker.state])
    metrics.count('millrace_breaker_openings_total', labels, grown(`${node} openings`, breaker.openings))
  }
}

function showTableLoad({ plan, tableLoad }: Worker, metrics: Metrics): void {
  if (tableLoad === undefined) return
  metrics.gauge('millrace_table_requests_waiting', { topology: plan.name }, tableLoad.waiting)
  metrics.gauge('millrace_table_requests_under_way', {}, tableLoad.underWay)
  metrics.gauge('millrace_table_requests_limit', {}, tableLoad.most)
}

function showTask(topology: string, task: Task, metrics: Metrics): void {
  for (const store of task.stores) {
    const labels = { topology, store: store.name, partition: task.inputs[0]!.partition.partition }
    if (store.kind === 'ids') {
      const { topology: of, partition } = labels
      metrics.gauge(
        'millrace_dedup_ids',
        { topology: of, node: store.name, partition },
        (store as IdStore).size,
      )
      metrics.gauge('millrace_dedup_bytes', { topology: of, node: store.name, partition }, store.bytes)
    }
    if (store.kind !== 'keyValue') continue
    metrics.gauge('millrace_state_entries', labels, (store as KeyValueStore).size)
    metrics.gauge('millrace_state_bytes', labels, store.bytes)
  }
  for (const input of task.inputs) {
    const labels = { topology, topic: input.partition.topic, partition: input.partition.partition }
    showMerge(input, labels, metrics)
    metrics.gauge('millrace_ledger_in_flight_records', labels, input.ledger.open)
    metrics.gauge('millrace_ledger_frontier_offset', labels, input.ledger.frontier)
    const { oldest } = input.ledger
    metrics.gauge(
      'millrace_ledger_oldest_in_flight_seconds',
      labels,
      oldest === undefined ? 0 : (Date.now() - oldest) / 1000,
    )
    metrics.gauge('millrace_commit_metadata_bytes', labels, input.metadataLength)
    metrics.gauge('millrace_partition_paused', labels, input.isPaused ? 1 : 0)
    metrics.gauge('millrace_parked_keys', labels, input.parking.keys)
    metrics.gauge('millrace_parked_letters', labels, input.parking.letters)
    metrics.gauge('millrace_parked_bytes', labels, input.parking.bytes)
    metrics.gauge('millrace_parking_halted', labels, input.parking.halt === undefined ? 0 : 1)
    metrics.gauge('millrace_assignment_epoch', labels, task.epoch)
  }
}

type Labels = { readonly topology: string; readonly topic: string; readonly partition: number }

function showMerge({ mergeWait }: Task['inputs'][number], labels: Labels, metrics: Metrics): void {
  if (mergeWait === undefined) return
  const { records, since } = mergeWait
  metrics.gauge('millrace_merge_waiting_records', labels, records)
  metrics.gauge(
    'millrace_merge_waiting_seconds',
    labels,
    since === undefined ? 0 : (Date.now() - since) / 1000,
  )
}
