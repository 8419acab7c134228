import type { z } from 'zod'
import { HttpProblem } from '../../engine/http/problem.ts'
import { route, type Answer, type Call, type Route } from '../../engine/http/route.ts'
import { planDiscard, planRelease, type PlannedAct } from '../letters/acts.ts'
import { findKeys } from '../letters/find.ts'
import { parkedTopics } from '../letters/parked.ts'
import { oneTopic } from '../letters/select.ts'
import { shownLetter } from '../letters/show.ts'
import { shownJson } from '../stored-value.ts'
import type { Desk } from './desk.ts'
import {
  ActAnswer,
  DiscardBody,
  KeysAnswer,
  KeysQuery,
  LetterAnswer,
  LetterPath,
  ReleaseBody,
  TopicsAnswer,
} from './letter-schemas.ts'

const tag = 'Dead letters'

/** The routes about parked records; the desk is asked for when the first request comes. */
export function letterRoutes(desk: () => Desk): Route[] {
  return [topicsRoute(desk), keysRoute(desk), letterRoute(desk), releaseRoute(desk), discardRoute(desk)]
}

function topicsRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'listParkedTopics', method: 'GET', path: '/v1/dlq/topics', tag, scope: 'dlq:read' },
    summary: 'The topics that topologies have parked records of.',
    answers: { 200: { description: 'Those that the scope is granted for.', schema: TopicsAnswer } },
    async handle(call): Promise<Answer> {
      const found = await parkedTopics(desk().project, { topology: undefined, topic: undefined })
      const where = call.topologies()
      const topics = found
        .filter(({ group }) => where === 'all' || where.has(group))
        .map(({ group, topic, partitions }) => ({ topology: group, topic, partitions }))
      return { status: 200, body: { topics } }
    },
  })
}

function keysRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'listParkedKeys', method: 'GET', path: '/v1/dlq/keys', tag, scope: 'dlq:read' },
    summary: 'The keys with open letters, and why the first one was parked.',
    description:
      'In the order of parked topics, partitions and first letters. A filter is about the first letter of a key.',
    query: KeysQuery,
    answers: { 200: { description: 'A page of keys.', schema: KeysAnswer } },
    async handle(call): Promise<Answer> {
      const { limit, after, ...filter } = call.query
      const topology = readableTopology(call, filter.topology)
      const { project } = desk()
      const found = await desk().ask(() => findKeys(project, { ...filter, topology }, { limit, after }))
      return { status: 200, body: { keys: found.keys, more: found.more ?? null } }
    },
  })
}

/** The one topology that is looked at; undefined = all. */
function readableTopology(call: Call<unknown, unknown>, wanted: string | undefined): string | undefined {
  if (wanted !== undefined) {
    call.need(wanted)
    return wanted
  }
  const where = call.topologies()
  if (where === 'all') return undefined
  const [only, ...others] = where
  if (others.length === 0) return only
  throw new HttpProblem('INVALID', `The query needs a topology: you may read ${[...where].join(', ')}.`)
}

function letterRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'showLetter', method: 'GET', path: '/v1/dlq/letters/{topology}/{topic}/{place}', tag },
    scope: 'dlq:read',
    summary: 'One letter: where it comes from, its error, its record.',
    params: LetterPath,
    answers: { 200: { description: 'The letter, open or closed.', schema: LetterAnswer } },
    async handle(call): Promise<Answer> {
      const { topology, topic, place } = call.params
      call.need(topology)
      const { project } = desk()
      const letter = await desk().ask(async () =>
        shownLetter(project, await oneTopic(project, { topology, topic }), place),
      )
      // Numbers beyond 2^53 and bytes have a form of their own.
      return { status: 200, body: JSON.parse(shownJson(letter)) as unknown }
    },
  })
}

const actAnswers = {
  200: { description: 'A dry run, or there was nothing to ask for.', schema: ActAnswer },
  202: {
    description: 'The topology’s worker is asked: it carries it out at once, or when it next runs.',
    schema: ActAnswer,
  },
}

function releaseRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'releaseLetters', method: 'POST', path: '/v1/dlq/release', tag, scope: 'dlq:release' },
    summary: 'Sends letters through their topology again, in order.',
    description:
      'A key is released as a whole, or its order would break; `place` is for a letter without key. One that fails again stays, with all behind it.',
    act: 'release',
    body: ReleaseBody,
    answers: actAnswers,
    handle: ({ body, ...call }) =>
      done(desk(), { ...call, body }, 'release', body, (selection) => planRelease(desk().project, selection)),
  })
}

function discardRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'discardLetters', method: 'POST', path: '/v1/dlq/discard', tag, scope: 'dlq:discard' },
    summary: 'Gives letters up, for good.',
    description: 'Those that a key has now, or one letter. What is parked after that is not touched.',
    act: 'discard',
    body: DiscardBody,
    answers: actAnswers,
    handle: ({ body, ...call }) =>
      done(desk(), { ...call, body }, 'discard', body, (selection) =>
        planDiscard(desk().project, selection, body.reason),
      ),
  })
}

type Selected = Pick<z.output<typeof ReleaseBody>, 'topology' | 'topic' | 'key' | 'place' | 'all'>

async function done(
  desk: Desk,
  call: Call,
  act: PlannedAct['act'],
  body: Selected & { readonly dryRun: boolean; readonly reason?: string },
  plan: (selection: Selected) => Promise<PlannedAct>,
): Promise<Answer> {
  const { dryRun, reason, ...selection } = body
  const { topology, topic = null } = selection
  const facts = { act, topology, topic, selection: { ...selection }, ...(reason !== undefined && { reason }) }
  const { plan: planned, result } = await desk.act(call, facts, dryRun, async () => {
    call.need(topology)
    return plan(selection)
  })
  const { parked, keys, letters } = planned
  return {
    status: result === undefined ? 200 : 202,
    body: { id: result?.id ?? null, act, topology, topic: parked.topic, keys, letters, dryRun },
  }
}
