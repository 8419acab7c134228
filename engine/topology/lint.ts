import { changeKinds, type PlanChange } from './change-kinds.ts'
import type { LintFacts } from './facts.ts'
import { notAllowed, placed, type Allowance, type LintFinding } from './lint-findings.ts'
import type { LintRule, LintSubject } from './lint-rule.ts'
import { lintRules } from './lint-rules.ts'
import { PlanGraph } from './plan-graph.ts'
import type { TopologyPlan } from './plan-types.ts'
import { ValueShapes } from './value-shapes.ts'

/** Looks for hazards in a plan. Pure: what must be known beside it is in `facts`. */
export function lintPlan(
  plan: TopologyPlan,
  facts: LintFacts,
  allowances: readonly Allowance[] = [],
  rules: readonly LintRule[] = lintRules,
): LintFinding[] {
  const subject: LintSubject = {
    plan,
    facts,
    graph: new PlanGraph(plan),
    shapes: new ValueShapes(plan, facts),
  }
  const all = rules.flatMap((rule) =>
    [...rule.check(subject)].map((found) =>
      placed(plan, { ...rule, severity: found.severity ?? rule.severity }, found),
    ),
  )
  const own = allowances.filter(({ code }) => !isChange(code))
  return notAllowed(plan, all, own, new Set(rules.map(({ code }) => code)))
}

/** Says where in the new file changes stand, without those that comments allow. */
export function lintChanges(
  plan: TopologyPlan,
  changes: readonly PlanChange[],
  allowances: readonly Allowance[] = [],
): LintFinding[] {
  const all = changes.map((change) => {
    const { code, node, field, message } = change
    return placed(plan, { code, ...changeKinds[code] }, { node, message, ...(field && { field }) })
  })
  const own = allowances.filter(({ code }) => isChange(code))
  return notAllowed(plan, all, own, new Set(Object.keys(changeKinds)))
}

function isChange(code: string): boolean {
  return Object.hasOwn(changeKinds, code)
}
