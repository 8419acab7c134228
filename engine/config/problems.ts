import { fatalError, type MillraceError } from '../errors.ts'

/** One thing that is wrong in a file. Line and column count from 1. */
export interface ConfigProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  /** One sentence: what is wrong, and what to do. */
  readonly message: string
}

/** `file:line:column: sentence`, which editors and terminals make a link of. */
export function problemLine(problem: ConfigProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`
}

/** All that is wrong in a file as one error: a line each, in the order of the file. */
export function configErrors(problems: readonly ConfigProblem[]): MillraceError {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  return fatalError('CONFIG_INVALID', sorted.map(problemLine).join('\n'), { facts: { problems: sorted } })
}

/** Without repetitions: what is used by several aliases is wrong in one place. */
export function distinct(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...new Map(problems.map((problem) => [problemLine(problem), problem])).values()]
}
