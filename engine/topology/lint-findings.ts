import type { RuleFinding, Severity } from './lint-rule.ts'
import type { FilePosition, TopologyPlan } from './plan-types.ts'

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

/** What is said of a comment that allows nothing. */
export const staleAllowance = {
  code: 'ML000',
  severity: 'warning',
  title: 'A lint-allow that allows nothing',
  explanation:
    'A comment `# lint-allow CODE REASON` stands where its rule has nothing to say (any more), names no rule, or gives no reason. Left ' +
    'there, it would hide the next finding of that line. Delete it, or write the reason behind the code.',
} as const

/** A finding, and the lines in which a comment may allow it. */
export interface Placed {
  readonly finding: LintFinding
  readonly lines: readonly number[]
}

/** Says where in the file a finding stands: at its field, its node, or its setting of the topology. */
export function placed(
  plan: TopologyPlan,
  kind: Pick<LintFinding, 'code' | 'title' | 'severity'>,
  found: Pick<RuleFinding, 'node' | 'field' | 'message'>,
): Placed {
  const { code, title, severity } = kind
  const { node: name, field, message } = found
  const node = name === undefined ? undefined : plan.nodes.get(name)
  const fields = node === undefined ? plan.sectionPositions : node.fieldPositions
  const whole = node?.position ?? { file: plan.file, line: 1, column: 1 }
  const { file, line, column } = (field === undefined ? undefined : fields?.[field]) ?? whole
  const lines = node === undefined ? [line] : [line, node.position.line]
  return { finding: { file, line, column, code, severity, title, message }, lines }
}

/**
 * What no comment allows, and the comments that allow nothing, which would hide the next finding of their line; in the order
 * of the file. `known` are the codes that there are.
 */
export function notAllowed(
  plan: TopologyPlan,
  all: readonly Placed[],
  allowances: readonly Allowance[],
  known: ReadonlySet<string>,
): LintFinding[] {
  const left = all.filter((one) => !allowances.some((allowance) => covers(allowance, one)))
  const idle = allowances.filter((allowance) => !all.some((one) => covers(allowance, one)))
  const { code, severity, title } = staleAllowance
  const stale = idle.map((allowance): LintFinding => ({
    ...{ file: plan.file, line: allowance.line, column: 1, code, severity, title },
    message: allowanceSentence(allowance, known),
  }))
  return [...left.map(({ finding }) => finding), ...stale].toSorted(inFileOrder)
}

function covers({ code, target, reason }: Allowance, { finding, lines }: Placed): boolean {
  return code === finding.code && lines.includes(target) && reason !== ''
}

function allowanceSentence({ code, reason }: Allowance, known: ReadonlySet<string>): string {
  if (!known.has(code)) return `"lint-allow ${code}" names no rule: see docs/reference/lint.md.`
  if (reason === '') return `"lint-allow ${code}" gives no reason: write one behind the code.`
  return `"lint-allow ${code}" allows nothing: there is no such finding in its line, or the one below.`
}

/** By place, then by code. */
export function inFileOrder(a: LintFinding, b: LintFinding): number {
  return a.line - b.line || a.column - b.column || a.code.localeCompare(b.code)
}
