import type { CoverageReport } from './coverage.ts'
import type { CasePlace } from './read-cases.ts'
import type { StepFinding } from './run-case.ts'

/** What became of one case. */
export interface CaseResult extends CasePlace {
  readonly topology: string
  readonly name: string
  /** Real time, milliseconds. */
  readonly ms: number
  /** Where each finding stands in the file; empty for a case that holds. */
  readonly findings: readonly (StepFinding & CasePlace)[]
  /** The fault that cannot be made where it was to run; undefined for a case that was run. */
  readonly passedOver?: string
}

/** What became of the cases of one file; `problem` where it could not be run at all. */
export interface FileResult {
  readonly file: string
  readonly cases: readonly CaseResult[]
  readonly problem?: string
  readonly coverage?: CoverageReport
}

export const testFormats = ['text', 'json', 'junit'] as const
export type TestFormat = (typeof testFormats)[number]

/** How many cases hold and fail; a file that could not be run counts as one that fails. */
export function countCases(files: readonly FileResult[]): {
  readonly passed: number
  readonly failed: number
  readonly passedOver: number
} {
  const each = files.flatMap(({ cases }) => cases)
  const all = each.filter(({ passedOver }) => passedOver === undefined)
  const failed = all.filter(({ findings }) => findings.length > 0).length
  const broken = files.filter(({ problem }) => problem !== undefined).length
  return { passed: all.length - failed, failed: failed + broken, passedOver: each.length - all.length }
}

/** The results in one of the formats; lines are joined by line feeds, without one at the end. */
export function formatResults(files: readonly FileResult[], format: TestFormat): string {
  switch (format) {
    case 'json':
      return JSON.stringify({ files, ...countCases(files) }, undefined, 2)
    case 'junit':
      return junit(files)
    case 'text':
      return [...files.flatMap(fileLines), summary(files), ...notTried(files)].join('\n')
  }
}

function fileLines({ file, cases, problem, coverage }: FileResult): string[] {
  const lines = problem === undefined ? [] : [`${file}: cannot be run`, indent(problem, 4)]
  for (const one of cases) {
    if (one.passedOver !== undefined) {
      lines.push(
        `- ${one.topology}: ${one.name} (passed over: it has "${one.passedOver}", which cannot be made here)`,
      )
      continue
    }
    const failed = one.findings.length > 0
    lines.push(`${failed ? '✗' : '✓'} ${one.topology}: ${one.name} (${one.ms} ms)`)
    lines.push(...one.findings.flatMap(findingLines))
  }
  if (coverage !== undefined) lines.push(...coverageLines(coverage))
  return lines
}

function findingLines({ what, details, file, line, column }: CaseResult['findings'][number]): string[] {
  return [`    ${file}:${line}:${column}: ${what}`, ...(details ?? []).map((detail) => indent(detail, 8))]
}

function coverageLines({
  topology,
  nodes,
  outputs,
  unreachedNodes,
  unreachedOutputs,
}: CoverageReport): string[] {
  const reached = `${nodes - unreachedNodes.length} of ${nodes} nodes, ${outputs - unreachedOutputs.length} of ${outputs} outputs`
  const lines = [`${topology}: the cases reach ${reached}`]
  if (unreachedNodes.length > 0) lines.push(`    no record came to: ${unreachedNodes.join(', ')}`)
  if (unreachedOutputs.length > 0) lines.push(`    no record came out of: ${unreachedOutputs.join(', ')}`)
  return lines
}

/** Whether the coverage of a file was asked for, and its cases leave something out. */
export function hasGaps({ coverage }: FileResult): boolean {
  return coverage !== undefined && coverage.unreachedNodes.length + coverage.unreachedOutputs.length > 0
}

function summary(files: readonly FileResult[]): string {
  const { passed, failed, passedOver } = countCases(files)
  const over = passedOver === 0 ? '' : `, ${passedOver} passed over`
  const held = `${passed} ${passed === 1 ? 'case holds' : 'cases hold'}`
  const gaps = files.filter(hasGaps).length
  const missed = gaps === 0 ? '' : `, ${gaps} ${gaps === 1 ? 'file does' : 'files do'} not reach everything`
  return failed === 0
    ? `${held}${over}${missed}.`
    : `${held}, ${failed} ${failed === 1 ? 'fails' : 'fail'}${over}${missed}.`
}

/** What has not been tried is said at the end, where people look. */
function notTried(files: readonly FileResult[]): string[] {
  const faults = files.flatMap(({ cases }) => cases).flatMap(({ passedOver }) => passedOver ?? [])
  if (faults.length === 0) return []
  const names = [...new Set(faults)].map((fault) => `"${fault}"`).join(', ')
  return [
    `Passed over is not tried: ${names} cannot be made at a record of a case here. Run these cases in the embedded store, without --on.`,
  ]
}

function indent(text: string, by: number): string {
  return text.replaceAll(/^/gm, ' '.repeat(by))
}

function junit(files: readonly FileResult[]): string {
  const { passed, failed, passedOver } = countCases(files)
  const suites = files.map(({ file, cases, problem }) => {
    const wrong = cases.filter(({ findings }) => findings.length > 0).length + (problem === undefined ? 0 : 1)
    const body = [
      ...(problem === undefined ? [] : [caseXml(file, file, 0, problem)]),
      ...cases.map((one) =>
        one.passedOver === undefined
          ? caseXml(one.topology, one.name, one.ms, one.findings.flatMap(findingLines).join('\n'))
          : passedOverXml(one),
      ),
    ]
    const tests = cases.length + (problem === undefined ? 0 : 1)
    return `  <testsuite name="${xml(file)}" tests="${tests}" failures="${wrong}" skipped="${cases.filter((one) => one.passedOver !== undefined).length}">\n${body.join('\n')}\n  </testsuite>`
  })
  const head = `<testsuites tests="${passed + failed + passedOver}" failures="${failed}" skipped="${passedOver}">`
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...suites, '</testsuites>'].join('\n')
}

function caseXml(topology: string, name: string, ms: number, wrong: string): string {
  const head = `    <testcase classname="${xml(topology)}" name="${xml(name)}" time="${ms / 1000}"`
  if (wrong === '') return `${head}/>`
  const [first = ''] = wrong.trim().split('\n')
  return `${head}>\n      <failure message="${xml(first)}">${xml(wrong)}</failure>\n    </testcase>`
}

function passedOverXml({ topology, name, passedOver }: CaseResult): string {
  const why = xml(`${passedOver} cannot be made here`)
  return `    <testcase classname="${xml(topology)}" name="${xml(name)}" time="0">\n      <skipped message="${why}"/>\n    </testcase>`
}

/** Without the control characters that XML cannot hold. */
function xml(text: string): string {
  const signs: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    '\n': '&#10;',
  }
  const printable = text.replaceAll(/\p{Cc}/gu, (sign) => (sign === '\n' || sign === '\t' ? sign : ''))
  return printable.replaceAll(/[&<>"\n]/g, (sign) => signs[sign]!)
}
