// Text longer than this is decoded by itself.
const longest = 256
// How many bytes of a value are made text at once.
const windowBytes = 512

/**
 * Makes texts of a value's bytes. One call into the runtime for each text costs more than all else in decoding a value; so
 * a stretch of the value is made text once, as Latin-1, and texts of ASCII are cut out of it. A text of 13 characters or more
 * keeps its stretch alive: at most 512 bytes.
 */
export class TextReader {
  #text = ''
  #from = 0
  #to = 0

  /** Forgets the value before: its bytes may have changed. */
  reset(): void {
    this.#from = 0
    this.#to = 0
  }

  /** The text at [start, end), within the value's bytes before `limit`. What is no UTF-8 becomes U+FFFD. */
  read(bytes: Buffer, start: number, end: number, limit: number): string {
    let all = 0
    for (let at = start; at < end; at++) all |= bytes[at]!
    if (all > 127 || end - start > longest) return bytes.toString('utf8', start, end)
    if (end > this.#to || start < this.#from) {
      this.#from = start
      this.#to = Math.min(limit, start + windowBytes)
      this.#text = bytes.toString('latin1', start, this.#to)
    }
    return this.#text.substring(start - this.#from, end - this.#from)
  }
}
