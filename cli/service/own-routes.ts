import { z } from 'zod'
import { openApi } from '../../engine/http/openapi.ts'
import { HttpProblem } from '../../engine/http/problem.ts'
import { route, type Route } from '../../engine/http/route.ts'
import { millraceVersion } from '../command-line/version.ts'
import { actRoutes } from './act-routes.ts'
import { begunRoutes } from './begun-routes.ts'
import type { Desk } from './desk.ts'
import { letterRoutes } from './letter-routes.ts'

const tag = 'The service'

const Status = z.object({ status: z.literal('ok') })

/** Everything that `millrace serve` serves. `ready` rejects while what is behind it does not answer. */
export function serviceRoutes(desk: () => Desk, ready: () => Promise<void>): Route[] {
  const letters = [...letterRoutes(desk), ...actRoutes(desk), ...begunRoutes(desk)]
  const own = [meRoute(), healthRoute(), readyRoute(ready)]
  const document = documentRoute(() => serviceDocument([...letters, ...own, document]))
  return [...letters, ...own, document]
}

/** The document of these routes (OpenAPI 3.1). */
export function serviceDocument(routes: readonly Route[]): Readonly<Record<string, unknown>> {
  return openApi(routes, {
    title: 'Millrace',
    version: millraceVersion(),
    description: 'Operations on running topologies: what `millrace serve` serves.',
  })
}

const Me = z.object({
  kind: z.enum(['key', 'token', 'open']),
  id: z.string().meta({ description: 'The key’s id, or the issuer of the token.' }),
  name: z.string().meta({ description: 'The key’s owner, or the token’s subject.' }),
  scopes: z.array(z.string()),
  expires: z.string().nullable(),
})

function meRoute(): Route {
  return route({
    ...{ id: 'whoAmI', method: 'GET', path: '/v1/me', tag, scope: 'identity' },
    summary: 'Who you are to the service, and what you may do.',
    answers: { 200: { description: 'You.', schema: Me } },
    handle: ({ identity: { expires, ...who } }) =>
      Promise.resolve({
        status: 200,
        body: { ...who, expires: expires === undefined ? null : new Date(expires).toISOString() },
      }),
  })
}

function healthRoute(): Route {
  return route({
    ...{ id: 'health', method: 'GET', path: '/healthz', tag, scope: 'none' },
    summary: 'Whether the process answers.',
    answers: { 200: { description: 'It does.', schema: Status } },
    handle: () => Promise.resolve({ status: 200, body: { status: 'ok' } }),
  })
}

function readyRoute(ready: () => Promise<void>): Route {
  return route({
    ...{ id: 'readiness', method: 'GET', path: '/readyz', tag, scope: 'none' },
    summary: 'Whether what is behind the service answers.',
    answers: { 200: { description: 'It does.', schema: Status } },
    async handle() {
      try {
        await ready()
      } catch {
        throw new HttpProblem('UNAVAILABLE', 'The topics cannot be reached at present.', {
          'Retry-After': '5',
        })
      }
      return { status: 200, body: { status: 'ok' } }
    },
  })
}

function documentRoute(document: () => unknown): Route {
  let made: unknown
  return route({
    ...{ id: 'document', method: 'GET', path: '/v1/openapi.json', tag, scope: 'none' },
    summary: 'This document.',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
    handle: () => Promise.resolve({ status: 200, body: (made ??= document()) }),
  })
}
