import type { Scenario } from './scenario.ts'
import { auditScenarios } from './scenario-audit.ts'
import { dedup } from './scenario-dedup.ts'
import { keyedScenarios } from './scenario-keyed.ts'

/** All that is measured, in this order. */
export const scenarios: readonly Scenario[] = [dedup, ...keyedScenarios, ...auditScenarios]
