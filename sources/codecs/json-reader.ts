import type { FieldReader, ValueCodec } from '../../engine/component/index.ts'

// The answers of a reader's locate, as engine/component/codec.ts numbers them.
const found = 1
const absent = 0
const undecodable = -1

/**
 * Finds a field in the bytes of JSON without parsing the rest. A field that is there twice counts the second time, as
 * with JSON.parse. Strings are found without their quotes. Two spellings of one value (`"a"` and `"\u0061"`, 1 and 1.0)
 * have different bytes: producers of ids have one spelling.
 */
export function jsonReader(path: readonly string[], parse: ValueCodec['decode']): FieldReader {
  const names = path.map((name) => Buffer.from(name))
  const place = new Int32Array(2)
  const locate = (bytes: Buffer, start: number, end: number, into: Int32Array): number => {
    into[0] = start
    into[1] = end
    for (const name of names) {
      const answer = member(bytes, into, name)
      if (answer !== found) return answer
    }
    return found
  }
  return {
    locate(bytes, start, end, into) {
      const answer = locate(bytes, start, end, into)
      if (answer !== found) return answer
      const first = bytes[into[0]!]
      if (first === letter.n) return absent
      if (first === letter.quote) {
        into[0]!++
        into[1]!--
      }
      return found
    },
    read(bytes, start, end) {
      const answer = locate(bytes, start, end, place)
      if (answer === undecodable) parse(bytes, start, end)
      return answer === found ? parse(bytes, place[0]!, place[1]!) : undefined
    },
  }
}

const letter = {
  quote: 34,
  comma: 44,
  colon: 58,
  open: 91,
  backslash: 92,
  close: 93,
  n: 110,
  begin: 123,
  end: 125,
} as const

/** Narrows `place` from an object to its member of that name; absent where it is no object. */
function member(bytes: Buffer, place: Int32Array, name: Buffer): number {
  const end = place[1]!
  let at = space(bytes, place[0]!, end)
  if (bytes[at] !== letter.begin) return at < end ? absent : undecodable
  let answer: number = absent
  at = space(bytes, at + 1, end)
  if (bytes[at] === letter.end && at < end) return absent
  for (;;) {
    const keyEnd = skipString(bytes, at, end)
    const colon = keyEnd < 0 ? -1 : space(bytes, keyEnd, end)
    if (colon < 0 || colon >= end || bytes[colon] !== letter.colon) return undecodable
    const from = space(bytes, colon + 1, end)
    const to = skipValue(bytes, from, end)
    if (to < 0) return undecodable
    if (isKey(bytes, at + 1, keyEnd - 1, name)) {
      place[0] = from
      place[1] = to
      answer = found
    }
    at = space(bytes, to, end)
    if (at >= end) return undecodable
    if (bytes[at] === letter.end) return answer
    if (bytes[at] !== letter.comma) return undecodable
    at = space(bytes, at + 1, end)
  }
}

function isKey(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start === name.length) return bytes.compare(name, 0, name.length, start, end) === 0
  // A key may be spelt with escapes; that is rare, and longer than the name.
  if (end - start < name.length || !bytes.subarray(start, end).includes(letter.backslash)) return false
  try {
    return JSON.parse(bytes.toString('utf8', start - 1, end + 1)) === name.toString()
  } catch {
    return false
  }
}

function space(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9)) at++
  return at
}

/** The end of the string that begins at `at`, or -1. */
function skipString(bytes: Buffer, from: number, end: number): number {
  if (from >= end || bytes[from] !== letter.quote) return -1
  for (let at = from + 1; at < end; at++) {
    if (bytes[at] === letter.backslash) at++
    else if (bytes[at] === letter.quote) return at + 1
  }
  return -1
}

/** The end of the value that begins at `from`, or -1. Nesting costs no stack: values may come from anybody. */
function skipValue(bytes: Buffer, from: number, end: number): number {
  const first = bytes[from]
  if (first === letter.quote) return skipString(bytes, from, end)
  if (first !== letter.begin && first !== letter.open) return skipWord(bytes, from, end)
  let depth = 0
  for (let at = from; at < end;) {
    const byte = bytes[at]
    if (byte === letter.quote) {
      at = skipString(bytes, at, end)
      if (at < 0) return -1
      continue
    }
    at++
    if (byte === letter.begin || byte === letter.open) depth++
    else if ((byte === letter.end || byte === letter.close) && --depth === 0) return at
  }
  return -1
}

/** The end of a number, true, false or null. */
function skipWord(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && isWord(bytes[at]!)) at++
  return at > from ? at : -1
}

function isWord(byte: number): boolean {
  return (
    (byte >= 48 && byte <= 57) ||
    (byte >= 97 && byte <= 122) ||
    byte === 43 ||
    byte === 45 ||
    byte === 46 ||
    byte === 69
  )
}
