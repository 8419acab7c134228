/** What a problem is called besides its status; programs may branch on it. */
export type ProblemCode =
  | 'BAD_REQUEST'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'CONFLICT'
  | 'TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'INVALID'
  | 'TOO_MANY_REQUESTS'
  | 'INTERNAL'
  | 'UNAVAILABLE'

const statuses: Readonly<Record<ProblemCode, readonly [number, string]>> = {
  BAD_REQUEST: [400, 'Bad request'],
  UNAUTHENTICATED: [401, 'Not authenticated'],
  FORBIDDEN: [403, 'Forbidden'],
  NOT_FOUND: [404, 'Not found'],
  METHOD_NOT_ALLOWED: [405, 'Method not allowed'],
  CONFLICT: [409, 'Conflict'],
  TOO_LARGE: [413, 'Too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported media type'],
  INVALID: [422, 'Invalid'],
  TOO_MANY_REQUESTS: [429, 'Too many requests'],
  INTERNAL: [500, 'Internal error'],
  UNAVAILABLE: [503, 'Unavailable'],
}

/** A request that is not carried out. `message` is one sentence for whoever sent it: nothing secret, no paths, no stacks. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly code: ProblemCode
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.headers = headers
  }

  get status(): number {
    return statuses[this.code][0]
  }
}

/** The code of a status that somebody else has chosen. */
export function codeOf(status: number): ProblemCode {
  const found = Object.entries(statuses).find(([, [one]]) => one === status)?.[0]
  return (found as ProblemCode | undefined) ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL')
}

/** The body of a problem (RFC 9457, `application/problem+json`). */
export interface ProblemBody {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  /** One sentence. */
  readonly detail: string
  readonly code: ProblemCode
  /** The same as in the log and in the header `X-Request-Id`. */
  readonly requestId: string
}

export function problemBody({ code, message }: HttpProblem, requestId: string): ProblemBody {
  const [status, title] = statuses[code]
  return { type: 'about:blank', title, status, detail: message, code, requestId }
}
