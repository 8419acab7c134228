// The shape of records on their way between JavaScript and librdkafka.

/**
 * Records of one partition, packed: one backing buffer, and columns that say where each record's parts lie in it.
 * A start of -1 means null, which is told from empty. Immutable, and never copied as a whole.
 */
export interface PackedRecords {
  readonly topic: string
  readonly partition: number
  readonly count: number
  readonly bytes: Buffer
  /** Ascending, with gaps where the log has them (aborted, compacted, transaction markers). Exact below 2^53. */
  readonly offsets: Float64Array
  /** Milliseconds since 1970; -1 where the record has none. */
  readonly timestamps: Float64Array
  readonly keyStarts: Int32Array
  readonly keyEnds: Int32Array
  readonly valueStarts: Int32Array
  readonly valueEnds: Int32Array
  /** Headers lie packed: see `headersAt`. An empty range is no headers. */
  readonly headerStarts: Int32Array
  readonly headerEnds: Int32Array
}

/** One header of a record. Names may repeat and keep their order; values are bytes, and `null` is told from empty. */
export interface Header {
  readonly name: string
  readonly value: Uint8Array | null
}

/** A record outside a batch. A `null` value is a tombstone; an empty one is not. */
export interface PlainRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly Header[]
  /** Milliseconds since 1970; now, if it is not given. */
  readonly timestamp?: number
}

/**
 * The headers packed in `bytes[start, end)`: a count, then for each the name's length and UTF-8 bytes, then the value's
 * length plus one (0 = null) and its bytes. Numbers are unsigned LEB128. Values are views.
 *
 * @throws RangeError if they end in the middle
 */
export function headersAt(bytes: Buffer, start: number, end: number): Header[] {
  if (end <= start) return []
  let at = start
  const number = (): number => {
    for (let value = 0, unit = 1; at < end; unit *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * unit
      if (byte < 128) return value
    }
    throw new RangeError('Packed headers end in the middle of a number.')
  }
  const take = (length: number): Buffer => {
    if (at + length > end) throw new RangeError('Packed headers end in the middle of a name or a value.')
    at += length
    return bytes.subarray(at - length, at)
  }
  const headers: Header[] = []
  for (let left = number(); left > 0; left--) {
    const name = take(number()).toString('utf8')
    const length = number()
    headers.push({ name, value: length === 0 ? null : take(length - 1) })
  }
  return headers
}

/** Headers in the form that `headersAt` reads; no bytes at all for none. */
export function packHeaders(headers: readonly Header[]): Buffer {
  if (headers.length === 0) return Buffer.alloc(0)
  const parts: Uint8Array[] = [unsigned(headers.length)]
  for (const { name, value } of headers) {
    const text = Buffer.from(name, 'utf8')
    parts.push(unsigned(text.length), text, unsigned(value === null ? 0 : value.length + 1))
    if (value !== null) parts.push(value)
  }
  return Buffer.concat(parts)
}

/** Row `row` of a batch; its parts are views into the batch. */
export function plainRecord(records: PackedRecords, row: number): Required<PlainRecord> {
  const part = (starts: Int32Array, ends: Int32Array): Buffer | null =>
    starts[row]! < 0 ? null : records.bytes.subarray(starts[row], ends[row])
  return {
    key: part(records.keyStarts, records.keyEnds),
    value: part(records.valueStarts, records.valueEnds),
    headers: headersAt(records.bytes, records.headerStarts[row]!, records.headerEnds[row]!),
    timestamp: records.timestamps[row]!,
  }
}

function unsigned(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}
