import { ByteSink, readI64, readU32 } from './bytes.ts'
import { varintBytes, varintOf, writeUuid } from './cells.ts'
import type { Direction } from './schema.ts'
import { keyTypeProblem } from './types.ts'
import type { CqlType, CqlValue } from './types.ts'
import { dateText, daysOf, inetBytes, inetText, uuidOf } from './value-forms.ts'

/**
 * Key bytes: comparing them byte by byte (memcmp, the order of BLOBs in SQLite) gives CQL's order of the values, column
 * by column. Every part says itself where it ends, so that keys can be cut at any column and read back.
 *
 * Integers and times have their sign bit flipped; floats too, with all bits inverted where negative; text, blob and inet
 * write 0x00 as 00 FF and end with 00 01; timeuuid stands by time, then by signed bytes; uuid by version, then time or
 * bytes; DESC inverts the bits of its part.
 */
export function encodeKey(
  types: readonly CqlType[],
  values: readonly CqlValue[],
  directions: readonly Direction[] = [],
): Buffer {
  const sink = new ByteSink(64)
  for (const [index, type] of types.entries()) {
    const value = values[index]
    if (value === undefined) break
    writeKeyPart(sink, type, value, directions[index] === 'DESC')
  }
  return sink.copy()
}

/** Whether values of a type can be part of a key. */
export function isKeyType(type: CqlType): boolean {
  return keyTypeProblem(type) === undefined
}

/** Appends one value as key bytes; `value` must be canonical (toCqlValue). */
export function writeKeyPart(sink: ByteSink, type: CqlType, value: CqlValue, descending: boolean): void {
  const start = sink.length
  switch (type.kind) {
    case 'text':
    case 'ascii':
      writeText(sink, value as string)
      break
    case 'timestamp':
      sink.i64(value as number)
      flipSign(sink, start)
      break
    case 'uuid':
    case 'timeuuid':
      writeUuid(sink, value as string)
      orderUuid(sink.buffer, start, type.kind === 'timeuuid')
      break
    case 'int':
      sink.u32((value as number) ^ 0x80000000)
      break
    default:
      writeRarePart(sink, type, value)
  }
  if (descending) sink.invertFrom(start)
}

function writeRarePart(sink: ByteSink, type: CqlType, value: CqlValue): void {
  const start = sink.length
  switch (type.kind) {
    case 'bigint':
    case 'time':
      sink.reserve(8)
      sink.length = sink.buffer.writeBigInt64BE(value as bigint, start)
      return flipSign(sink, start)
    case 'smallint':
      return sink.u16((value as number) ^ 0x8000)
    case 'tinyint':
      return sink.u8(((value as number) ^ 0x80) & 0xff)
    case 'boolean':
      return sink.u8(value === true ? 1 : 0)
    case 'date':
      return sink.u32(daysOf(value as string) + 2 ** 31)
    case 'double':
    case 'float':
      return writeFloat(sink, value as number, type.kind === 'double' ? 8 : 4)
    case 'blob':
      return writeEscaped(sink, value as Buffer)
    case 'inet':
      return writeEscaped(sink, inetBytes(value as string) ?? Buffer.alloc(0))
    case 'varint':
      return writeVarint(sink, value as bigint)
    default:
      throw new TypeError(`a value of type ${type.kind} cannot be in a key`)
  }
}

/** Reads the values of key bytes back, from `offset`; `end` is where the last part ends. */
export function decodeKey(
  types: readonly CqlType[],
  bytes: Buffer,
  directions: readonly Direction[] = [],
  offset = 0,
): { readonly values: CqlValue[]; readonly end: number } {
  const values: CqlValue[] = []
  let at = offset
  for (const [index, type] of types.entries()) {
    const mask = directions[index] === 'DESC' ? 0xff : 0
    if (mask === 0 && type.kind === 'text') {
      const end = bytes.indexOf(0, at)
      if (bytes[end + 1] === 1) {
        values.push(bytes.toString('utf8', at, end))
        at = end + 2
        continue
      }
    }
    const width = widthOf(type, (bytes[at] ?? 0) ^ mask)
    const part = width === undefined ? unescape(bytes, at, mask) : masked(bytes, at, width, mask)
    at = width === undefined ? endOfEscaped(bytes, at, mask) : at + width
    values.push(readPart(type, part))
  }
  return { values, end: at }
}

function widthOf(type: CqlType, first: number): number | undefined {
  switch (type.kind) {
    case 'boolean':
    case 'tinyint':
      return 1
    case 'smallint':
      return 2
    case 'int':
    case 'date':
    case 'float':
      return 4
    case 'uuid':
    case 'timeuuid':
      return 16
    case 'varint':
      return 1 + (first >= 0x80 ? first - 0x80 : 0x7f - first)
    case 'text':
    case 'ascii':
    case 'blob':
    case 'inet':
      return undefined
    default:
      return 8
  }
}

function readPart(type: CqlType, part: Buffer): CqlValue {
  switch (type.kind) {
    case 'text':
    case 'ascii':
      return part.toString('utf8')
    case 'timestamp':
      part[0] = (part[0] ?? 0) ^ 0x80
      return readI64(part, 0)
    case 'bigint':
    case 'time':
      part[0] = (part[0] ?? 0) ^ 0x80
      return part.readBigInt64BE(0)
    case 'int':
      return (readU32(part, 0) ^ 0x80000000) | 0
    case 'smallint':
      return part.readUInt16BE(0) - 0x8000
    case 'tinyint':
      return (part[0] ?? 0) - 0x80
    case 'boolean':
      return part[0] === 1
    case 'date':
      return dateText(readU32(part, 0) - 2 ** 31)
    case 'inet':
      return inetText(part)
    case 'uuid':
    case 'timeuuid':
      return readUuid(part, type.kind === 'timeuuid')
    case 'double':
    case 'float':
      return readFloat(part)
    case 'varint':
      return readVarint(part)
    default:
      return part
  }
}

function flipSign(sink: ByteSink, at: number): void {
  sink.buffer[at] = (sink.buffer[at] ?? 0) ^ 0x80
}

function writeText(sink: ByteSink, value: string): void {
  if (value.includes('\0')) return writeEscaped(sink, Buffer.from(value))
  sink.utf8(value)
  sink.u16(1)
}

function writeEscaped(sink: ByteSink, bytes: Uint8Array): void {
  for (const byte of bytes) {
    sink.u8(byte)
    if (byte === 0) sink.u8(0xff)
  }
  sink.u16(1)
}

function endOfEscaped(bytes: Buffer, start: number, mask: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (((bytes[at] ?? 0) ^ mask) !== 0) continue
    if (((bytes[at + 1] ?? 0) ^ mask) === 1) return at + 2
    at++
  }
  return bytes.length
}

function unescape(bytes: Buffer, start: number, mask: number): Buffer {
  const raw = masked(bytes, start, endOfEscaped(bytes, start, mask) - 2 - start, mask)
  let length = 0
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] ?? 0
    raw[length++] = byte
    if (byte === 0) at++
  }
  return raw.subarray(0, length)
}

function masked(bytes: Buffer, start: number, width: number, mask: number): Buffer {
  const part = Buffer.from(bytes.subarray(start, start + width))
  if (mask !== 0) for (let at = 0; at < part.length; at++) part[at] = (part[at] ?? 0) ^ mask
  return part
}

function writeFloat(sink: ByteSink, value: number, width: 4 | 8): void {
  sink.reserve(width)
  const start = sink.length
  const { buffer } = sink
  sink.length = width === 8 ? buffer.writeDoubleBE(value, start) : buffer.writeFloatBE(value, start)
  // Java sorts NaN above all else; one bit pattern for all of them.
  if (Number.isNaN(value))
    buffer.fill(0, start, sink.length).writeUInt16BE(width === 8 ? 0x7ff8 : 0x7fc0, start)
  if (((buffer[start] ?? 0) & 0x80) !== 0) sink.invertFrom(start)
  else flipSign(sink, start)
}

function readFloat(part: Buffer): number {
  if (((part[0] ?? 0) & 0x80) !== 0) part[0] = (part[0] ?? 0) ^ 0x80
  else for (let at = 0; at < part.length; at++) part[at] = (part[at] ?? 0) ^ 0xff
  return part.length === 8 ? part.readDoubleBE(0) : part.readFloatBE(0)
}

function writeVarint(sink: ByteSink, value: bigint): void {
  const magnitude = value < 0n ? -value : value
  const digits = magnitude === 0n ? Buffer.alloc(0) : Buffer.from(varintBytes(magnitude))
  const bytes = digits[0] === 0 ? digits.subarray(1) : digits
  if (bytes.length > 126) throw new RangeError('a varint in a key is at most 126 bytes long')
  sink.u8(value < 0n ? 0x7f - bytes.length : 0x80 + bytes.length)
  const start = sink.length
  sink.bytes(bytes)
  if (value < 0n) sink.invertFrom(start)
}

function readVarint(part: Buffer): bigint {
  const negative = (part[0] ?? 0) < 0x80
  const digits = masked(part, 1, part.length - 1, negative ? 0xff : 0)
  const magnitude = varintOf(Buffer.concat([Buffer.alloc(1), digits]))
  return negative ? -magnitude : magnitude
}

/** Moves a UUID's bytes so that they sort as Cassandra's uuid (by version first) or timeuuid (by time) does. */
function orderUuid(buffer: Buffer, at: number, byTime: boolean): void {
  const version = (buffer[at + 6] ?? 0) >> 4
  if (version === 1 || byTime) {
    const head = buffer.readUInt32BE(at)
    const middle = buffer.readUInt16BE(at + 4)
    const high = buffer.readUInt16BE(at + 6)
    buffer.writeUInt16BE(high, at)
    buffer.writeUInt16BE(middle, at + 2)
    buffer.writeUInt32BE(head, at + 4)
    if (byTime) for (let index = 8; index < 16; index++) buffer[at + index] = (buffer[at + index] ?? 0) ^ 0x80
    return
  }
  const top = buffer.readUInt32BE(at)
  const rest = buffer.readUInt32BE(at + 4)
  // version (4 bits), then the 48 bits before it, then the 12 behind it
  buffer.writeUInt32BE(((version << 28) | (top >>> 4)) >>> 0, at)
  buffer.writeUInt32BE((((top & 0xf) << 28) | ((rest >>> 16) << 12) | (rest & 0xfff)) >>> 0, at + 4)
}

function readUuid(part: Buffer, byTime: boolean): string {
  const version = (part[0] ?? 0) >> 4
  const first = part.readUInt32BE(0)
  const second = part.readUInt32BE(4)
  if (version === 1 || byTime) {
    if (byTime) for (let index = 8; index < 16; index++) part[index] = (part[index] ?? 0) ^ 0x80
    part.writeUInt32BE(second, 0)
    part.writeUInt32BE(((first << 16) | (first >>> 16)) >>> 0, 4)
  } else {
    part.writeUInt32BE(((first << 4) | (second >>> 28)) >>> 0, 0)
    part.writeUInt32BE(((((second >>> 12) & 0xffff) << 16) | (version << 12) | (second & 0xfff)) >>> 0, 4)
  }
  return uuidOf(part) ?? ''
}
