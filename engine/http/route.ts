import type { z } from 'zod'
import type { Identity } from '../access/identity.ts'
import type { ScopeName } from '../access/scopes.ts'

/** One request, checked: whoever sent it may use the route, and what it says has the form that the route wants. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly identity: Identity
  /** The address that it came from, by the word of trusted proxies. */
  readonly from: string
  readonly requestId: string
  /** Aborted when the client is gone, or waits no longer. */
  readonly signal: AbortSignal
  /** Throws a 403 where the route's scope is not granted for that topology. */
  need(topology: string): void
  /** The topologies that the route's scope is granted for. */
  topologies(): 'all' | ReadonlySet<string>
}

/** What a route answers. */
export interface Answer {
  readonly status: 200 | 202
  readonly body: unknown
}

/**
 * One thing that can be asked for. From this come the check of what is asked, the document (OpenAPI), and what is let
 * through of an answer: fields that its schema does not name are left out.
 */
export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  /** Its name in the document and in the log. */
  readonly id: string
  readonly method: 'GET' | 'POST'
  /** With names in braces: `/v1/dlq/letters/{place}`. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** `identity`: whoever is known. `none`: anybody. */
  readonly scope: ScopeName | 'identity' | 'none'
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly answers: Readonly<
    Partial<Record<200 | 202, { readonly description: string; readonly schema: z.ZodType }>>
  >
  /** It changes something: a request may carry an Idempotency-Key, and refusals are written down. */
  readonly act?: string
  handle(call: Call<z.output<Params>, z.output<Query>, z.output<Body>>): Promise<Answer>
}

/** A route, checked for types. */
export function route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
>(spec: Route<Params, Query, Body>): Route {
  return spec
}
