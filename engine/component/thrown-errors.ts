import { MillraceError, sentenceOf, type ErrorCode, type ErrorKind } from '../errors.ts'

/** What a foreign error means in a processor, and in a sink. */
export interface ThrownRule {
  /** The condition, in words. */
  readonly when: string
  readonly is: (error: unknown) => boolean
  readonly processor: ErrorKind
  readonly sink: ErrorKind
  readonly why: string
}

const network = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
])

/**
 * What the code of components throws that is no error of Millrace: the first rule that fits holds. The codes are
 * PROCESSOR_FAILED and SINK_FAILED.
 */
export const thrownRules: readonly ThrownRule[] = [
  {
    when: 'The network: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT` and the like, in the error or behind it',
    is: (error) => causesOf(error).some(({ code }) => typeof code === 'string' && network.has(code)),
    processor: 'downstream',
    sink: 'downstream',
    why: 'Somebody else is away: no record is to blame.',
  },
  {
    when: '`TimeoutError` (as of `AbortSignal.timeout`)',
    is: (error) => causesOf(error).some(({ name }) => name === 'TimeoutError'),
    processor: 'downstream',
    sink: 'downstream',
    why: 'Somebody else did not answer in time.',
  },
  {
    when: '`TypeError`, `RangeError`, `ReferenceError`, `SyntaxError`, `URIError`',
    is: (error) =>
      [TypeError, RangeError, ReferenceError, SyntaxError, URIError].some((kind) => error instanceof kind),
    processor: 'record',
    sink: 'record',
    why: 'The code meets a record that it was not made for: others may go on.',
  },
  {
    when: 'Anything else',
    is: () => true,
    processor: 'record',
    sink: 'downstream',
    why:
      'A function has nothing but its record to fail with; a sink mostly fails for want of what it writes to, and a record ' +
      'must not be parked for that.',
  },
]

/** What a processor's code threw, as an error of Millrace; `sentence` is what it says. */
export function asProcessorError(error: unknown, sentence = sentenceOf(error)): MillraceError {
  return asThrown(error, 'processor', 'PROCESSOR_FAILED', sentence)
}

/** What a sink's code threw, as an error of Millrace. */
export function asSinkError(error: unknown): MillraceError {
  return asThrown(error, 'sink', 'SINK_FAILED', `The sink failed: ${sentenceOf(error)}`)
}

function asThrown(
  error: unknown,
  who: 'processor' | 'sink',
  code: ErrorCode,
  sentence: string,
): MillraceError {
  if (error instanceof MillraceError) return error
  const rule = thrownRules.find(({ is }) => is(error))!
  return new MillraceError(rule[who], code, sentence, { cause: error })
}

interface Thrown {
  readonly name?: unknown
  readonly code?: unknown
  readonly cause?: unknown
}

/** The error and what is behind it, outermost first. */
function causesOf(error: unknown, depth = 0): Thrown[] {
  if (typeof error !== 'object' || error === null || depth > 8) return []
  return [error, ...causesOf((error as Thrown).cause, depth + 1)]
}
