import prometheus, { type Counter, type Gauge, type Histogram } from 'prom-client'
import { metricCatalogue } from './metric-catalogue.ts'
import type { MetricSpec, MetricType } from './metric-spec.ts'

type Catalogue = typeof metricCatalogue
/** The names of all metrics. */
export type MetricName = keyof Catalogue
type NamesOf<Type extends MetricType> = {
  [Name in MetricName]: Catalogue[Name]['type'] extends Type ? Name : never
}[MetricName]

export type CounterName = NamesOf<'counter'>
export type GaugeName = NamesOf<'gauge'>
export type HistogramName = NamesOf<'histogram'>

/** A value for each label of the metric. The object is kept: make a new one rather than change it. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<Catalogue[Name]['labels'][number], string | number>
>

/** Labels by which series are found again. */
export type SomeLabels = Readonly<Record<string, string | number>>

/**
 * The numbers of one worker. Each call costs about half a microsecond: count a batch with one call, not its records.
 * Nothing global is touched, so that several workers of one process, or of one test, don't see each other.
 */
export interface Metrics {
  /** Adds to a counter; nothing happens for 0. */
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by: number): void
  /** Sets a gauge. */
  gauge<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void
  /** Adds one observation to a histogram. */
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void
  /** Removes every gauge that has all of these label values: for a partition that is no longer this worker's. */
  forget(labels: SomeLabels): void
  /** Runs `collect` before every scrape, for gauges that nobody needs otherwise. The answer takes it off again. */
  onScrape(collect: () => void): () => void
  /** What /metrics answers. */
  text(): Promise<string>
  readonly contentType: string
}

/** What `createMetrics` may be told. */
export interface MetricsOptions {
  /** Millrace's version, for `millrace_build_info`. */
  readonly version?: string
  /** Adds Node's own: CPU, memory, event loop, garbage collection. For one worker of a process only. */
  readonly process?: boolean
}

/** Makes the metrics of a worker, in a registry of their own. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const metrics = new PrometheusMetrics()
  const version = options.version ?? 'unknown'
  metrics.gauge('millrace_build_info', { version, node_version: process.versions.node }, 1)
  if (options.process === true) metrics.addProcessMetrics()
  return metrics
}

/** Takes everything and keeps nothing: for tests and for benchmarks of the engine alone. */
export const noMetrics: Metrics = {
  count: () => undefined,
  gauge: () => undefined,
  observe: () => undefined,
  forget: () => undefined,
  onScrape: () => () => undefined,
  text: async () => '',
  contentType: prometheus.Registry.PROMETHEUS_CONTENT_TYPE,
}

class PrometheusMetrics implements Metrics {
  readonly #registry = new prometheus.Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()
  readonly #histograms = new Map<string, Histogram>()
  readonly #collectors = new Set<() => void>()

  constructor() {
    const registers = [this.#registry]
    for (const [name, spec] of Object.entries<MetricSpec>(metricCatalogue)) {
      const common = { name, help: spec.help, labelNames: [...spec.labels], registers }
      if (spec.type === 'counter') this.#counters.set(name, new prometheus.Counter(common))
      else if (spec.type === 'gauge') this.#gauges.set(name, new prometheus.Gauge(common))
      else {
        const buckets = [...(spec.buckets ?? [])]
        this.#histograms.set(name, new prometheus.Histogram({ ...common, buckets }))
      }
    }
  }

  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by: number): void {
    if (by !== 0) this.#counters.get(name)!.inc(labels, by)
  }

  gauge<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.#gauges.get(name)!.set(labels, value)
  }

  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.#histograms.get(name)!.observe(labels, value)
  }

  forget(labels: SomeLabels): void {
    const wanted = Object.entries(labels)
    for (const gauge of this.#gauges.values()) {
      for (const series of seriesOf(gauge)) {
        if (wanted.every(([name, value]) => String(series[name]) === String(value))) gauge.remove(series)
      }
    }
  }

  onScrape(collect: () => void): () => void {
    this.#collectors.add(collect)
    return () => this.#collectors.delete(collect)
  }

  async text(): Promise<string> {
    for (const collect of this.#collectors) collect()
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  addProcessMetrics(): void {
    prometheus.collectDefaultMetrics({ register: this.#registry })
  }
}

/** The label sets of a gauge. `get()` would say the same, but only after a turn of the event loop. */
function seriesOf(gauge: Gauge): Record<string, string | number>[] {
  const { hashMap } = gauge as unknown as {
    hashMap: Record<string, { labels: Record<string, string | number> }>
  }
  return Object.values(hashMap).map(({ labels }) => labels)
}
