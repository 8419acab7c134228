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
