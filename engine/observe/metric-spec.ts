/** What kind of number a metric is, as Prometheus tells them apart. */
export type MetricType = 'counter' | 'gauge' | 'histogram'

/** One metric: from this its series, its help text and its entry in docs/reference/metrics.md are made. */
export interface MetricSpec {
  readonly type: MetricType
  /** One line, as a scrape shows it. */
  readonly help: string
  /** What one unit of the value is. */
  readonly unit:
    | 'records'
    | 'commits'
    | 'requests'
    | 'schemas'
    | 'seconds'
    | 'bytes'
    | 'offset'
    | 'keys'
    | 'ids'
    | 'flag'
    | 'state'
    | 'openings'
    | 'epoch'
    | 'writes'
  readonly labels: readonly string[]
  /** What to make of it: when it grows, what to look at, what it does not say. */
  readonly notes: string
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[]
}
