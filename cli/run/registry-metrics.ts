import type { RegistryCounts } from '../../engine/avro/registry-counts.ts'
import type { Metrics } from '../../engine/observe/metrics.ts'

/** Shows what the schema registry was asked, and what it answered: read when somebody asks for it. */
export function connectRegistryMetrics(counts: RegistryCounts, metrics: Metrics): void {
  const { registry } = counts
  const shown = new Map<string, number>()
  const grown = (what: string, now: number): number => {
    const by = now - (shown.get(what) ?? 0)
    shown.set(what, now)
    return by
  }
  metrics.onScrape(() => {
    for (const [outcome, count] of counts.requests)
      metrics.count('millrace_registry_requests_total', { registry, outcome }, grown(outcome, count))
    for (const [cache, count] of Object.entries(counts.hits))
      metrics.count('millrace_registry_cache_hits_total', { registry, cache }, grown(`${cache} hits`, count))
    const age = counts.answerAgeMs
    if (age !== undefined) metrics.gauge('millrace_registry_answer_age_seconds', { registry }, age / 1000)
  })
}
