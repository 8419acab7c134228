import type { LintReport } from '../../engine/topology/lint-format.ts'
import type { CommandArgs } from '../command-line/command.ts'
import { annotated } from '../terminal/annotated-files.ts'

/** Prints findings for a build: as annotations of GitHub (nothing where there are none), or as JUnit's tests. */
export async function showFindings(
  reports: readonly LintReport[],
  format: 'github' | 'junit',
  command: string,
  args: CommandArgs,
): Promise<void> {
  const { formatLint } = await import('../../engine/topology/lint-format.ts')
  const told = format === 'github' ? annotated(reports, args) : reports
  const text = formatLint(told, format, ['error'], command)
  if (text !== '') args.out(text)
}
