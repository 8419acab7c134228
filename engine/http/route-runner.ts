import type { FastifyRequest } from 'fastify'
import type { Identity } from '../access/identity.ts'
import { allows, topologiesOf, type ScopeName } from '../access/scopes.ts'
import { checked } from './check.ts'
import { forbidden } from './gate.ts'
import { KeptAnswers } from './kept-answers.ts'
import { HttpProblem } from './problem.ts'
import type { Answer, Call, Route } from './route.ts'

const stranger: Identity = { kind: 'open', id: 'open', name: 'anybody', scopes: [] }

/** Carries requests out that were let in. */
export class RouteRunner {
  readonly #kept: KeptAnswers

  constructor(now: () => number) {
    this.#kept = new KeptAnswers(now)
  }

  /** Throws a problem for what is not of the form that the route wants, and whatever the route throws. */
  async run(
    one: Route,
    request: FastifyRequest,
    identity: Identity = stranger,
  ): Promise<Answer & { readonly again: boolean }> {
    const call = callOf(one, request, identity)
    const key = idempotencyKey(request.headers['idempotency-key'])
    const work = async (): Promise<Answer> => told(one, await one.handle(call))
    if (one.act === undefined || key === undefined) return { ...(await work()), again: false }
    const name = JSON.stringify([identity.kind, identity.id, identity.name, one.id, key])
    const { answer, again } = await this.#kept.once(name, [call.params, call.body], work)
    return { ...answer, again }
  }
}

function callOf(one: Route, request: FastifyRequest, identity: Identity): Call {
  const scope = one.scope as ScopeName
  return {
    params: checked(one.params, request.params, 'path'),
    query: checked(one.query, request.query, 'query'),
    body: checked(one.body, request.body, 'body'),
    ...{ identity, from: request.ip, requestId: request.id, signal: request.signal },
    need(topology) {
      if (allows(identity.scopes, scope, topology)) return
      throw forbidden(`You lack the scope ${scope} for ${topology}.`, `${scope}:${topology}`)
    },
    topologies: () => topologiesOf(identity.scopes, scope),
  }
}

function idempotencyKey(given: string | string[] | undefined): string | undefined {
  if (given === undefined) return undefined
  if (typeof given === 'string' && /^[!-~]{1,255}$/.test(given)) return given
  throw new HttpProblem('BAD_REQUEST', 'The Idempotency-Key is no text of 1 to 255 visible characters.')
}

/** What the document says of an answer, and nothing else of it. */
function told({ answers }: Route, { status, body }: Answer): Answer {
  return { status, body: answers[status]!.schema.parse(body) }
}
