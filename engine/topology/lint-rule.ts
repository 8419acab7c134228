import type { FactsData, LintFacts } from './facts.ts'
import type { PlanGraph } from './plan-graph.ts'
import type { TopologyPlan } from './plan-types.ts'
import type { ValueShapes } from './value-shapes.ts'

/** `error`: it will fail, or lose records. `warning`: it probably is not what was meant. `info`: good to know. */
export type Severity = 'error' | 'warning' | 'info'

/** What a rule looks at. */
export interface LintSubject {
  readonly plan: TopologyPlan
  readonly facts: LintFacts
  readonly graph: PlanGraph
  readonly shapes: ValueShapes
}

/** What a rule found. */
export interface RuleFinding {
  /** The node that it is about; undefined = the topology. */
  readonly node: string | undefined
  /** The field of the node, for the column. */
  readonly field?: string
  /** Sentences: what is wrong here, and what to do. */
  readonly message: string
  /** Where it differs from the rule's. */
  readonly severity?: Severity
}

/** A topology that a rule complains about, once. Shown in docs/reference/lint.md, and tried by a test. */
export interface LintExample {
  readonly topology: string
  /** What has to be known for it. */
  readonly facts?: FactsData
}

/** One rule; a file each in lint-rules/. */
export interface LintRule {
  /** Stable: it stands in comments of topologies. */
  readonly code: string
  readonly title: string
  readonly severity: Severity
  /** Why it matters. Markdown. */
  readonly explanation: string
  /** What to do about it. Markdown. */
  readonly remedy: string
  readonly example: LintExample
  check(subject: LintSubject): Iterable<RuleFinding>
}

/** How long a worker may take to drain a partition that it gives up: half of Kafka's default session time-out. */
export const drainMs = 22_500

/** `2.3 GB`, `480 kB`. */
export function byteText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`
  const units = ['kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length)
  const value = bytes / 1000 ** power
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ${units[power - 1]}`
}

/** `7d`, `90s`, `200ms`: as topologies write it. */
export function durationText(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  for (const [unit, length] of units) {
    if (ms >= length && ms % length === 0) return `${ms / length}${unit}`
  }
  return ms > 1000 ? `${Number((ms / 1000).toFixed(1))}s` : `${ms}ms`
}

/** `"a"`, `"a" and "b"`. */
export function quoted(names: readonly string[]): string {
  const words = names.map((name) => `"${name}"`)
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
