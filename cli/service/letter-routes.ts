import { HttpProblem } from '../../engine/http/problem.ts'
import { route, type Answer, type Call, type Route } from '../../engine/http/route.ts'
import { findKeys } from '../letters/find.ts'
import { haltedPartitions } from '../letters/halts.ts'
import { parkedTopics } from '../letters/parked.ts'
import { oneTopic } from '../letters/select.ts'
import { shownLetter } from '../letters/show.ts'
import { letterStats } from '../letters/stats.ts'
import { shownJson } from '../terminal/stored-value.ts'
import type { Desk } from './desk.ts'
import {
  KeysAnswer,
  KeysQuery,
  LetterAnswer,
  LetterPath,
  StatsAnswer,
  StatsQuery,
  TopicsAnswer,
} from './letter-schemas.ts'

const tag = 'Dead letters'

/** The routes that show parked records; the desk is asked for when the first request comes. */
export function letterRoutes(desk: () => Desk): Route[] {
  return [topicsRoute(desk), keysRoute(desk), statsRoute(desk), letterRoute(desk)]
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
      const halted = await haltedPartitions(project, { ...filter, topology })
      return { status: 200, body: { keys: found.keys, more: found.more ?? null, halted } }
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

function statsRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'countLetters', method: 'GET', path: '/v1/dlq/stats', tag, scope: 'dlq:read' },
    summary: 'How many letters there are and were: by error, and by day.',
    description: 'Reads the parked topics from their beginning.',
    query: StatsQuery,
    answers: { 200: { description: 'The counts.', schema: StatsAnswer } },
    async handle(call): Promise<Answer> {
      const topology = readableTopology(call, call.query.topology)
      const { project } = desk()
      return { status: 200, body: await desk().ask(() => letterStats(project, { ...call.query, topology })) }
    },
  })
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
