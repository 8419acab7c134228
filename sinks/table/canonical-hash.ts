import { hash } from 'node:crypto'

// Changed together with the encoding, so that no two encodings can give one hash.
const version = '1'

/**
 * A 128-bit hash of values in a fixed order, as 32 hexadecimal digits. Equal values have equal hashes whatever their
 * encoding was: 5 and 5n are one number, an absent value is null, the order of an object's fields does not count.
 * Different values have different texts, so that only a collision of SHA-256 gives them one hash.
 */
export function canonicalHash(values: readonly unknown[]): string {
  let text = version
  for (const value of values) text += canonical(value)
  return hash('sha256', text, 'hex').slice(0, 32)
}

/** A text that no other value has, and that ends where the value ends: it may be followed by anything. */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `s${value.length}:${value}`
    case 'number':
      return Number.isInteger(value) ? `i${BigInt(value)};` : `d${value};`
    case 'bigint':
      return `i${value};`
    case 'boolean':
      return value ? 't' : 'f'
    case 'object':
      return value === null ? 'n' : canonicalObject(value)
    default:
      return 'n'
  }
}

function canonicalObject(value: object): string {
  if (value instanceof Uint8Array) return `b${value.length}:${Buffer.from(value).toString('latin1')}`
  if (value instanceof Date) return `i${value.getTime()};`
  if (Array.isArray(value)) return `a${value.length}:${value.map(canonical).join('')}`
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value)
  const texts = entries
    .filter(([, inner]) => inner !== undefined)
    .map(([name, inner]) => canonical(name) + canonical(inner))
  // Sorted by code unit: the same on every machine, whatever its language.
  return `o${texts.length}:${texts.sort().join('')}`
}
