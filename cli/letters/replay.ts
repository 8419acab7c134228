import type { OutgoingRecord } from '../../engine/component/contracts/log.ts'
import { sentenceOf } from '../../engine/errors.ts'
import type { Project } from '../project/contract.ts'
import type { LetterState } from '../reconcile/letters.ts'
import { pause, type ActOptions, type ActResult } from './acts.ts'
import { newActId, writeAct, type ActFacts, type Who } from './audit.ts'
import { matchesLetter, type LetterFilter } from './filter.ts'
import { allLetters, type AnyLetter } from './letters-of.ts'
import { letterAt, letterRecords, type Letter, type ParkedTopic } from './parked.ts'
import { placeOf, placeText, type LetterPlace } from './place.ts'
import { LetterRefusal } from './refusal.ts'
import { oneTopic } from './select.ts'

/** Which letters are to be written again, and where. */
export interface ReplayRequest extends LetterFilter {
  /** Only the letter at this place of the parked topic. */
  readonly place?: string | undefined
  /** The topic that gets them; the source topic if not given. */
  readonly to?: string | undefined
  /** Also those that were released, whose ids are known: for topologies that have no dedupe, and for other groups. */
  readonly again?: boolean | undefined
  /** So many at most. */
  readonly most?: number | undefined
  /** Goes on behind this place, where an earlier replay was stopped. */
  readonly after?: string | undefined
}

/** A replay that was looked at and is not begun. */
export interface PlannedReplay {
  readonly parked: ParkedTopic
  /** The topic that gets the records. */
  readonly to: string
  readonly letters: readonly LetterPlace[]
  /** Letters that are meant and left out: those that are open, since they are released, and those that were. */
  readonly left: { readonly open: number; readonly released: number }
  readonly request: ReplayRequest
}

/** What came of a replay. `last` is where the next one goes on, if it was stopped. */
export interface ReplayResult extends ActResult {
  readonly last: string | undefined
}

/** Records of one append. */
const atOnce = 500

/**
 * What a replay would write. An open letter owns its place in the order of its key and its id: it is released, not written to
 * its source a second time. A letter that was discarded has freed its id. Throws a {@link LetterRefusal}.
 */
export async function planReplay(project: Project, request: ReplayRequest): Promise<PlannedReplay> {
  const parked = await oneTopic(project, request)
  const to = await targetOf(project, parked, request.to)
  const wanted = await wantedLetters(project, parked, request)
  const left = { open: 0, released: 0 }
  const letters: LetterPlace[] = []
  for (const letter of wanted) {
    const why = to === parked.topic ? leftOut(letter.state, request.again === true) : undefined
    if (why !== undefined && request.place !== undefined) throw refusedFor(why, request.place)
    if (why !== undefined) left[why]++
    else if (letters.length < (request.most ?? Number.POSITIVE_INFINITY)) letters.push(letter)
  }
  return { parked, to, letters, left, request }
}

function leftOut(state: LetterState, again: boolean): 'open' | 'released' | undefined {
  if (state === 'open') return 'open'
  return state === 'released' && !again ? 'released' : undefined
}

function refusedFor(why: 'open' | 'released', place: string): LetterRefusal {
  return why === 'open'
    ? new LetterRefusal(
        'conflict',
        `The letter at ${place} is open: it keeps its place and its id until it is released or discarded`,
        'release it with dlq release, in its order, or change it first with dlq replay --edit',
      )
    : new LetterRefusal(
        'conflict',
        `The letter at ${place} was released: it went through the topology then`,
        'add --again if it is to come once more',
      )
}

async function targetOf(project: Project, parked: ParkedTopic, to: string | undefined): Promise<string> {
  if (to === undefined || to === parked.topic) return parked.topic
  if (/\.(parked|dlq)$/.test(to) || to.startsWith('millrace.'))
    throw new LetterRefusal('invalid', `${to} is written by Millrace itself, and by nobody else`)
  if ((await project.log.partitionsOf(to)) === undefined)
    throw new LetterRefusal('unknown', `There is no topic ${to}`, 'give --to a topic that exists')
  return to
}

async function wantedLetters(
  project: Project,
  parked: ParkedTopic,
  request: ReplayRequest,
): Promise<AnyLetter[]> {
  const all = await allLetters(project, parked)
  if (request.place !== undefined) {
    const { partition, offset } = placeOf(request.place)
    const found = all.filter((one) => one.partition === partition && one.offset === offset)
    if (found.length > 0) return found
    const what = `There is no letter at ${request.place} of ${parked.name}`
    throw new LetterRefusal('unknown', what, 'see millrace dlq list')
  }
  const after = request.after === undefined ? undefined : placeOf(request.after)
  return all.filter(
    (one) =>
      (after === undefined ||
        one.partition > after.partition ||
        (one.partition === after.partition && one.offset > after.offset)) &&
      matchesLetter(one, request),
  )
}

/**
 * Writes the records of letters again, as they were but for headers that name their origin: to their own partition of the
 * source topic, or by their keys to another. Stops between two appends. Throws what the log throws.
 */
export async function carryOutReplay(
  project: Project,
  plan: PlannedReplay,
  options: ActOptions,
): Promise<ReplayResult> {
  const { who, rate, signal, progress } = options
  const facts = factsOf(plan)
  const id = options.id ?? newActId()
  await writeAct(project.log, who, { ...facts, id, phase: 'begun', letters: plan.letters.length })
  let done = 0
  let last: string | undefined
  const ended = (phase: 'done' | 'stopped' | 'failed', error?: string) =>
    writeAct(project.log, who, { ...facts, id, phase, letters: done, ...(error && { error }) })
  try {
    const size = rate === undefined ? atOnce : Math.min(atOnce, Math.max(1, Math.floor(rate / 10)))
    for await (const records of copies(project, plan, who, size)) {
      if (signal?.aborted === true) break
      await project.log.append(records)
      done += records.length
      last = placeText(plan.letters[done - 1]!)
      progress?.(done)
      if (rate !== undefined && done < plan.letters.length)
        await pause((records.length / rate) * 1000, signal)
    }
  } catch (error) {
    await ended('failed', sentenceOf(error)).catch(() => undefined)
    throw error
  }
  const stopped = done < plan.letters.length
  await ended(stopped ? 'stopped' : 'done')
  return { id, letters: done, stopped, last: stopped ? last : undefined }
}

function factsOf({ parked, to, request }: PlannedReplay): ActFacts {
  const { topology: _topology, topic: _topic, to: _to, ...selection } = request
  return { act: 'replay', topology: parked.group, topic: parked.topic, to, selection }
}

/** The records that are to be written, so many at a time, in the order of the letters. */
async function* copies(
  project: Project,
  { parked, to, letters }: PlannedReplay,
  who: Who,
  size: number,
): AsyncGenerator<OutgoingRecord[]> {
  let some: OutgoingRecord[] = []
  for await (const { place, letter } of letterRecords(project, parked, letters)) {
    some.push(await copyOf(letter, parked, to, place, who))
    if (some.length < size) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}

/** A letter's record, on its way to a topic. */
async function copyOf(
  { info, record }: Letter,
  parked: ParkedTopic,
  to: string,
  place: LetterPlace,
  { by }: Who,
): Promise<OutgoingRecord> {
  const { originHeaders } = await import('../../engine/runtime/letter-edits.ts')
  const from = `${parked.name}/${placeText(place)}`
  const headers = [...record.headers, ...originHeaders('millrace.replayed.', { by, at: Date.now(), from })]
  // Its producer may have chosen the partition by rules of its own: there its key is in order, and its id is known.
  return { ...record, headers, topic: to, ...(to === parked.topic && { partition: info.partition }) }
}

/** Writes an edited copy of a letter that is not open: a new record, which names where it is from. */
export async function carryOutEditedReplay(
  project: Project,
  plan: PlannedReplay,
  value: Uint8Array | null,
  { who, reason }: { readonly who: Who; readonly reason: string | undefined },
): Promise<ReplayResult> {
  const { editedRecord } = await import('../../engine/runtime/letter-edits.ts')
  const [place] = plan.letters
  const letter = place && (await letterAt(project, plan.parked, place.partition, place.offset))
  if (letter === undefined || place === undefined)
    throw new LetterRefusal('unknown', 'There is no such letter')
  const facts = { ...factsOf(plan), ...(reason !== undefined && { reason }) }
  const id = newActId()
  await writeAct(project.log, who, { ...facts, id, phase: 'begun', letters: 1 })
  const edit = { letter: place.offset, by: who.by, at: Date.now(), ...(reason !== undefined && { reason }) }
  const from = `${plan.parked.name}/${placeText(place)}`
  const record = editedRecord(letter.record, edit, value, from)
  const copy = await copyOf({ ...letter, record }, plan.parked, plan.to, place, who)
  await project.log.append([copy])
  await writeAct(project.log, who, { ...facts, id, phase: 'done', letters: 1 })
  return { id, letters: 1, stopped: false, last: undefined }
}
