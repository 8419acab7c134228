/** A line of the input. `bytes` is undefined for one that is longer than allowed. */
export interface InputLine {
  /** From 1. */
  readonly number: number
  readonly bytes: Buffer | undefined
}

const newline = 10
const carriageReturn = 13

/**
 * The lines of a stream of bytes, as many at a time as a chunk completes, without their line ends. No more than the
 * longest line and one chunk is held. Lines with nothing in them are left out, but counted.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<readonly InputLine[]> {
  const splitter = new LineSplitter(maxBytes)
  for await (const chunk of chunks) {
    const lines = splitter.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    if (lines.length > 0) yield lines
  }
  const last = splitter.end()
  if (last.length > 0) yield last
}

class LineSplitter {
  readonly #maxBytes: number
  /** The beginning of a line whose end is still to come. */
  #parts: Buffer[] = []
  #length = 0
  #number = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  take(chunk: Buffer): InputLine[] {
    const lines: InputLine[] = []
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#hold(chunk.subarray(start, end))
      this.#complete(lines)
      start = end + 1
    }
    // The rest is copied, since a stream may use its chunk again.
    if (start < chunk.length) this.#hold(Buffer.from(chunk.subarray(start)))
    return lines
  }

  end(): InputLine[] {
    const lines: InputLine[] = []
    if (this.#length > 0) this.#complete(lines)
    return lines
  }

  #hold(part: Buffer): void {
    this.#length += part.length
    if (this.#length > this.#maxBytes) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  #complete(lines: InputLine[]): void {
    const number = ++this.#number
    const tooLong = this.#length > this.#maxBytes
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    this.#parts = []
    this.#length = 0
    if (tooLong) {
      lines.push({ number, bytes: undefined })
      return
    }
    const trimmed = bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes
    if (trimmed.length > 0) lines.push({ number, bytes: trimmed })
  }
}
