import { describe, expect, test } from '@jest/globals'
import prometheus from 'prom-client'
import { metricCatalogue } from '../../../engine/observe/metric-catalogue.ts'
import type { MetricSpec } from '../../../engine/observe/metric-spec.ts'
import { createMetrics, noMetrics } from '../../../engine/observe/metrics.ts'

const partition = { topology: 'audit-store', topic: 'audit-events', partition: 3 }

describe('the catalogue', () => {
  const specs = Object.entries<MetricSpec>(metricCatalogue)

  test.each(specs)('%s is named by what it counts and its unit', (name, spec) => {
    expect(name).toMatch(/^millrace_[a-z]+(_[a-z]+)*$/)
    expect(name.endsWith('_total')).toBe(spec.type === 'counter')
    if (spec.unit === 'seconds' || spec.unit === 'bytes')
      expect(name).toMatch(new RegExp(`_${spec.unit}(_total)?$`))
    expect(spec.help).toMatch(/\.$/)
    expect(spec.notes).not.toBe('')
    expect(spec.buckets !== undefined).toBe(spec.type === 'histogram')
  })

  test('no label can grow without bound', () => {
    const labels = new Set(specs.flatMap(([, spec]) => spec.labels))
    for (const bad of ['key', 'id', 'offset', 'error', 'message', 'task']) expect(labels).not.toContain(bad)
  })

  test('every metric is made, with its help', async () => {
    const text = await createMetrics().text()
    for (const [name, spec] of specs) {
      expect(text).toContain(`# HELP ${name} ${spec.help}\n# TYPE ${name} ${spec.type}\n`)
    }
  })
})

describe('createMetrics', () => {
  test('counts, sets and observes', async () => {
    const metrics = createMetrics({ version: '1.2.3' })
    const consumed = { topology: 'audit-store', node: 'events', topic: 'audit-events' }
    metrics.count('millrace_records_consumed_total', consumed, 500)
    metrics.count('millrace_records_consumed_total', consumed, 0)
    metrics.count('millrace_records_consumed_total', consumed, 20)
    metrics.gauge('millrace_ledger_in_flight_records', partition, 7)
    metrics.observe('millrace_commit_seconds', { topology: 'audit-store' }, 0.02)
    const text = await metrics.text()
    expect(text).toContain(
      'millrace_records_consumed_total{topology="audit-store",node="events",topic="audit-events"} 520\n',
    )
    expect(text).toContain(
      'millrace_ledger_in_flight_records{topology="audit-store",topic="audit-events",partition="3"} 7\n',
    )
    expect(text).toContain('millrace_commit_seconds_bucket{le="0.025",topology="audit-store"} 1\n')
    expect(text).toContain('millrace_commit_seconds_bucket{le="0.01",topology="audit-store"} 0\n')
    expect(text).toContain(`millrace_build_info{version="1.2.3",node_version="${process.versions.node}"} 1\n`)
  })

  test('nothing that was never counted by labels is shown as if it were', async () => {
    const text = await createMetrics().text()
    expect(text).not.toMatch(/^millrace_records_settled_total/m)
  })

  test('two workers do not see each other, and nothing is registered globally', async () => {
    const [one, two] = [createMetrics(), createMetrics()]
    one.gauge('millrace_parked_keys', partition, 2)
    expect(await two.text()).not.toMatch(/^millrace_parked_keys/m)
    expect(await prometheus.register.metrics()).not.toContain('millrace')
  })

  test('a partition that is given up leaves no gauge behind, and its counters stay', async () => {
    const metrics = createMetrics()
    metrics.gauge('millrace_ledger_in_flight_records', partition, 7)
    metrics.gauge('millrace_assignment_epoch', partition, 2)
    metrics.gauge('millrace_ledger_in_flight_records', { ...partition, partition: 4 }, 9)
    metrics.count(
      'millrace_records_settled_total',
      { topology: 'audit-store', verdict: 'stored', reason: '' },
      5,
    )
    metrics.forget({ topic: 'audit-events', partition: '3' })
    const text = await metrics.text()
    expect(text).not.toContain('partition="3"')
    expect(text).toContain(
      'millrace_ledger_in_flight_records{topology="audit-store",topic="audit-events",partition="4"} 9\n',
    )
    expect(text).toContain(
      'millrace_records_settled_total{topology="audit-store",verdict="stored",reason=""} 5\n',
    )
  })

  test('gauges may be set when they are asked for', async () => {
    const metrics = createMetrics()
    let age = 0
    const stop = metrics.onScrape(() =>
      metrics.gauge('millrace_poll_heartbeat_age_seconds', { topology: 'a' }, ++age),
    )
    expect(await metrics.text()).toContain('millrace_poll_heartbeat_age_seconds{topology="a"} 1\n')
    expect(await metrics.text()).toContain('millrace_poll_heartbeat_age_seconds{topology="a"} 2\n')
    stop()
    expect(await metrics.text()).toContain('millrace_poll_heartbeat_age_seconds{topology="a"} 2\n')
  })

  test('a label that is not in the catalogue is refused by the types and at run time', () => {
    const metrics = createMetrics()
    const wrong = { topology: 'a', key: 'order-7' }
    // @ts-expect-error -- key is no label
    expect(() => metrics.count('millrace_commits_total', wrong, 1)).toThrow(/label/i)
  })

  test('node’s own numbers come on request', async () => {
    expect(await createMetrics().text()).not.toContain('process_cpu')
    expect(await createMetrics({ process: true }).text()).toContain('process_cpu_seconds_total')
    prometheus.register.clear()
  })
})

test('noMetrics takes everything', async () => {
  noMetrics.count('millrace_retries_total', { topology: 'a', node: 'b' }, 1)
  noMetrics.onScrape(() => undefined)()
  expect(await noMetrics.text()).toBe('')
})
