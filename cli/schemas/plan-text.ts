import type { LintFinding } from '../../engine/topology/lint-findings.ts'
import type { LintReport } from '../../engine/topology/lint-format.ts'
import { outputFlag } from '../command-line/flags.ts'
import { textTable } from '../terminal/text-table.ts'
import type { SchemasContext } from './context.ts'
import { showFindings } from './findings.ts'
import type { PlannedSubject } from './registry.ts'

/** The formats of `plan` and `apply`. */
export const planFormats = ['text', 'json', 'github', 'junit'] as const

/** Prints a plan as `-o` says: one line a subject, or findings with their files, or all of it as JSON. */
export async function showPlan(steps: readonly PlannedSubject[], { args }: SchemasContext): Promise<void> {
  const format = outputFlag(args.values, planFormats)
  const { versionLabel } = await import('../../engine/avro/compatibility/check-types.ts')
  if (format === 'json') {
    const plain = steps.map((step) => ({
      ...step,
      register: step.register.map((file) => ({ file: file.path, version: versionLabel(file) })),
    }))
    return args.out(JSON.stringify({ steps: plain }, undefined, 2))
  }
  if (format === 'text') {
    for (const line of planLines(steps, versionLabel)) args.out(line)
    return
  }
  await showFindings(planFindings(steps), format, 'millrace schemas plan', args)
}

function planLines(
  steps: readonly PlannedSubject[],
  labelOf: (file: PlannedSubject['register'][number]) => string,
): string[] {
  const rows = steps.map(({ subject, action, register, level, reason }) => [
    ...[subject, action, register.map(labelOf).join(', ')],
    ...[level === undefined ? '' : `${level.from} → ${level.to}`, reason],
  ])
  const others = steps.flatMap(({ subject, refusals, drift }) =>
    [...refusals.slice(1), ...drift].map((line) => `${subject}: ${line}`),
  )
  return [...textTable(['subject', 'action', 'versions', 'compatibility', 'reason'], rows), ...others]
}

/** What a build shows: what is refused fails it, and what is to be done is a notice. */
function planFindings(steps: readonly PlannedSubject[]): LintReport[] {
  return steps.map(({ subject, action, file, level, register, reason, refusals, drift }) => {
    const finding = (
      severity: LintFinding['severity'],
      code: string,
      title: string,
      message: string,
      at = file,
    ): LintFinding => ({
      ...{ file: at, line: 1, column: 1, code, severity, title },
      message: `${subject}: ${message}`,
    })
    const change = level === undefined ? [] : [`${level.from} → ${level.to}`]
    const findings = [
      ...refusals.map((one) => finding('error', 'REFUSED', 'The registry will not get it', one)),
      ...drift.map((one) => finding('warning', 'DRIFT', 'The registry differs, and stays so', one)),
      ...(action === 'register'
        ? [finding('info', 'REGISTER', 'To be registered', reason, register.at(-1)!.path)]
        : []),
      ...change.map((one) => finding('info', 'LEVEL', 'Compatibility to be set', one)),
    ]
    return { file, findings }
  })
}
