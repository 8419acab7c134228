import { existsSync, readFileSync } from 'node:fs'
import type {
  CheckProblem,
  SubjectReport,
  VersionReport,
} from '../../engine/avro/compatibility/check-types.ts'
import type { LintReport } from '../../engine/topology/lint-format.ts'
import { textTable } from '../terminal/text-table.ts'

/** One line a subject, with its verdict and the first reason; what else there is to say stands below the table. */
export function checkText(reports: readonly SubjectReport[]): string[] {
  if (reports.length === 0) return ['There are no schemas.']
  const rows = reports.map((report) => {
    const problems = report.versions.flatMap((one) => one.problems)
    const newest = report.versions.at(-1)!
    const reason = problems[0] === undefined ? whatChanged(newest) : withMore(problems)
    return [report.subject, newest.version, report.mode, problems.length === 0 ? 'ok' : 'broken', reason]
  })
  const others = reports.flatMap(({ subject, versions }) => {
    const problems = versions.flatMap((one) => one.problems).slice(1)
    const notes = versions.flatMap((one) => one.notes)
    return [...problems.map(problemText), ...notes.map((note) => `note: ${note}`)].map(
      (line) => `${subject}: ${line}`,
    )
  })
  const broken = rows.filter(([, , , verdict]) => verdict === 'broken').length
  const sum = broken === 0 ? `${count(rows.length)}, all fine.` : `${count(rows.length)}, ${broken} broken.`
  return [
    ...textTable(['subject', 'version', 'compatibility', 'verdict', 'reason'], rows),
    ...others,
    '',
    sum,
  ]
}

function count(subjects: number): string {
  return subjects === 1 ? '1 subject' : `${subjects} subjects`
}

function withMore(problems: readonly CheckProblem[]): string {
  const more = problems.length - 1
  return problemText(problems[0]!) + (more === 0 ? '' : ` (and ${more} more, below)`)
}

function problemText({ code, message }: CheckProblem): string {
  return `${code}: ${message}`
}

/** What a version is to the one before it, and who goes over to it first. */
export function whatChanged({ change, what, upgrade }: VersionReport): string {
  if (change === 'first') return what
  return `${change.toUpperCase()}: ${what}; upgrade ${upgrade === 'any order' ? 'in any order' : upgrade}`
}

const titles: Readonly<Record<CheckProblem['code'], string>> = {
  INCOMPATIBLE: 'A reader fails',
  MISREAD: 'A value means something else',
  VERSION: 'The number does not say what changed',
  UNCHANGED: 'No version of its own',
  EDITED: 'A version that is in use was edited',
  REMOVED: 'A version that is in use was removed',
  DEPRECATION: 'A field goes before its day',
  REGISTRY: 'The registry refuses it',
}

/** The same as findings with places, for the formats that need them. */
export async function lintReportsOf(reports: readonly SubjectReport[]): Promise<LintReport[]> {
  const { fieldPlace } = await import('../../engine/avro/schema-places.ts')
  return reports.flatMap(({ versions }) =>
    versions.map(({ file, problems, notes }) => ({
      file,
      findings: [
        ...problems.map(({ code, file: at, path, message }) => ({
          ...{ file: at, ...fieldPlace(textOf(at), path), code },
          ...{ severity: 'error' as const, title: titles[code], message },
        })),
        ...notes.map((message) => ({
          ...{
            file,
            line: 1,
            column: 1,
            code: 'NOTE',
            severity: 'info' as const,
            title: 'Worth knowing',
            message,
          },
        })),
      ],
    })),
  )
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
