import { permanentError } from '../../../errors.ts'

/**
 * A sum as it is stored: a number while it is exact (or of floating point by its inputs), an integer beyond 2^53 as text
 * in `i`, a decimal as digits in `d` with `s` of them behind the point.
 */
export type Sum = number | { readonly i: string } | { readonly d: string; readonly s: number }

/** Numbers that come in: plain ones, longs, and decimals as text. */
export type Numeric = number | bigint | string

const decimal = /^[+-]?\d+(?:\.(\d+))?$/

/** True for text that is a decimal number. */
export function isDecimal(text: string): boolean {
  return decimal.test(text)
}

/** Throws RECORD_INVALID (permanent) for what is no number. */
export function numericOf(value: unknown, path: string): Numeric {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'string' && isDecimal(value)) return value
  throw permanentError('RECORD_INVALID', `The field ${path} should be a number, and is ${shown(value)}.`)
}

/**
 * The sum, exactly, of integers of any size and of decimals; with a number of floating point in it, a floating one.
 * A plain number that is an integer beyond 2^53 is taken for floating point: it was rounded before it came here.
 */
export function add(sum: Sum, value: Numeric): Sum {
  if (typeof sum === 'number' && typeof value === 'number') {
    const plainSum = sum + value
    const whole = Number.isSafeInteger(sum) && Number.isSafeInteger(value)
    if (Number.isSafeInteger(plainSum) || !whole) return finite(plainSum)
    return stored({ digits: BigInt(sum) + BigInt(value), scale: 0 }, false)
  }
  const [left, right] = [exact(sum), exact(value)]
  if (left === undefined || right === undefined) return finite(approximate(sum) + approximate(value))
  const scale = Math.max(left.scale, right.scale)
  const digits = scaled(left, scale) + scaled(right, scale)
  return stored({ digits, scale }, isText(sum) || isText(value))
}

/** Two sums together. */
export function addSums(left: Sum, right: Sum): Sum {
  return add(left, typeof right === 'number' ? right : plain(right))
}

/** As it is sent on: a number, a bigint beyond 2^53, or the text of a decimal. */
export function plain(sum: Sum): Numeric {
  if (typeof sum === 'number') return sum
  if ('i' in sum) return BigInt(sum.i)
  const negative = sum.d.startsWith('-')
  const digits = sum.d.slice(negative ? 1 : 0).padStart(sum.s + 1, '0')
  const at = digits.length - sum.s
  const text = sum.s === 0 ? digits : `${digits.slice(0, at)}.${digits.slice(at)}`
  return negative ? `-${text}` : text
}

/** Which is less: below 0 the left one, above 0 the right one. Decimals count as numbers, other texts as texts. */
export function compare(left: unknown, right: unknown, path: string): number {
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime()
  if (typeof left === 'string' && typeof right === 'string' && !(isDecimal(left) && isDecimal(right))) {
    return left < right ? -1 : Number(left > right)
  }
  const [a, b] = [numericOf(left, path), numericOf(right, path)]
  if (typeof a !== 'string' && typeof b !== 'string') return a < b ? -1 : Number(a > b)
  const [x, y] = [exact(a), exact(b)]
  if (x === undefined || y === undefined) return Number(a) - Number(b)
  const scale = Math.max(x.scale, y.scale)
  const difference = scaled(x, scale) - scaled(y, scale)
  return difference < 0n ? -1 : Number(difference > 0n)
}

interface Exact {
  readonly digits: bigint
  readonly scale: number
}

/** Undefined for floating point. */
function exact(value: Sum | Numeric): Exact | undefined {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { digits: BigInt(value), scale: 0 } : undefined
  }
  if (typeof value === 'bigint') return { digits: value, scale: 0 }
  if (typeof value === 'string') {
    const scale = decimal.exec(value)?.[1]?.length ?? 0
    return { digits: BigInt(value.replace('.', '').replace(/^\+/, '')), scale }
  }
  return 'i' in value ? { digits: BigInt(value.i), scale: 0 } : { digits: BigInt(value.d), scale: value.s }
}

function scaled({ digits, scale }: Exact, to: number): bigint {
  return digits * 10n ** BigInt(to - scale)
}

function stored({ digits, scale }: Exact, text: boolean): Sum {
  if (text) return { d: digits.toString(), s: scale }
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : { i: digits.toString() }
}

function finite(sum: number): number {
  if (Number.isFinite(sum)) return sum
  throw permanentError(
    'RECORD_INVALID',
    'With this record a sum would be beyond what floating point can hold.',
  )
}

function isText(value: Sum | Numeric): boolean {
  return typeof value === 'string' || (typeof value === 'object' && 'd' in value)
}

function approximate(value: Sum | Numeric): number {
  return Number(typeof value === 'object' ? plain(value) : value)
}

function shown(value: unknown): string {
  return typeof value === 'string' ? 'other text' : Array.isArray(value) ? 'a list' : typeof value
}
