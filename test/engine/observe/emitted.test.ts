// What the catalogue says is there to be seen: each metric comes from a worker that lives, or is named here with its source.
import { expect, jest, test } from '@jest/globals'
import { connectMetrics } from '../../../cli/run/worker-metrics.ts'
import { metricCatalogue } from '../../../engine/observe/metric-catalogue.ts'
import { createMetrics } from '../../../engine/observe/metrics.ts'
import { Worker } from '../../../engine/runtime/worker.ts'
import { Bench, withBench } from '../../support/harness.ts'

const yaml = `
name: orders
sources: { in: { type: topic, topic: in, format: json }, late: { type: topic, topic: late, format: json }, odd: { type: topic, topic: odd, format: json } }
processors:
  both: { type: merge, from: [in, late], wait: 10s }
  unique: { type: dedupe, from: both, by: id, window: 1d }
  sums: { type: aggregate, from: odd, fields: { n: count } }
  slow: { type: wait, from: unique }
sinks: { out: { type: effect, from: slow }, counts: { type: effect, from: sums } }
errors: { attempts: 2, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 50ms }
`

/** Shown by others than `connectMetrics`, whose tests see them, or only by topologies with the nodes that count them. */
const elsewhere = [
  ...['millrace_commit_seconds', 'millrace_commits_total', 'millrace_build_info'],
  ...['requests_total', 'cache_hits_total', 'answer_age_seconds'].map((name) => `millrace_registry_${name}`),
  ...['late', 'out_of_order', 'unmatched', 'replayed', 'conflicting'].map(
    (name) => `millrace_records_${name}_total`,
  ),
  ...['millrace_emissions_total', 'millrace_emissions_failed_total'],
  ...['millrace_breaker_openings_total'],
]

test('every metric of the catalogue comes from a worker', () =>
  withBench(new Bench(7, yaml, { partitions: 1 }), async (one) => {
    const { cluster } = one
    for (const topic of ['late', 'odd']) cluster.topics.ensure(topic, 1)
    one.produce([{ id: 'd', key: null }], 0, 'odd')
    one.produce([
      { id: 'a', key: 'a' },
      { id: 'a', key: 'a' },
      { id: 'b', key: 'b', fails: { slow: -1 } },
      { id: 'c', key: 'c', fails: { slow: 1 } },
    ])
    const { worker } = cluster.start()
    const load = { most: 128, underWay: 3, waiting: 2 }
    jest.spyOn(Worker.prototype, 'tableLoad', 'get').mockReturnValue(load)
    const metrics = createMetrics()
    connectMetrics(worker, metrics)
    await cluster.until(() => one.letters().length === 1 && one.offsets('out').length === 2)
    await cluster.until(() => [...worker.tasks].every((task) => !task.awaitsLetters))
    const text = await metrics.text()
    const seen = Object.keys(metricCatalogue).filter((name) =>
      new RegExp(`^${name}(_count)?[{ ]`, 'm').test(text),
    )
    expect(
      Object.keys(metricCatalogue)
        .filter((name) => !seen.includes(name))
        .toSorted(),
    ).toEqual(elsewhere.filter((name) => name !== 'millrace_build_info').toSorted())
    expect(text).toContain(
      'millrace_failures_total{topology="orders",node="slow",class="permanent",code="RECORD_INVALID"} 1\n',
    )
    expect(text).toMatch(
      /^millrace_records_dropped_total\{topology="orders",node="sums",reason="keyless"\} 1$/m,
    )
    expect(text).toContain('millrace_parked_letters{topology="orders",topic="in",partition="0"} 1\n')
    expect(text).toContain('millrace_parked_letters{topology="orders",topic="late",partition="0"} 0\n')
    expect(text).toContain('millrace_table_requests_waiting{topology="orders"} 2\n')
    expect(text).toContain('millrace_table_requests_under_way 3\n')
    expect(text).toContain('millrace_records_consumed_total{topology="orders",node="in",topic="in"} 4\n')
  }))
