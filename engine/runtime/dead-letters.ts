import type { Header } from '../component/headers.ts'
import type { PlainRecord } from '../component/packed-records.ts'
import { encodeLetter, type LetterInfo } from './letters.ts'

/** A letter for the dead letters of all groups: what it says stands in headers that any program reads, too. */
export function encodeDeadLetter(info: LetterInfo, record: PlainRecord, stack?: string): PlainRecord {
  const letter = encodeLetter(info, record)
  return { ...letter, headers: [...letter.headers, ...deadLetterHeaders(info, stack)] }
}

/**
 * What a dead letter says in its headers, for programs of any kind: first those that Kafka Streams writes (KIP-1034,
 * `ExceptionHandlerUtils`), then what that has no name for. All values are text in UTF-8: numbers in decimal digits, times in
 * ISO 8601. They stand behind the record's own headers, and the last one of a name counts.
 */
function deadLetterHeaders(info: LetterInfo, stack?: string): Header[] {
  return [
    ...headersOf('__streams.errors.', {
      exception: info.exception,
      message: info.message,
      stacktrace: stack,
      topic: info.topic,
      partition: info.partition,
      offset: info.offset,
    }),
    ...headersOf('millrace.errors.', {
      group: info.group,
      node: info.node,
      class: info.kind,
      code: info.code,
      attempts: info.attempts,
      'first-failure': timeText(info.firstFailure),
      'last-failure': timeText(info.lastFailure ?? info.parkedAt),
      timestamp: timeText(info.timestamp),
      type: info.type,
      'schema-id': info.schemaId,
      correlation: info.correlation,
    }),
  ]
}

function headersOf(prefix: string, texts: Readonly<Record<string, string | number | undefined>>): Header[] {
  return Object.entries(texts).flatMap(([name, text]) =>
    text === undefined ? [] : [{ name: prefix + name, value: Buffer.from(String(text), 'utf8') }],
  )
}

/** ISO 8601; a timestamp beyond what that can say stays a number. */
function timeText(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString()
}
