import type { ClientEvent } from '../../../native/client-events.ts'
import type { ReaderEvent } from '../../../native/reader-events.ts'

/** All that was told, as text, with what librdkafka said itself. */
export function toldIn(events: readonly (ReaderEvent | ClientEvent)[]): string {
  const told = events.map((event) =>
    event.type === 'failed'
      ? `${event.error.stack} ${(event.error.cause as Error).stack}`
      : JSON.stringify(event),
  )
  return told.join('\n')
}
