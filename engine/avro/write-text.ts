import { writeLong } from './write-varint.ts'

// Shorter texts are written by a loop: to gather them costs more.
const shortText = 13
// Longer texts are worth a call of their own.
const longText = 128
// So many are gathered at most, for which the scratch has room.
const mostTexts = 64
const word = 4
// After other text than ASCII so many values are written without gathering.
const patience = 16
// The most bytes of one UTF-16 unit in UTF-8.
const bytesPerUnit = 3

const utf8 = new TextEncoder()

/**
 * Writes the texts of a value. A call into the runtime for each costs more than all else in encoding, most of all for slices
 * of longer texts, which decoded values are made of. So texts are gathered while the value is written, and made bytes by one
 * call. That needs their lengths in bytes beforehand: a value with other text than ASCII is written again, each text by itself.
 *
 * Where the buffer has no room nothing is written, or a part; the position tells.
 */
export class TextWriter {
  readonly #texts: string[] = Array.from({ length: mostTexts }, () => '')
  readonly #places = new Int32Array(mostTexts)
  readonly #scratch = Buffer.allocUnsafeSlow(mostTexts * longText)
  readonly #gathered = new DataView(this.#scratch.buffer)
  #count = 0
  #direct = 0
  // A view costs as much as a few texts: it is kept for the buffer that it is of.
  #buffer = this.#scratch
  #view = this.#gathered

  /** A value begins. */
  begin(): void {
    this.#count = 0
    if (this.#direct > 0) this.#direct--
  }

  /** Writes the length of a text, and the text at once or in {@link finish}. Returns the position after it. */
  write(bytes: Buffer, at: number, text: string): number {
    const { length } = text
    if (length < shortText) return writeShort(bytes, at, text)
    if (length > longText || this.#direct > 0 || this.#count === mostTexts) return writeAlone(bytes, at, text)
    if (length < 64) bytes[at++] = length << 1
    else {
      bytes[at++] = ((length << 1) & 127) | 128
      bytes[at++] = length >> 6
    }
    this.#texts[this.#count] = text
    this.#places[this.#count++] = at
    return at + length
  }

  /**
   * Writes what was gathered into a buffer that has room for the whole value. False when a text is not ASCII: the value must
   * be written again, from `begin` on.
   */
  finish(bytes: Buffer): boolean {
    if (this.#count === 0) return true
    let all = ''
    for (let n = 0; n < this.#count; n++) all += this.#texts[n]!
    // Other text has more bytes than units, and may not fit the scratch.
    const { read, written } = utf8.encodeInto(all, this.#scratch)
    if (read === all.length && written === read) this.#place(bytes)
    else this.#direct = patience
    return this.#direct === 0
  }

  /** Copies texts from the scratch by words, the last of which may overlap the one before it: none is shorter than a word. */
  #place(bytes: Buffer): void {
    if (bytes !== this.#buffer) {
      this.#buffer = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    const [source, target] = [this.#gathered, this.#view]
    let from = 0
    for (let n = 0; n < this.#count; n++) {
      let at = this.#places[n]!
      const end = from + this.#texts[n]!.length
      const last = end - word
      const lastAt = at + last - from
      for (; from < last; from += word, at += word) target.setUint32(at, source.getUint32(from))
      target.setUint32(lastAt, source.getUint32(last))
      from = end
    }
  }
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
function writeAlone(bytes: Buffer, at: number, text: string): number {
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
