import { allows, scopeNames } from '../../engine/access/scopes.ts'
import { forbidden } from '../../engine/http/gate.ts'
import { HttpProblem } from '../../engine/http/problem.ts'
import { route, type Answer, type Call, type Route } from '../../engine/http/route.ts'
import type { Desk } from './desk.ts'
import { ActPath, ActState } from './letter-schemas.ts'
import type { ActState as State } from './running-acts.ts'

const tag = 'Dead letters'
const description =
  'Of the last thousand that this service has begun. All there ever were are in `millrace.acts`.'

/** The routes about acts that were begun. */
export function begunRoutes(desk: () => Desk): Route[] {
  return [showRoute(desk), stopRoute(desk)]
}

function showRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'showAct', method: 'GET', path: '/v1/dlq/acts/{id}', tag, scope: 'dlq:read' },
    summary: 'How far an act is.',
    description,
    params: ActPath,
    answers: { 200: { description: 'The act.', schema: ActState } },
    async handle(call): Promise<Answer> {
      const found = known(desk().acts.find(call.params.id))
      call.need(found.topology)
      return { status: 200, body: found }
    },
  })
}

function stopRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'stopAct', method: 'POST', path: '/v1/dlq/acts/{id}/stop', tag, scope: 'identity' },
    summary: 'Stops an act that is under way, and answers when it has stopped.',
    description: 'Wants the scope of the act itself. What it was done to already stays done.',
    params: ActPath,
    answers: { 200: { description: 'The act, as it ended.', schema: ActState } },
    async handle(call): Promise<Answer> {
      const found = known(desk().acts.find(call.params.id))
      needFor(call, found)
      return { status: 200, body: await desk().acts.stop(found.id) }
    },
  })
}

function known(found: State | undefined): State {
  if (found === undefined) throw new HttpProblem('NOT_FOUND', 'This service has begun no such act.')
  return found
}

function needFor({ identity }: Pick<Call, 'identity'>, { act, topology }: State): void {
  const scope = scopeNames.find((name) => name === `dlq:${act}`) ?? 'dlq:replay'
  if (allows(identity.scopes, scope, topology)) return
  throw forbidden(`You lack the scope ${scope} for ${topology}.`, `${scope}:${topology}`)
}
