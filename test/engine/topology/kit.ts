import { readTopologyText } from '../../../engine/config/load.ts'
import type { Registry } from '../../../engine/component/index.ts'
import { factsFrom, type FactsData } from '../../../engine/topology/facts.ts'
import type { LintFinding } from '../../../engine/topology/lint-findings.ts'
import { lintPlan } from '../../../engine/topology/lint.ts'
import { planReading } from '../../../engine/topology/plan.ts'
import type { TopologyPlan } from '../../../engine/topology/plan-types.ts'
import { structureOf, type DescribedPart } from '../../../engine/topology/structure.ts'
import { processors } from '../../../processors/index.ts'
import { sinks } from '../../../sinks/index.ts'
import { topic } from '../../../sources/topic.ts'

/** The components that Millrace ships: what is documented is tried with them. */
export const shipped: Registry = { sources: { topic }, processors, sinks }

/** The plan of a topology text. */
export function planText(text: string, registry: Registry = shipped): TopologyPlan {
  return planReading(readTopologyText('t.yaml', text, registry, {}))
}

/** Its sub-topologies with what they keep. */
export function partsOf(plan: TopologyPlan): DescribedPart[] {
  return structureOf(plan, {
    parked: (group, of) => `${group}.${of}.parked`,
    deadLetter: (of) => `${of}.dlq`,
    changelog: (group, store) => `${group}.${store}.changelog`,
  })
}

/** What lint says of a topology text. */
export function lintText(text: string, facts: FactsData = {}): LintFinding[] {
  const reading = readTopologyText('t.yaml', text, shipped, {})
  return lintPlan(planReading(reading), factsFrom(facts), reading.config?.allowances)
}
