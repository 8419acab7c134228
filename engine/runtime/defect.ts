import { fatalError, MillraceError, sentenceOf } from '../errors.ts'

/** Any error that nobody foresaw, as the fatal one that stops the task. */
export function asDefect(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  return fatalError('CONSERVATION_BROKEN', `A defect stopped the task: ${sentenceOf(error)}`, {
    cause: error,
  })
}
