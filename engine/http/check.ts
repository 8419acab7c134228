import type { z } from 'zod'
import { HttpProblem } from './problem.ts'

/** A part of a request in the form that its route wants. Throws a 422 with one sentence that names the field. */
export function checked<Schema extends z.ZodType>(
  schema: Schema | undefined,
  value: unknown,
  part: 'path' | 'query' | 'body',
): z.output<Schema> {
  if (schema === undefined) {
    refuseUnexpected(value, part)
    return undefined as z.output<Schema>
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new HttpProblem('INVALID', sentenceFor(parsed.error.issues[0]!, part))
}

function refuseUnexpected(value: unknown, part: string): void {
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : []
  if (names.length > 0) throw new HttpProblem('INVALID', `The ${part} has no field "${shown(names[0]!)}".`)
}

function sentenceFor(issue: z.core.$ZodIssue, part: string): string {
  const field = issue.path.map((name) => shown(String(name))).join('.')
  const subject = field === '' ? `The ${part}` : `The field "${field}" of the ${part}`
  if (issue.code === 'unrecognized_keys') return `${subject} has no field "${shown(issue.keys[0] ?? '')}".`
  const message = issue.message.replace(/\.$/, '')
  const said = /^Invalid input: /.test(message) ? message.slice('Invalid input: '.length) : message
  return `${subject}: ${said}.`
}

/** What somebody else wrote, short and without what steers a terminal. */
function shown(text: string): string {
  return text.replaceAll(/[\p{Cc}"]/gu, '?').slice(0, 100)
}
