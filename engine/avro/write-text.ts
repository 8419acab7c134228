import { writeLong } from './write-varint.ts'

// Texts below this length are written by a loop: a call into the runtime costs more.
const shortText = 16
// The most bytes of one UTF-16 unit in UTF-8.
const bytesPerUnit = 3

/** Writes a text with its length. Where the buffer has no room it writes nothing, or a part; the position tells. */
export function writeText(bytes: Buffer, at: number, text: string): number {
  return text.length < shortText ? writeShort(bytes, at, text) : writeLongText(bytes, at, text)
}

function writeShort(bytes: Buffer, at: number, text: string): number {
  const { length } = text
  const start = at + 1
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 127) return writeMeasured(bytes, at, text)
    bytes[start + index] = code
  }
  bytes[at] = length << 1
  return start + length
}

/** Guesses how many bytes its length takes: as many as for ASCII. */
function writeLongText(bytes: Buffer, at: number, text: string): number {
  const { length } = text
  const head = length < 64 ? 1 : length < 8192 ? 2 : 5
  const start = at + head
  if (head > 2 || start + bytesPerUnit * length > bytes.length) return writeMeasured(bytes, at, text)
  const written = bytes.write(text, start, 'utf8')
  if (head === 1 ? written > 63 : written > 8191) return writeMeasured(bytes, at, text)
  if (head === 1) bytes[at] = written << 1
  else {
    bytes[at] = ((written << 1) & 127) | 128
    bytes[at + 1] = written >> 6
  }
  return start + written
}

function writeMeasured(bytes: Buffer, at: number, text: string): number {
  const length = Buffer.byteLength(text)
  const start = writeLong(bytes, at, length)
  if (start + length <= bytes.length) bytes.write(text, start, 'utf8')
  return start + length
}
