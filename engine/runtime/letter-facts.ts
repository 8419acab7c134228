import type { FieldReader, ValueCodec } from '../component/codec.ts'
import type { PlainRecord } from '../component/packed-records.ts'
import { MillraceError } from '../errors.ts'
import type { LetterInfo } from './letters.ts'

/** What a letter says of its record beside why it was parked. */
type RecordFacts = Pick<LetterInfo, 'type' | 'schemaId' | 'correlation'>

/** Longest texts that are kept of an error or a record, in bytes of UTF-8. */
export const longest = { message: 2048, stack: 4096, correlation: 256, name: 128 } as const

/** Names under which a correlation is found: headers in any case, with `-` and `_` left out; then fields. */
const headerNames = ['correlationid', 'xcorrelationid', 'kafkacorrelationid', 'traceparent']
const fieldNames = ['correlationId', 'traceparent']

/** Finds out what a parked record is, for people who look for it: what can't be found out is left out. */
export class LetterFacts {
  /** Compiled readers of the fields that a codec has; a source has one codec. */
  readonly #readers = new WeakMap<ValueCodec, readonly FieldReader[]>()

  of(record: PlainRecord, codec: ValueCodec): RecordFacts {
    const { value } = record
    const schemaId = codec.types === undefined ? undefined : schemaIdOf(value)
    const type = typeOf(value, codec)
    const correlation = correlationHeader(record) ?? this.#correlationField(value, codec)
    return {
      ...(type !== undefined && { type }),
      ...(schemaId !== undefined && { schemaId }),
      ...(correlation !== undefined && { correlation }),
    }
  }

  #correlationField(value: Uint8Array | null, codec: ValueCodec): string | undefined {
    if (value === null) return undefined
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
    for (const reader of this.#readersOf(codec)) {
      const found = attempt(() => reader.read(bytes, 0, bytes.length))
      if (typeof found === 'string' && found !== '') return cutText(found, longest.correlation)
    }
    return undefined
  }

  #readersOf(codec: ValueCodec): readonly FieldReader[] {
    const known = this.#readers.get(codec)
    if (known !== undefined) return known
    const readers = fieldNames.flatMap((name) => attempt(() => codec.reader([name])) ?? [])
    this.#readers.set(codec, readers)
    return readers
  }
}

/** The record that the value is read as: the only one of its source, or what its schema's id says. */
function typeOf(value: Uint8Array | null, { types }: ValueCodec): string | undefined {
  if (types === undefined || types.names.length === 1) return types?.names[0]
  if (value === null) return undefined
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  return types.of(bytes, 0, bytes.length)
}

/** A record that is parked may be anything: what does not decode says nothing. */
function attempt<Answer>(work: () => Answer): Answer | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function correlationHeader({ headers }: PlainRecord): string | undefined {
  for (const wanted of headerNames) {
    const found = headers.findLast(({ name }) => name.toLowerCase().replaceAll(/[-_]/g, '') === wanted)?.value
    if (found !== undefined && found !== null && found.length > 0)
      return cutText(Buffer.from(found).toString('utf8'), longest.correlation)
  }
  return undefined
}

/** The id that a value in the Confluent wire format carries. */
function schemaIdOf(value: Uint8Array | null): number | undefined {
  if (value === null || value.length < 5 || value[0] !== 0) return undefined
  return Buffer.from(value.buffer, value.byteOffset, value.length).readUInt32BE(1)
}

/** What was thrown: the name of its class, and its stack where it is not an error that Millrace worded itself. */
export function thrown(error: unknown): { readonly exception: string; readonly stack?: string } {
  const foreign = error instanceof MillraceError ? error.cause : error
  if (!(foreign instanceof Error) || foreign instanceof MillraceError) return { exception: 'MillraceError' }
  const exception = cutText(foreign.constructor.name || foreign.name, longest.name)
  return foreign.stack === undefined
    ? { exception }
    : { exception, stack: cutText(foreign.stack, longest.stack) }
}

/** A text of at most so many bytes of UTF-8, with `…` at its end where something is left out. */
export function cutText(text: string, most: number): string {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length <= most) return text
  let end = most - Buffer.byteLength('…')
  // Bytes that go on with a character begin with the bits 10.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return `${bytes.toString('utf8', 0, end)}…`
}
