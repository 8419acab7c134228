import { MillraceError } from '../errors.ts'
import { codeOf, HttpProblem } from './problem.ts'

const fastifySentences: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is larger than what is taken here.',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body is not said to be JSON: send Content-Type: application/json.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty, and is said to be JSON.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as Content-Length says.',
  FST_ERR_BAD_URL: 'The address of the request cannot be read.',
  FST_ERR_HANDLER_TIMEOUT: 'The answer took too long: ask for less, or try again later.',
}

/** An error as a problem for whoever asked; undefined for a defect. */
export function problemOf(error: unknown): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error
  if (error instanceof MillraceError) return ofEngine(error)
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown }
  if (code === 'FST_ERR_HANDLER_TIMEOUT') return new HttpProblem('UNAVAILABLE', fastifySentences[code]!)
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined
  const sentence = typeof code === 'string' ? fastifySentences[code] : undefined
  return new HttpProblem(codeOf(statusCode), sentence ?? 'The request cannot be read.')
}

/** What is away comes back; what else the engine throws may name hosts and paths, and belongs into the log. */
function ofEngine({ kind, code }: MillraceError): HttpProblem | undefined {
  if (kind !== 'downstream') return undefined
  const sentence = `Something behind the service is away at present (${code}): try again later.`
  return new HttpProblem('UNAVAILABLE', sentence, { 'Retry-After': '5' })
}
