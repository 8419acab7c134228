import type { LintFinding } from './lint-findings.ts'
import type { Severity } from './lint-rule.ts'

/** What lint found in one file. */
export interface LintReport {
  readonly file: string
  readonly findings: readonly LintFinding[]
  /** What was found and is accepted, with the reason: told, and counted nowhere. */
  readonly accepted?: readonly AcceptedFinding[]
}

/** A finding that stays as it is. */
export interface AcceptedFinding extends LintFinding {
  readonly reason: string
}

export const lintFormats = ['text', 'json', 'github', 'junit'] as const
export type LintFormat = (typeof lintFormats)[number]

/**
 * The reports as text in one of the formats; lines are joined by line feeds, without one at the end. What is of a severity
 * in `failing` is a failure of JUnit's, whose suites are called after the `command`.
 */
export function formatLint(
  reports: readonly LintReport[],
  format: LintFormat,
  failing: readonly Severity[] = ['error'],
  command = 'millrace lint',
): string {
  switch (format) {
    case 'json':
      return JSON.stringify({ files: reports, ...countAll(reports) }, undefined, 2)
    case 'github':
      return reports
        .flatMap(({ findings, accepted = [] }) => [
          ...findings.map(githubLine),
          ...accepted.map(githubAccepted),
        ])
        .join('\n')
    case 'junit':
      return junit(reports, failing, command)
    case 'text':
      return [
        ...reports.flatMap(({ findings }) => findings.map(textLine)),
        ...reports.flatMap(({ accepted = [] }) => accepted.map(acceptedLine)),
        summary(reports),
      ].join('\n')
  }
}

/** How many findings of each severity there are. */
export function countAll(reports: readonly LintReport[]): {
  errors: number
  warnings: number
  infos: number
} {
  const all = reports.flatMap(({ findings }) => findings)
  const count = (wanted: Severity): number => all.filter(({ severity }) => severity === wanted).length
  return { errors: count('error'), warnings: count('warning'), infos: count('info') }
}

function textLine({ file, line, column, severity, code, message }: LintFinding): string {
  return steerless(`${file}:${line}:${column}: ${severity} ${code}: ${message}`)
}

/** What stands in a file may hold what steers a terminal. */
function steerless(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, '\ufffd')
}

function acceptedLine({ file, line, column, code, message, reason }: AcceptedFinding): string {
  return `${file}:${line}:${column}: accepted ${code}: ${message} (${reason})`
}

function summary(reports: readonly LintReport[]): string {
  const { errors, warnings, infos } = countAll(reports)
  const files = counted(reports.length, 'file')
  const known = reports.reduce((sum, { accepted = [] }) => sum + accepted.length, 0)
  const end = known === 0 ? `in ${files}.` : `in ${files}; ${known} accepted.`
  if (errors + warnings + infos === 0) return `Nothing to complain about ${end}`
  return `${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${counted(infos, 'info')} ${end}`
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
function githubLine({ file, line, column, severity, code, title, message }: LintFinding): string {
  const command = severity === 'info' ? 'notice' : severity
  const property = (text: string): string => githubData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
  const where = `file=${property(file)},line=${line},col=${column},title=${property(`${code} ${title}`)}`
  return `::${command} ${where}::${githubData(message)}`
}

function githubAccepted(finding: AcceptedFinding): string {
  const { title, message, reason } = finding
  return githubLine({
    ...finding,
    severity: 'info',
    title: `${title}, accepted`,
    message: `${message} (${reason})`,
  })
}

function githubData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

// As junit-10.xsd of Jenkins has it, which knows no place of a test: it stands in the name.
// What fails the build is a failure; what does not stands as output of a test that passed.
function junit(reports: readonly LintReport[], failing: readonly Severity[], command: string): string {
  const tests = reports.reduce((sum, report) => sum + casesOf(report, failing).length, 0)
  const failures = reports.reduce((sum, { findings }) => sum + failuresIn(findings, failing), 0)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${command}" tests="${tests}" failures="${failures}" errors="0">`,
    ...reports.flatMap((report) => junitSuite(report, failing)),
    '</testsuites>',
  ].join('\n')
}

function failuresIn(findings: readonly LintFinding[], failing: readonly Severity[]): number {
  return findings.filter(({ severity }) => failing.includes(severity)).length
}

function junitSuite(report: LintReport, failing: readonly Severity[]): string[] {
  const { file, findings, accepted = [] } = report
  const cases = casesOf(report, failing)
  const counts = `tests="${cases.length}" failures="${failuresIn(findings, failing)}" errors="0" skipped="${accepted.length}"`
  return [`  <testsuite name="${xmlText(file)}" ${counts}>`, ...cases, '  </testsuite>']
}

function casesOf({ file, findings, accepted = [] }: LintReport, failing: readonly Severity[]): string[] {
  const cases = [
    ...findings.map((finding) => junitCase(finding, innerOf(finding, failing))),
    ...accepted.map((one) => junitCase(one, `<skipped message="${xmlText(one.reason)}"/>`)),
  ]
  return cases.length > 0 ? cases : [`    <testcase name="no findings" classname="${xmlText(file)}"/>`]
}

function innerOf(finding: LintFinding, failing: readonly Severity[]): string {
  const { severity, code, message } = finding
  const text = xmlText(textLine(finding))
  return failing.includes(severity)
    ? `<failure message="${xmlText(message)}" type="${code}">${text}</failure>`
    : `<system-out>${text}</system-out>`
}

function junitCase({ file, line, column, code, title }: LintFinding, inner: string): string {
  const name = `${code} ${title} (${line}:${column})`
  return `    <testcase name="${xmlText(name)}" classname="${xmlText(file)}">${inner}</testcase>`
}

// XML has no way to write these.
// eslint-disable-next-line no-control-regex
const forbiddenInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Text as XML and SVG may hold it, in elements and in attributes. */
export function xmlText(text: string): string {
  const allowed = text.toWellFormed().replaceAll(forbiddenInXml, '\ufffd')
  return allowed.replaceAll(/[&<>"']/g, (character) => entities[character]!)
}
