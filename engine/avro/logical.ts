import type { Logical, PrimitiveKind } from './model.ts'

// Underlying kinds of the logical types that change nothing about the value.
const named: Readonly<Record<string, readonly string[]>> = {
  date: ['int'],
  'time-millis': ['int'],
  'time-micros': ['long'],
  'timestamp-millis': ['long'],
  'timestamp-micros': ['long'],
  'timestamp-nanos': ['long'],
  'local-timestamp-millis': ['long'],
  'local-timestamp-micros': ['long'],
  'local-timestamp-nanos': ['long'],
  uuid: ['string', 'fixed'],
  duration: ['fixed'],
}

/**
 * The logical type of a schema, or undefined. The Avro specification wants an unknown or ill-formed logical type
 * ignored, and the underlying type used; so does this.
 */
export function logicalOf(
  kind: PrimitiveKind | 'fixed',
  size: number | undefined,
  schema: Readonly<Record<string, unknown>>,
): Logical | undefined {
  const name = schema['logicalType']
  if (typeof name !== 'string') return undefined
  if (name !== 'decimal')
    return named[name]?.includes(kind) === true ? { name, precision: 0, scale: 0 } : undefined
  const precision = schema['precision']
  const scale = schema['scale'] ?? 0
  if (kind !== 'bytes' && kind !== 'fixed') return undefined
  if (!isCount(precision) || precision === 0 || !isCount(scale) || scale > precision) return undefined
  if (size !== undefined && precision > digitsIn(size)) return undefined
  return { name, precision, scale }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function digitsIn(size: number): number {
  return size === 0 ? 0 : Math.floor(Math.log10(2) * (8 * size - 1))
}

/**
 * A decimal's bytes (two's complement, big-endian, at [start, end)) as text with exactly `scale` digits after the
 * point: `-12.50`. Exact at any size. No bytes are zero.
 */
export function decimalToText(buffer: Buffer, start: number, end: number, scale: number): string {
  const bits = BigInt(8 * (end - start))
  const unsigned = end > start ? BigInt(`0x${buffer.toString('hex', start, end)}`) : 0n
  const unscaled = BigInt.asIntN(Number(bits), unsigned)
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  const sign = unscaled < 0n ? '-' : ''
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/**
 * The bytes of a decimal given as text, number or bigint; undefined when it is no number, has more digits after the
 * point than `scale` (zeros aside) or more digits than `precision`, or does not fit `size`.
 */
export function decimalToBytes(
  value: unknown,
  logical: Logical,
  size: number | undefined,
): Buffer | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const parts = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(String(value))
  if (parts === null) return undefined
  const fraction = (parts[3] ?? '').replace(/0+$/, '')
  if (fraction.length > logical.scale) return undefined
  const digits = BigInt(parts[2]! + fraction.padEnd(logical.scale, '0'))
  if (digits.toString().length > logical.precision) return undefined
  return twosComplement(parts[1] === '-' ? -digits : digits, size)
}

function twosComplement(unscaled: bigint, size: number | undefined): Buffer | undefined {
  let length = 1
  while (BigInt.asIntN(8 * length, unscaled) !== unscaled) length++
  if (size !== undefined && length > size) return undefined
  const bytes = size ?? length
  return Buffer.from(
    BigInt.asUintN(8 * bytes, unscaled)
      .toString(16)
      .padStart(2 * bytes, '0'),
    'hex',
  )
}
