import { permanentError, type MillraceError } from '../errors.ts'
import { explainMisfit } from './explain.ts'
import { describeFieldFailure } from './field-reader.ts'
import { planReading, type ReadPlan } from './read-plan.ts'
import { compileReading, describeReadingFailure } from './reading.ts'
import type { RegisteredSchema, SchemaRegistry } from './registry.ts'
import type { Schema } from './schema.ts'
import { TOO_DEEP, TRUNCATED } from './varint.ts'
import { readSchemaId, WIRE_HEADER_BYTES, writeWireHeader } from './wire.ts'
import { compileWriting } from './writing.ts'

const slabBytes = 16384
// Larger values get bytes of their own.
const ownBytes = 4096

/**
 * Decodes the payload at [start, end) of a shared buffer; strings and bytes of the result are copies. A text of 13
 * characters or more may keep up to 512 bytes of its value alive, as a slice of a string does.
 *
 * The value is made of plain objects, arrays, strings, numbers, booleans, null, bigint (longs beyond ±(2^53 − 1), for
 * which JSON.stringify needs a replacer) and Buffers (bytes, fixed). Decimals are text. A union is bare where the
 * JavaScript value tells the branch, else `{ 'branch.Name': value }`.
 *
 * @throws AVRO_UNDECODABLE (permanent) for bytes that are too few, too many or no value of the schema. Never returns
 * null for a failure.
 */
export type Decoder = (buffer: Buffer, start: number, end: number) => unknown

/**
 * Encodes a value with the wire header, into a Buffer of its own. Longs may be numbers or bigints; a field that is
 * undefined takes its default.
 *
 * @throws AVRO_UNENCODABLE (permanent), which names the path of the field, what was expected and what was found.
 */
export type Encoder = (value: unknown) => Buffer

/**
 * A decoder of what `writer` wrote, as `reader` sees it (as `writer` does, without one). Costs about a millisecond, for it
 * is compiled: keep it.
 *
 * @throws AVRO_UNDECODABLE (permanent) when the reader schema cannot read what the writer's writes.
 */
export function createDecoder(writer: Schema, reader: Schema = writer): Decoder {
  const decode = compileReading(resolve(writer, reader))
  return (buffer, start, end) => {
    if (start < 0 || start > end || end > buffer.length) {
      throw undecodable(writer, describeFieldFailure(TRUNCATED), start, end)
    }
    try {
      return decode(buffer, start, end)
    } catch (error) {
      throw undecodable(writer, describeReadingFailure(error), start, end)
    }
  }
}

function resolve(writer: Schema, reader: Schema): ReadPlan {
  if (reader.contentId === writer.contentId) return planReading(writer.root, writer.root)
  try {
    return planReading(writer.root, reader.root)
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    const pair = `What ${writer.source} writes cannot be read as ${reader.source}`
    throw permanentError('AVRO_UNDECODABLE', `${pair}: ${what}.`, { cause: error })
  }
}

function undecodable(writer: Schema, what: string, start: number, end: number): MillraceError {
  const message = `The value (${end - start} bytes) does not decode as ${writer.fullName} (${writer.source}): ${what}.`
  return permanentError('AVRO_UNDECODABLE', message, {
    facts: { schema: writer.fullName, bytes: end - start },
  })
}

/** What an encoder does with fields that the schema does not have. */
export interface EncoderOptions {
  /** `refuse` (the default): they are errors, so that a misspelt name is seen. `drop`: they are left out. */
  readonly undeclared?: 'refuse' | 'drop'
}

/**
 * An encoder for one schema. Costs about a millisecond, for it is compiled: keep it. Values lie in slabs of 16 KiB, as
 * Node's own small buffers do in slabs of 8: a value that is kept keeps its slab; one of more than 4 KiB has its own bytes.
 */
export function createEncoder({ id, schema }: RegisteredSchema, options: EncoderOptions = {}): Encoder {
  const strict = options.undeclared !== 'drop'
  const write = compileWriting(schema.root, strict)
  const place = (bytes: Buffer, at: number, value: unknown): number => {
    try {
      return write(bytes, at + WIRE_HEADER_BYTES, value)
    } catch (error) {
      throw unencodable(schema, value, strict, error)
    }
  }
  let slab = Buffer.allocUnsafeSlow(slabBytes)
  let used = 0
  return (value) => {
    let start = used
    let end = place(slab, start, value)
    if (end - start > ownBytes) {
      const own = Buffer.allocUnsafeSlow(end - start)
      place(own, 0, value)
      writeWireHeader(own, 0, id)
      return own
    }
    if (end > slab.length) {
      slab = Buffer.allocUnsafeSlow(slabBytes)
      end = place(slab, 0, value)
      start = 0
    }
    writeWireHeader(slab, start, id)
    used = end
    return slab.subarray(start, end)
  }
}

function unencodable(schema: Schema, value: unknown, strict: boolean, cause: unknown): MillraceError {
  const what =
    cause === TOO_DEEP ? 'its records are nested too deep' : explainMisfit(schema.root, value, strict)
  const message = `The value does not fit ${schema.fullName} (${schema.source}): ${what}.`
  return permanentError('AVRO_UNENCODABLE', message, cause instanceof Error ? { cause } : {})
}

/** Decodes values in the wire format, whatever schemas they were written with. */
export interface WireCodec {
  /**
   * The value at [start, end), wire header included, as `reader` sees it.
   *
   * @throws AVRO_BAD_MAGIC, AVRO_UNKNOWN_SCHEMA_ID (also while the schema is not loaded yet: `registry.load` the ids
   * of a batch first) or AVRO_UNDECODABLE, all permanent.
   */
  decode(buffer: Buffer, start: number, end: number, reader?: RegisteredSchema): unknown
  /** The decoder of a pair of ids, compiled once. */
  decoder(writerId: number, reader?: RegisteredSchema): Decoder
}

/** A codec with decoders cached by (writer id, reader id). */
export function createWireCodec(registry: SchemaRegistry): WireCodec {
  const decoders = new Map<number, Map<number, Decoder>>()
  const decoder = (writerId: number, reader?: RegisteredSchema): Decoder => {
    const readerId = reader?.id ?? writerId
    const found = decoders.get(writerId)?.get(readerId)
    if (found !== undefined) return found
    const writer = registry.byId(writerId)
    if (writer === undefined) throw registry.refusal?.(writerId) ?? unknownId(writerId)
    const made = createDecoder(writer, reader === undefined || readerId === writerId ? writer : reader.schema)
    const ofWriter = decoders.get(writerId) ?? new Map<number, Decoder>()
    decoders.set(writerId, ofWriter.set(readerId, made))
    return made
  }
  return {
    decoder,
    decode: (buffer, start, end, reader) => {
      const id = readSchemaId(buffer, start, end)
      return decoder(id, reader)(buffer, start + WIRE_HEADER_BYTES, end)
    },
  }
}

/** The error for a schema id that the registry does not know, or does not have at hand. */
export function unknownId(id: number): MillraceError {
  return permanentError('AVRO_UNKNOWN_SCHEMA_ID', `The registry has no schema with the id ${id}.`, {
    facts: { id },
  })
}
