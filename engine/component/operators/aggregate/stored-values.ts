/** A value as JSON takes it: what JSON has no form for becomes an object with one field that says what it is. */
export function stored(value: unknown): unknown {
  return isPlain(value) ? value : converted(value)
}

/** True if JSON takes the value and gives it back as it is: what most values are. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return typeof value !== 'bigint'
  if (Array.isArray(value)) return value.every(isPlain)
  if (value instanceof Date || value instanceof Uint8Array) return false
  for (const name in value) if (name.startsWith('$') || !isPlain((value as Fields)[name])) return false
  return true
}

type Fields = Readonly<Record<string, unknown>>

function converted(value: unknown): unknown {
  if (typeof value === 'bigint') return { $integer: value.toString() }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) }
  if (value instanceof Date) return { $time: value.getTime() }
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(stored)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([name, inner]) => [name, stored(inner)] as const)
  const copy: Record<string, unknown> = Object.fromEntries(fields)
  return fields.length === 1 && fields[0]![0].startsWith('$') ? { $object: copy } : copy
}

/** The value that {@link stored} was given. */
export function unstored(value: unknown): unknown {
  return isPlain(value) ? value : revived(value)
}

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unstored)
  if (typeof value !== 'object' || value === null) return value
  const { $integer, $number, $time, $bytes, $object } = value as Record<string, unknown>
  if (typeof $integer === 'string') return BigInt($integer)
  if (typeof $number === 'string') return Number($number)
  if (typeof $time === 'number') return new Date($time)
  if (typeof $bytes === 'string') return Buffer.from($bytes, 'base64')
  const inner = ($object ?? value) as Record<string, unknown>
  return Object.fromEntries(Object.entries(inner).map(([name, field]) => [name, unstored(field)]))
}
