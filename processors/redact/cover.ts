import { fatalError, keyedHash, type Secret } from '../../engine/component/index.ts'

/** Answers what stands in place of a value: of a text, a number, a truth, bytes or a time. */
export type Cover = (value: unknown) => unknown

/** Shorter keys could be found by trying. */
const leastKey = 16

/** Of the same kind as the value, so that its schema still holds. */
export function mask(value: unknown): unknown {
  if (typeof value === 'number') return 0
  if (typeof value === 'bigint') return 0n
  if (typeof value === 'boolean') return false
  if (value instanceof Uint8Array) return Buffer.alloc(value.length)
  if (value instanceof Date) return new Date(0)
  return '***'
}

/** Leaves so many characters at the end; a text that is no longer than that is covered as a whole. */
export function tail(length: number): Cover {
  return (value) => {
    // By characters as people see them: half of a surrogate pair is none.
    const characters = [...textOf(value)]
    const kept = characters.length <= length ? 0 : length
    return '*'.repeat(characters.length - kept) + characters.slice(characters.length - kept).join('')
  }
}

/** A pseudonym: the same for the same value, as long as the key stays. Throws CONFIG_INVALID for a short key. */
export function pseudonym(key: Secret): Cover {
  if (Buffer.byteLength(key.reveal()) < leastKey) {
    throw fatalError(
      'CONFIG_INVALID',
      `The key of a redact has fewer than ${leastKey} bytes: take a longer one.`,
    )
  }
  const hash = keyedHash(key)
  return (value) => (value instanceof Uint8Array ? hash(value) : hash(textOf(value)).toString('base64url'))
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value instanceof Date ? value.toISOString() : String(value)
}
