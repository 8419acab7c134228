import { permanentError } from '../errors.ts'
import { encodeCell } from './cells.ts'
import { encodeKey, isKeyType } from './keys.ts'
import { typeName } from './types.ts'
import type { CqlType, CqlValue } from './types.ts'
import { dateOf, decimalOf, inetBytes, inetText, timeOf, timestampOf, uuidOf } from './value-forms.ts'

const expectations: Readonly<Record<string, string>> = {
  text: 'a string of well-formed Unicode',
  ascii: 'a string of ASCII',
  uuid: 'a UUID',
  timeuuid: 'a UUID of version 1',
  int: 'a whole number within 32 bits',
  smallint: 'a whole number within 16 bits',
  tinyint: 'a whole number within 8 bits',
  bigint: 'a whole number within 64 bits',
  varint: 'a whole number',
  double: 'a number',
  float: 'a number within 32 bits',
  decimal: 'a decimal number',
  boolean: 'true or false',
  timestamp: 'milliseconds since 1970, or an ISO 8601 time with its zone',
  date: 'a date like 2025-11-30, or days since 1970',
  time: 'a time like 12:34:56.789, or nanoseconds of the day',
  blob: 'bytes, or a string of 0x and hexadecimal digits',
  inet: 'an IP address',
}

/**
 * The canonical value of a column, from a decoded Avro or JSON value. `undefined` (UNSET) and `null` stay what they are,
 * and what is canonical already comes back unchanged. Throws ROW_REFUSED naming `path`, what was expected and what came.
 */
export function toCqlValue(type: CqlType, value: unknown, path: string): CqlValue | null | undefined {
  if (value === undefined || value === null) return value
  const converted = convert(type, value, path)
  if (converted === undefined) throw refusal(type, value, path)
  return converted
}

function convert(type: CqlType, value: unknown, path: string): CqlValue | undefined {
  switch (type.kind) {
    case 'text':
      return typeof value === 'string' && value.isWellFormed() ? value : undefined
    case 'timestamp':
      return timestampOf(value)
    case 'uuid':
      return uuidOf(value)
    case 'int':
      return integer(value, 31)
    case 'bigint':
      return bigInteger(value, 63n)
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'double':
      return typeof value === 'number' ? value : undefined
    default:
      return convertRare(type, value, path)
  }
}

function convertRare(type: CqlType, value: unknown, path: string): CqlValue | undefined {
  switch (type.kind) {
    case 'ascii':
      // eslint-disable-next-line no-control-regex -- ASCII is exactly this range
      return typeof value === 'string' && /^[\x00-\x7f]*$/.test(value) ? value : undefined
    case 'timeuuid': {
      const uuid = uuidOf(value)
      return uuid?.[14] === '1' ? uuid : undefined
    }
    case 'smallint':
      return integer(value, 15)
    case 'tinyint':
      return integer(value, 7)
    case 'varint':
      return bigInteger(value, undefined)
    case 'float':
      return typeof value === 'number' && fitsFloat(value) ? Math.fround(value) : undefined
    case 'decimal':
      return decimalOf(value)
    case 'date':
      return dateOf(value)
    case 'time':
      return timeOf(value)
    case 'blob':
      return blob(value)
    case 'inet':
      return inet(value)
    default:
      return collection(type, value, path)
  }
}

function integer(value: unknown, bits: number): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) return undefined
  return number >= -(2 ** bits) && number < 2 ** bits ? number + 0 : undefined
}

function bigInteger(value: unknown, bits: bigint | undefined): bigint | undefined {
  let big: bigint
  if (typeof value === 'bigint') big = value
  else if (typeof value === 'number' && Number.isSafeInteger(value)) big = BigInt(value)
  // JSON has no whole numbers beyond 2^53, so they come as text.
  else if (typeof value === 'string' && /^-?\d{1,1000}$/.test(value)) big = BigInt(value)
  else return undefined
  return bits === undefined || BigInt.asIntN(64, big) === big ? big : undefined
}

function fitsFloat(value: number): boolean {
  return !Number.isFinite(value) || Number.isFinite(Math.fround(value))
}

function blob(value: unknown): Buffer | undefined {
  if (Buffer.isBuffer(value)) return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (typeof value !== 'string' || !/^0x(?:[0-9a-f]{2})*$/i.test(value)) return undefined
  return Buffer.from(value.slice(2), 'hex')
}

function inet(value: unknown): string | undefined {
  const bytes = typeof value === 'string' ? inetBytes(value) : undefined
  return bytes === undefined ? undefined : inetText(bytes)
}

type Collection = Extract<CqlType, { kind: 'list' | 'set' | 'map' }>

function collection(type: CqlType, value: unknown, path: string): CqlValue | undefined {
  const { kind } = type as Collection
  if (kind === 'map') return mapValue(type as Extract<CqlType, { kind: 'map' }>, value, path)
  const { element } = type as Extract<CqlType, { kind: 'list' | 'set' }>
  const items: unknown[] | undefined = Array.isArray(value)
    ? value
    : value instanceof Set
      ? [...value]
      : undefined
  const converted = items?.map((item, index) => part(element, item, `${path}[${index}]`))
  if (converted === undefined || kind === 'list') return converted
  return sortedBy(
    element,
    converted.map((item) => [item, item] as const),
  ).map(([item]) => item)
}

function mapValue(
  type: Extract<CqlType, { kind: 'map' }>,
  value: unknown,
  path: string,
): CqlValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    return undefined
  if (value instanceof Set || value instanceof Date) return undefined
  const entries: (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value)
  const converted = entries.map(([key, item]) => {
    return [
      part(type.key, keyOf(type.key, key), `${path} (a key)`),
      part(type.value, item, `${path}.${String(key)}`),
    ] as const
  })
  return new Map(sortedBy(type.key, converted))
}

/** Keys of JSON objects are text, whatever the map's type: numbers and booleans are read back from it. */
function keyOf(type: CqlType, key: unknown): unknown {
  if (typeof key !== 'string') return key
  if (['int', 'smallint', 'tinyint', 'double', 'float'].includes(type.kind) && key.trim() !== '')
    return Number(key)
  if (type.kind === 'boolean' && (key === 'true' || key === 'false')) return key === 'true'
  return key
}

function part(type: CqlType, value: unknown, path: string): CqlValue {
  const converted = toCqlValue(type, value, path)
  if (converted === undefined || converted === null) throw refusal(type, value, path)
  return converted
}

function sortedBy<V>(type: CqlType, entries: (readonly [CqlValue, V])[]): (readonly [CqlValue, V])[] {
  const keyed = new Map(
    entries.map((entry) => {
      const bytes = sortKey(type, entry[0])
      return [bytes.toString('latin1'), { bytes, entry }]
    }),
  )
  return [...keyed.values()].sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ entry }) => entry)
}

/** Bytes that sort as the type does; collections inside collections sort by their encoding. */
function sortKey(type: CqlType, value: CqlValue): Buffer {
  return isKeyType(type) ? encodeKey([type], [value]) : encodeCell(type, value)
}

function refusal(type: CqlType, value: unknown, path: string): Error {
  const expected = expectations[type.kind] ?? (type.kind === 'map' ? 'an object' : 'an array')
  const sentence = `${path}: expected ${expected} (${typeName(type)}), got ${describeValue(value)}: correct the record, or the mapping that fills the column.`
  return permanentError('ROW_REFUSED', sentence, { facts: { column: path, type: typeName(type) } })
}

/** A value as a message shows it: its kind and the beginning of what it is. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return `${typeof value} ${value}`
  if (value instanceof Date) return 'a Date'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return value === undefined ? 'nothing' : typeof value === 'object' ? 'an object' : typeof value
}
