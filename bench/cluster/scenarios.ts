import type { Scenario } from './scenario.ts'
import { aggregate } from './scenario-aggregate.ts'
import { auditScenarios } from './scenario-audit.ts'
import { critical } from './scenario-critical.ts'
import { dedup } from './scenario-dedup.ts'
import { join } from './scenario-join.ts'
import { keyedScenarios } from './scenario-keyed.ts'

/** All that is measured, in this order. */
export const scenarios: readonly Scenario[] = [
  dedup,
  aggregate,
  join,
  ...keyedScenarios,
  ...auditScenarios,
  critical,
]
