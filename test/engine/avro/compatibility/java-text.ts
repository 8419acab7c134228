import type { ReadingProblem } from '../../../../engine/avro/compatibility/rules.ts'

/** What was found, in the words of java-verdicts.json: each problem once, by rule and place. */
export function javaText(problems: readonly ReadingProblem[]): string {
  // SchemaCompatibility gives up with an exception where a field may be several.
  if (problems.some(({ rule }) => rule === 'AMBIGUOUS_FIELD')) return 'ERROR'
  return verdictText(
    problems.length === 0,
    problems.map(({ rule, pointer }) => `${rule} ${pointer === '' ? '/' : pointer}`),
  )
}

/** One line for a verdict, whatever order its problems came in. */
export function verdictText(compatible: boolean, problems: readonly string[]): string {
  return compatible ? 'COMPATIBLE' : ['INCOMPATIBLE', ...[...new Set(problems)].sort()].join('; ')
}
