import { downstreamError } from '../engine/errors.ts'
import type { MadeRecord } from './writing.ts'

/** The answer, or TIMED_OUT (downstream) when it takes longer than so many milliseconds. What was asked goes on. */
export async function answeredWithin<Answer>(
  answer: Promise<Answer>,
  limitMs: number | undefined,
  { eventId, record }: MadeRecord,
): Promise<Answer> {
  if (limitMs === undefined) return answer
  const { promise: over, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const again = eventId === undefined ? 'write it again' : `write it again with the eventId ${eventId}`
    reject(
      downstreamError(
        'TIMED_OUT',
        `A record for ${record.topic} was not acknowledged within ${limitMs} ms: it is on its way and may be written yet; if you ${again}, it counts once.`,
        { facts: { topic: record.topic, eventId } },
      ),
    )
  }, limitMs)
  try {
    return await Promise.race([answer, over])
  } finally {
    clearTimeout(timer)
  }
}

/** What a call shares with the work that goes on when it has been given up. */
export interface WaitingCall {
  isOver: boolean
}

/**
 * What a record becomes when its turn comes, or TIMED_OUT (downstream) when that takes longer than so many milliseconds: then
 * `call.isOver` is true, and it becomes nothing.
 */
export async function beganWithin<Begun>(
  turn: Promise<Begun | undefined>,
  limitMs: number | undefined,
  name: string,
  call: WaitingCall,
): Promise<Begun> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const late = () => {
    call.isOver = true
    reject(
      downstreamError(
        'TIMED_OUT',
        `A record ${name} is not written: its schema and topic could not be asked for within ${limitMs} ms, so write it later.`,
        { facts: { record: name } },
      ),
    )
  }
  const timer = limitMs === undefined ? undefined : setTimeout(late, limitMs)
  try {
    const begun = await Promise.race([turn, over])
    // Only a call that is over becomes nothing.
    return begun ?? (await over)
  } finally {
    clearTimeout(timer)
  }
}
