import { ByteSink, readI64, readU32 } from './bytes.ts'
import type { CqlType, CqlValue } from './types.ts'
import { dateText, daysOf, decimalText, inetBytes, inetText, uuidOf } from './value-forms.ts'

/**
 * The bytes of a cell as CQL's native protocol has them. Cassandra breaks ties between equal timestamps by comparing
 * exactly these bytes, so embedded tables must store the same.
 */
export function encodeCell(type: CqlType, value: CqlValue): Buffer {
  const sink = new ByteSink(32)
  writeCell(sink, type, value)
  return sink.copy()
}

/** Appends the bytes of a cell; `value` must be canonical (toCqlValue). */
export function writeCell(sink: ByteSink, type: CqlType, value: CqlValue): void {
  switch (type.kind) {
    case 'text':
    case 'ascii':
      return sink.utf8(value as string)
    case 'timestamp':
      return sink.i64(value as number)
    case 'uuid':
    case 'timeuuid':
      return writeUuid(sink, value as string)
    case 'int':
      return sink.u32(value as number)
    case 'bigint':
    case 'time':
      return writeBig64(sink, value as bigint)
    case 'boolean':
      return sink.u8(value === true ? 1 : 0)
    case 'double':
      sink.reserve(8)
      sink.length = sink.buffer.writeDoubleBE(value as number, sink.length)
      return
    default:
      return writeRare(sink, type, value)
  }
}

function writeRare(sink: ByteSink, type: CqlType, value: CqlValue): void {
  switch (type.kind) {
    case 'smallint':
      return sink.u16(value as number)
    case 'tinyint':
      return sink.u8(value as number)
    case 'float':
      sink.reserve(4)
      sink.length = sink.buffer.writeFloatBE(value as number, sink.length)
      return
    case 'varint':
      return sink.bytes(varintBytes(value as bigint))
    case 'decimal':
      return writeDecimal(sink, value as string)
    case 'date':
      return sink.u32(daysOf(value as string) + 2 ** 31)
    case 'blob':
      return sink.bytes(value as Buffer)
    case 'inet':
      return sink.bytes(inetBytes(value as string) ?? Buffer.alloc(0))
    default:
      return writeCollection(sink, type, value)
  }
}

/** The value of a cell's bytes, canonical. */
export function decodeCell(type: CqlType, bytes: Buffer, start = 0, end = bytes.length): CqlValue {
  switch (type.kind) {
    case 'text':
    case 'ascii':
      return bytes.toString('utf8', start, end)
    case 'timestamp':
      return readI64(bytes, start)
    case 'uuid':
    case 'timeuuid':
      return uuidOf(bytes.subarray(start, end)) ?? ''
    case 'int':
      return readU32(bytes, start) | 0
    case 'bigint':
    case 'time':
      return bytes.readBigInt64BE(start)
    case 'boolean':
      return bytes[start] === 1
    case 'double':
      return bytes.readDoubleBE(start)
    default:
      return decodeRare(type, bytes, start, end)
  }
}

function decodeRare(type: CqlType, bytes: Buffer, start: number, end: number): CqlValue {
  switch (type.kind) {
    case 'smallint':
      return bytes.readInt16BE(start)
    case 'tinyint':
      return bytes.readInt8(start)
    case 'float':
      return bytes.readFloatBE(start)
    case 'varint':
      return varintOf(bytes.subarray(start, end))
    case 'decimal':
      return decimalText(varintOf(bytes.subarray(start + 4, end)), readU32(bytes, start) | 0)
    case 'date':
      return dateText(readU32(bytes, start) - 2 ** 31)
    case 'blob':
      return Buffer.from(bytes.subarray(start, end))
    case 'inet':
      return inetText(bytes.subarray(start, end))
    default:
      return decodeCollection(type, bytes, start)
  }
}

function writeCollection(sink: ByteSink, type: CqlType, value: CqlValue): void {
  const write = (element: CqlType, item: CqlValue): void => {
    const at = sink.length
    sink.u32(0)
    writeCell(sink, element, item)
    sink.buffer.writeInt32BE(sink.length - at - 4, at)
  }
  if (type.kind === 'map') {
    const map = value as Map<CqlValue, CqlValue>
    sink.u32(map.size)
    for (const [key, item] of map) {
      write(type.key, key)
      write(type.value, item)
    }
  } else if (type.kind === 'list' || type.kind === 'set') {
    const items = value as CqlValue[]
    sink.u32(items.length)
    for (const item of items) write(type.element, item)
  }
}

function decodeCollection(type: CqlType, bytes: Buffer, start: number): CqlValue {
  let at = start + 4
  const read = (element: CqlType): CqlValue => {
    const from = at + 4
    at = from + readU32(bytes, at)
    return decodeCell(element, bytes, from, at)
  }
  const count = readU32(bytes, start)
  if (type.kind === 'map') {
    const map = new Map<CqlValue, CqlValue>()
    for (let index = 0; index < count; index++) {
      const key = read(type.key)
      map.set(key, read(type.value))
    }
    return map
  }
  const items: CqlValue[] = []
  if (type.kind === 'list' || type.kind === 'set') {
    for (let index = 0; index < count; index++) items.push(read(type.element))
  }
  return items
}

/** Appends the 16 bytes of a UUID in text form. */
export function writeUuid(sink: ByteSink, uuid: string): void {
  sink.reserve(16)
  const { buffer } = sink
  let at = sink.length
  for (let index = 0; index < 36; index += 2) {
    if (uuid.charCodeAt(index) === 45) index++
    buffer[at++] = (nibble(uuid.charCodeAt(index)) << 4) | nibble(uuid.charCodeAt(index + 1))
  }
  sink.length = at
}

function nibble(code: number): number {
  return code < 58 ? code - 48 : code - 87
}

/** Appends a bigint as eight bytes, two's complement. */
export function writeBig64(sink: ByteSink, value: bigint): void {
  sink.reserve(8)
  sink.length = sink.buffer.writeBigInt64BE(value, sink.length)
}

function writeDecimal(sink: ByteSink, value: string): void {
  const point = value.indexOf('.')
  sink.u32(point < 0 ? 0 : value.length - point - 1)
  sink.bytes(varintBytes(BigInt(value.replace('.', ''))))
}

/** The shortest two's complement of an integer, big-endian, as Java's BigInteger has it. */
export function varintBytes(value: bigint): Buffer {
  let length = 1
  while (BigInt.asIntN(length * 8, value) !== value) length++
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  )
}

/** The integer of a two's complement of any length. */
export function varintOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
}
