import type { LintFacts } from './facts.ts'
import type { LintRule, LintSubject, RuleFinding, Severity } from './lint-rule.ts'
import { lintRules } from './lint-rules.ts'
import { PlanGraph } from './plan-graph.ts'
import type { FilePosition, TopologyPlan } from './plan-types.ts'
import { ValueShapes } from './value-shapes.ts'

/** One thing that lint has to say, with its place. */
export interface LintFinding extends FilePosition {
  readonly code: string
  readonly severity: Severity
  readonly title: string
  readonly message: string
}

/** A comment `# lint-allow ML004 reason`, with the line that it speaks of. */
export interface Allowance {
  readonly line: number
  readonly target: number
  readonly code: string
  readonly reason: string
}

/** A finding, and the lines in which a comment may allow it. */
interface Placed {
  readonly finding: LintFinding
  readonly lines: readonly number[]
}

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
  const placed = rules.flatMap((rule) =>
    [...rule.check(subject)].map((found) => placedFinding(plan, rule, found)),
  )
  const used = new Set<Allowance>()
  const left = placed.filter((one) => {
    const allowed = allowances.filter((allowance) => covers(allowance, one))
    for (const allowance of allowed) used.add(allowance)
    return allowed.length === 0
  })
  const findings = left.map(({ finding }) => finding)
  return [...findings, ...allowanceFindings(plan, allowances, used, rules)].toSorted(inFileOrder)
}

function placedFinding(plan: TopologyPlan, rule: LintRule, found: RuleFinding): Placed {
  const { code, title } = rule
  const { node: name, field, message, severity = rule.severity } = found
  const node = name === undefined ? undefined : plan.nodes.get(name)
  const fields = node === undefined ? plan.sectionPositions : node.fieldPositions
  const whole = node?.position ?? { file: plan.file, line: 1, column: 1 }
  const { file, line, column } = (field === undefined ? undefined : fields?.[field]) ?? whole
  const lines = node === undefined ? [line] : [line, node.position.line]
  return { finding: { file, line, column, code, severity, title, message }, lines }
}

function covers({ code, target, reason }: Allowance, { finding, lines }: Placed): boolean {
  return code === finding.code && lines.includes(target) && reason !== ''
}

// An allowance that is left over would hide the next finding of that line.
function allowanceFindings(
  plan: TopologyPlan,
  allowances: readonly Allowance[],
  used: ReadonlySet<Allowance>,
  rules: readonly LintRule[],
): LintFinding[] {
  return allowances
    .filter((allowance) => !used.has(allowance))
    .map((allowance) => ({
      file: plan.file,
      line: allowance.line,
      column: 1,
      code: 'ML000',
      severity: 'warning',
      title: 'A lint-allow that allows nothing',
      message: allowanceSentence(allowance, rules),
    }))
}

function allowanceSentence({ code, reason }: Allowance, rules: readonly LintRule[]): string {
  if (!rules.some((rule) => rule.code === code))
    return `"lint-allow ${code}" names no rule: see docs/reference/lint.md.`
  if (reason === '') return `"lint-allow ${code}" gives no reason: write one behind the code.`
  return `"lint-allow ${code}" allows nothing: there is no such finding in its line, or the one below.`
}

function inFileOrder(a: LintFinding, b: LintFinding): number {
  return a.line - b.line || a.column - b.column || a.code.localeCompare(b.code)
}
