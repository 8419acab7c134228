import { setTimeout as delay } from 'node:timers/promises'
import { sentenceOf } from '../../engine/errors.ts'
import type { LetterCommand } from '../../engine/runtime/letters.ts'
import type { Project } from '../project/contract.ts'
import { newActId, writeAct, type ActFacts, type Who } from './audit.ts'
import { keyText, type OpenLetter, type ParkedKey, type ParkedTopic } from './parked.ts'
import { LetterRefusal } from './refusal.ts'
import { countOf, discardable, oneTopic, releasable, type Selection } from './select.ts'

/** A command is one record: it must not become too large for a broker. */
const lettersPerCommand = 1000
const commandsPerAppend = 1000

/** One command for the worker, and where it belongs. */
interface Request {
  readonly partition: number
  readonly key: Buffer | null
  readonly letters: readonly OpenLetter[]
  /** Only these letters; otherwise all that the key has when the command is carried out. */
  readonly pinned: boolean
}

/** An act that was looked at and is not begun: what it would be done to. */
export interface PlannedAct {
  readonly act: 'release' | 'discard'
  readonly parked: ParkedTopic
  /** Keys and letters that it is about, as they are now. Letters without key count as no key. */
  readonly keys: number
  readonly letters: number
  readonly reason: string | undefined
  readonly selection: Selection
  readonly requests: readonly Request[]
}

/** How an act is carried out. */
export interface ActOptions {
  readonly who: Who
  /** The act's id, where somebody asks after it while it is under way. */
  readonly id?: string | undefined
  /** Letters a second, at most; as fast as can be if not given. */
  readonly rate?: number | undefined
  /** Stops between two commands. */
  readonly signal?: AbortSignal | undefined
  /** Told how many letters were asked for so far. */
  readonly progress?: (letters: number) => void
}

/** What came of an act. */
export interface ActResult {
  readonly id: string
  /** Letters that the worker was asked for. */
  readonly letters: number
  /** True when it was stopped before its end. */
  readonly stopped: boolean
}

/**
 * What a release would be about. A key is released as a whole, or its order would break; a record without key has no
 * order, and is released alone. Throws a {@link LetterRefusal}.
 */
export async function planRelease(project: Project, selection: Selection): Promise<PlannedAct> {
  const parked = await oneTopic(project, selection)
  const keys = await releasable(project, parked, selection)
  return planned('release', parked, selection, keys, (one) => [{ ...one, pinned: one.key === null }])
}

/**
 * What a discard would be about. What is parked after this was looked at has not been looked at: only the letters that
 * there are now are given up. Throws a {@link LetterRefusal}, for a reason that is missing too.
 */
export async function planDiscard(
  project: Project,
  selection: Selection,
  reason: string | undefined,
): Promise<PlannedAct> {
  const why = reason?.trim() ?? ''
  const parked = await oneTopic(project, selection)
  const keys = await discardable(project, parked, selection)
  if (why === '')
    throw new LetterRefusal(
      'invalid',
      'A discard needs a reason, which is kept with it',
      'dlq discard needs --reason TEXT: it is kept with the command',
    )
  const pinned = (one: ParkedKey): Request[] =>
    pieces(one).map((letters) => ({ ...one, letters, pinned: true }))
  return { ...planned('discard', parked, selection, keys, pinned), reason: why }
}

function planned(
  act: PlannedAct['act'],
  parked: ParkedTopic,
  selection: Selection,
  chosen: readonly ParkedKey[],
  requestsOf: (key: ParkedKey) => Request[],
): PlannedAct {
  const keys = new Set(chosen.map(({ key }) => keyText(key)).filter((key) => key !== null)).size
  const requests = chosen.flatMap(requestsOf)
  return { act, parked, selection, keys, letters: countOf(chosen), reason: undefined, requests }
}

function pieces({ letters }: ParkedKey): OpenLetter[][] {
  const count = Math.ceil(letters.length / lettersPerCommand)
  return Array.from({ length: count }, (_, n) =>
    letters.slice(n * lettersPerCommand, (n + 1) * lettersPerCommand),
  )
}

/** Asks the topology's worker for it, and writes down who did. Throws what the log throws. */
export async function carryOut(project: Project, plan: PlannedAct, options: ActOptions): Promise<ActResult> {
  const { act, parked, reason, selection } = plan
  const facts: ActFacts = {
    ...{ act, topology: parked.group, topic: parked.topic, selection: { ...selection } },
    ...(reason !== undefined && { reason }),
  }
  const id = options.id ?? newActId()
  await writeAct(project.log, options.who, { ...facts, id, phase: 'begun', letters: plan.letters })
  let asked = 0
  const ended = (phase: 'done' | 'stopped' | 'failed', error?: string) =>
    writeAct(project.log, options.who, { ...facts, id, phase, letters: asked, ...(error && { error }) })
  try {
    for await (const letters of append(project, plan, options)) {
      asked += letters
      options.progress?.(asked)
    }
  } catch (error) {
    await ended('failed', sentenceOf(error)).catch(() => undefined)
    throw error
  }
  const stopped = options.signal?.aborted === true && asked < plan.letters
  await ended(stopped ? 'stopped' : 'done')
  return { id, letters: asked, stopped }
}

/** Writes the commands; answers, again and again, how many letters more are asked for. */
async function* append(
  { log }: Project,
  { act, parked, reason, requests }: PlannedAct,
  { who, rate, signal }: ActOptions,
): AsyncGenerator<number> {
  const { encodeCommand } = await import('../../engine/runtime/letters.ts')
  const records = requests.map(({ partition, key, letters, pinned }) => {
    const command: LetterCommand = {
      ...{ act, at: Date.now(), by: who.by },
      ...(pinned ? { letters: letters.map(({ offset }) => offset) } : {}),
      ...(reason === undefined ? {} : { reason }),
    }
    return {
      letters: letters.length,
      record: { topic: parked.name, partition, ...encodeCommand(command, key) },
    }
  })
  const atOnce = rate === undefined ? commandsPerAppend : 1
  for (let n = 0; n < records.length && signal?.aborted !== true; n += atOnce) {
    const some = records.slice(n, n + atOnce)
    await log.append(some.map(({ record }) => record))
    const letters = some.reduce((sum, one) => sum + one.letters, 0)
    yield letters
    if (rate !== undefined && n + atOnce < records.length) await pause((letters / rate) * 1000, signal)
  }
}

/** Waits, or until it is told to stop. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}
