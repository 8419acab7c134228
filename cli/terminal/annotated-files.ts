import { relative, resolve } from 'node:path'
import type { LintReport } from '../../engine/topology/lint-format.ts'
import type { CommandArgs } from '../command-line/command.ts'

/**
 * Reports for annotations, which GitHub puts to the files of the repository: their paths are from its top
 * (`GITHUB_WORKSPACE`), wherever in it the project lies.
 */
export function annotated(reports: readonly LintReport[], { cwd, env }: CommandArgs): LintReport[] {
  const top = env['GITHUB_WORKSPACE'] ?? ''
  const named = (file: string): string => (top === '' ? file : relative(top, resolve(cwd, file)))
  return reports.map(({ file, findings, accepted = [] }) => ({
    file: named(file),
    findings: findings.map((finding) => ({ ...finding, file: named(finding.file) })),
    accepted: accepted.map((finding) => ({ ...finding, file: named(finding.file) })),
  }))
}
