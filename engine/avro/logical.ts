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
