import { permanentError } from '../errors.ts'

/** Bytes of the Confluent header before the Avro payload: magic 0 and a big-endian int32 schema id. */
export const WIRE_HEADER_BYTES = 5

/** Codes of {@link peekSchemaId} for a value that carries no readable header. All are negative. */
export const WIRE_TOO_SHORT = -1
/** The first byte is not 0: the value was not written by a schema-registry serializer. */
export const WIRE_BAD_MAGIC = -2
/** The id's sign bit is set; registries give out positive ids only. */
export const WIRE_BAD_ID = -3

/**
 * The schema id of the value at [start, end), read in place.
 *
 * @returns the id (0 … 2^31-1), or one of the negative WIRE_* codes. Never throws, so that a batch can be
 * scanned without try/catch. The payload begins at `start + WIRE_HEADER_BYTES`.
 */
export function peekSchemaId(buffer: Uint8Array, start: number, end: number): number {
  if (start < 0 || end > buffer.length || end - start < WIRE_HEADER_BYTES) return WIRE_TOO_SHORT
  if (buffer[start] !== 0) return WIRE_BAD_MAGIC
  const id =
    (buffer[start + 1]! << 24) | (buffer[start + 2]! << 16) | (buffer[start + 3]! << 8) | buffer[start + 4]!
  return id < 0 ? WIRE_BAD_ID : id
}

/**
 * Like {@link peekSchemaId}, for one record where throwing is wanted.
 *
 * @throws AVRO_BAD_MAGIC (permanent) when the value has no Confluent header.
 */
export function readSchemaId(buffer: Uint8Array, start: number, end: number): number {
  const id = peekSchemaId(buffer, start, end)
  if (id >= 0) return id
  throw permanentError('AVRO_BAD_MAGIC', describeWireFailure(id, buffer, start, end))
}

/** One sentence for a negative code of {@link peekSchemaId}: what was found, and what was expected. */
export function describeWireFailure(code: number, buffer: Uint8Array, start: number, end: number): string {
  if (code === WIRE_TOO_SHORT) {
    const size = Math.max(0, end - start)
    return `The value is ${size} bytes long; an Avro value begins with a header of ${WIRE_HEADER_BYTES} bytes (0, schema id).`
  }
  if (code === WIRE_BAD_MAGIC) {
    const found = (buffer[start] ?? 0).toString(16).padStart(2, '0')
    return `The value begins with 0x${found} instead of 0x00: it was not written in the Confluent wire format.`
  }
  return 'The schema id in the header is negative; registries give out positive ids only.'
}

/**
 * Writes the header at `start`.
 *
 * @returns the position of the payload.
 * @throws RangeError when the buffer has no room for it or the id is not a positive int32: a caller's defect.
 */
export function writeWireHeader(buffer: Uint8Array, start: number, id: number): number {
  if (id !== (id | 0) || id < 0) throw new RangeError(`A schema id is a positive int32, not ${id}.`)
  if (start < 0 || start + WIRE_HEADER_BYTES > buffer.length) {
    throw new RangeError(`No room for a wire header at ${start} in a buffer of ${buffer.length} bytes.`)
  }
  buffer[start] = 0
  buffer[start + 1] = id >>> 24
  buffer[start + 2] = id >>> 16
  buffer[start + 3] = id >>> 8
  buffer[start + 4] = id
  return start + WIRE_HEADER_BYTES
}

/**
 * The schema ids of `count` values, written to `ids` (same order as `starts`; negative WIRE_* codes for values
 * without header).
 *
 * @returns the id that all values share, or -1 when they differ or one of them has no header.
 */
export function readSchemaIds(
  buffer: Uint8Array,
  starts: Int32Array,
  ends: Int32Array,
  count: number,
  ids: Int32Array,
): number {
  let common = count > 0 ? peekSchemaId(buffer, starts[0]!, ends[0]!) : -1
  for (let row = 0; row < count; row++) {
    const id = peekSchemaId(buffer, starts[row]!, ends[row]!)
    ids[row] = id
    if (id !== common) common = -1
  }
  return common < 0 ? -1 : common
}
