import type { z } from 'zod'
import { forbidden } from '../../engine/http/gate.ts'
import { HttpProblem } from '../../engine/http/problem.ts'
import { route, type Answer, type Call, type Route } from '../../engine/http/route.ts'
import { carryOut, planDiscard, planRelease, type PlannedAct } from '../letters/acts.ts'
import type { ActFacts } from '../letters/audit.ts'
import { carryOutEdit, encodedEdit, letterToEdit } from '../letters/edit.ts'
import { carryOutReplay, planReplay } from '../letters/replay.ts'
import { oneTopic } from '../letters/select.ts'
import type { Desk, Outcome, Plan } from './desk.ts'
import { ActAnswer, DiscardBody, EditBody, ReleaseBody, ReplayBody } from './letter-schemas.ts'

const tag = 'Dead letters'

/** The routes that do something to parked records. */
export function actRoutes(desk: () => Desk): Route[] {
  return [releaseRoute(desk), discardRoute(desk), replayRoute(desk), editRoute(desk)]
}

const answers = {
  200: { description: 'A dry run, or there was nothing to do.', schema: ActAnswer },
  202: {
    description:
      'It is begun. What is asked of the topology’s worker is carried out at once, or when it next runs.',
    schema: ActAnswer,
  },
}

function releaseRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'releaseLetters', method: 'POST', path: '/v1/dlq/release', tag, scope: 'dlq:release' },
    summary: 'Sends letters through their topology again, in order.',
    description:
      'A key is released as a whole, or its order would break; `place` is for a letter without key. One that fails again stays, with all behind it.',
    ...{ act: 'release', body: ReleaseBody, answers },
    handle: (call) => {
      const { dryRun, rate, ...selection } = call.body
      const look = () => planRelease(desk().project, selection)
      return asked(desk(), call, { act: 'release', ...told(selection) }, { dryRun, rate }, look)
    },
  })
}

function discardRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'discardLetters', method: 'POST', path: '/v1/dlq/discard', tag, scope: 'dlq:discard' },
    summary: 'Gives letters up, for good.',
    description: 'Those that a key has now, or one letter. What is parked after that is not touched.',
    ...{ act: 'discard', body: DiscardBody, answers },
    handle: (call) => {
      const { dryRun, reason, ...selection } = call.body
      const look = () => planDiscard(desk().project, selection, reason)
      return asked(desk(), call, { act: 'discard', reason, ...told(selection) }, { dryRun }, look)
    },
  })
}

function told<Said extends { readonly topology: string; readonly topic?: string | undefined }>(
  selection: Said,
) {
  return { topology: selection.topology, topic: selection.topic ?? null, selection: { ...selection } }
}

/** A release or a discard: the worker is asked. */
async function asked(
  desk: Desk,
  call: Call,
  facts: ActFacts & { readonly topology: string },
  how: { readonly dryRun: boolean; readonly rate?: number | undefined },
  look: () => Promise<PlannedAct>,
): Promise<Answer> {
  const outcome = await desk.act(call, facts, how, async () => {
    call.need(facts.topology)
    const plan = await look()
    refuseAskedTwice(plan)
    const { letters, keys, parked } = plan
    return {
      letters,
      keys,
      topic: parked.topic,
      carryOut: (options) => carryOut(desk.project, plan, options),
    }
  })
  return answerOf(facts, outcome, how.dryRun, { keys: outcome.plan.keys })
}

/** Letters of which the same was asked for already, all of them, wait for the worker: asking again would do it twice. */
function refuseAskedTwice({ act, letters, requests }: PlannedAct): void {
  const all = requests.flatMap((request) => request.letters)
  if (letters === 0 || all.some((letter) => letter.asked !== act)) return
  const these = letters === 1 ? 'this letter' : `these ${letters} letters`
  throw new HttpProblem('CONFLICT', `A ${act} of ${these} was asked for already, and waits for the worker.`)
}

function replayRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'replayLetters', method: 'POST', path: '/v1/dlq/replay', tag, scope: 'dlq:replay' },
    summary: 'Writes the records of letters again, into their source topic or another.',
    description:
      'Into the source topic only those that were discarded, and with `again` those that were released: an open letter keeps its place and its id, and is released. Headers name their origin.',
    ...{ act: 'replay', body: ReplayBody, answers },
    async handle(call): Promise<Answer> {
      const { dryRun, rate, ...request } = call.body
      const { project } = desk()
      const facts = { act: 'replay', ...told(request) } as const
      const outcome = await desk().act(call, facts, { dryRun, rate }, async () => {
        call.need(request.topology)
        // Before it is looked whether there is such a topic: that is nobody's business.
        if (request.to !== undefined && request.to !== request.topic) needAll(call)
        const plan = await planReplay(project, request)
        const { letters, parked, to, left } = plan
        const carry: Plan['carryOut'] = (options) => carryOutReplay(project, plan, options)
        return { letters: letters.length, topic: parked.topic, to, left, carryOut: carry }
      })
      const { to, left } = outcome.plan
      return answerOf(facts, outcome, dryRun, { to, left })
    },
  })
}

/** Who may replay the letters of one topology may not thereby write into the topics of others. */
function needAll(call: Pick<Call, 'topologies'>): void {
  if (call.topologies() === 'all') return
  throw forbidden(
    'Another topic than the source wants the scope dlq:replay for all topologies.',
    'dlq:replay',
  )
}

function editRoute(desk: () => Desk): Route {
  return route({
    ...{ id: 'editLetter', method: 'POST', path: '/v1/dlq/edit', tag, scope: 'dlq:replay' },
    summary: 'Puts an edited value in the place of an open letter’s, and releases its key.',
    description:
      'The letter keeps its position, and so its place in the order and its id. Headers name who edited it.',
    ...{ act: 'edit', body: EditBody, answers },
    async handle(call): Promise<Answer> {
      const { dryRun, value, reason, ...selection } = call.body
      const { project } = desk()
      const why = reason === undefined ? {} : { reason }
      const facts = { act: 'edit', ...why, ...told(selection) } as const
      const outcome = await desk().act(call, facts, { dryRun }, async () => {
        call.need(selection.topology)
        const parked = await oneTopic(project, selection)
        const found = await letterToEdit(project, parked, selection.place)
        if (found.open === undefined)
          throw new HttpProblem(
            'CONFLICT',
            `The letter at ${selection.place} is not open: it cannot be edited in its place.`,
          )
        const bytes = await encodedEdit(project, found, Buffer.from(JSON.stringify(value ?? null)))
        const carry: Plan['carryOut'] = async ({ who, id }) => {
          const { letters } = await carryOutEdit(project, found, bytes, { who, reason, id })
          return { letters, stopped: false }
        }
        return { letters: found.released, topic: parked.topic, carryOut: carry }
      })
      return answerOf(facts, outcome, dryRun)
    },
  })
}

function answerOf(
  { act, topology }: { readonly act: string; readonly topology: string },
  { plan, state }: Outcome<Plan>,
  dryRun: boolean,
  more: Partial<z.output<typeof ActAnswer>> = {},
): Answer {
  const { topic, letters } = plan
  const body = {
    id: state?.id ?? null,
    act,
    topology,
    topic,
    letters,
    ...more,
    dryRun,
    state: state?.state ?? null,
  }
  return { status: state === undefined ? 200 : 202, body }
}
