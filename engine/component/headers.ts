import { permanentError } from '../errors.ts'

/** One header of a record. Names may repeat and keep their order; `null` is told from empty. */
export interface Header {
  readonly name: string
  readonly value: Uint8Array | null
}

/**
 * Headers as they lie in a packed batch: a count, then for each the name's length and UTF-8 bytes, then the value's
 * length plus one (0 = null) and its bytes. All numbers are unsigned LEB128. No headers at all are zero bytes.
 */
export function encodeHeaders(headers: readonly Header[]): Buffer {
  if (headers.length === 0) return Buffer.alloc(0)
  const parts: Uint8Array[] = [unsigned(headers.length)]
  for (const { name, value } of headers) {
    const text = Buffer.from(name, 'utf8')
    parts.push(unsigned(text.length), text, unsigned(value === null ? 0 : value.length + 1))
    if (value !== null) parts.push(value)
  }
  return Buffer.concat(parts)
}

/** The headers packed in `bytes[start, end)`. Values are views, good for as long as `bytes` is. */
export function decodeHeaders(bytes: Buffer, start: number, end: number): Header[] {
  if (end <= start) return []
  const cursor = { bytes, at: start, end }
  const headers: Header[] = []
  for (let left = readUnsigned(cursor); left > 0; left--) {
    const name = take(cursor, readUnsigned(cursor)).toString('utf8')
    const length = readUnsigned(cursor)
    headers.push({ name, value: length === 0 ? null : take(cursor, length - 1) })
  }
  return headers
}

interface Cursor {
  readonly bytes: Buffer
  at: number
  readonly end: number
}

function take(cursor: Cursor, length: number): Buffer {
  if (cursor.at + length > cursor.end) throw damaged()
  const part = cursor.bytes.subarray(cursor.at, cursor.at + length)
  cursor.at += length
  return part
}

function readUnsigned(cursor: Cursor): number {
  let value = 0
  for (let shift = 1; cursor.at < cursor.end; shift *= 128) {
    const byte = cursor.bytes[cursor.at++]!
    value += (byte & 127) * shift
    if (byte < 128) return value
  }
  throw damaged()
}

function unsigned(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}

function damaged(): Error {
  return permanentError(
    'RECORD_INVALID',
    'The headers of a record end in the middle: the batch that carried it is damaged.',
  )
}
