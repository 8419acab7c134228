import type { Logical } from './model.ts'

// Up to so many bytes a decimal is a number without loss.
const numberBytes = 6
// Up to so many digits a decimal is a number without loss.
const numberDigits = 15
const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)
const fractions = [1, 2, 3].map((scale) =>
  Array.from({ length: powers[scale]! }, (_, digits) => `.${String(digits).padStart(scale, '0')}`),
)

/**
 * A decimal's bytes (two's complement, big-endian, at [start, end)) as text with exactly `scale` digits after the
 * point: `-12.50`. Exact at any size. No bytes are zero.
 */
export function decimalToText(buffer: Buffer, start: number, end: number, scale: number): string {
  if (end - start > numberBytes || end === start || scale >= powers.length) {
    return textOfBig(bigIn(buffer, start, end), scale)
  }
  let unscaled = (buffer[start]! << 24) >> 24
  for (let at = start + 1; at < end; at++) unscaled = unscaled * 256 + buffer[at]!
  return unscaled < 0 ? `-${textOf(-unscaled, scale)}` : textOf(unscaled, scale)
}

function textOf(unscaled: number, scale: number): string {
  if (scale === 0) return `${unscaled}`
  const power = powers[scale]!
  const whole = Math.floor(unscaled / power)
  const rest = unscaled - whole * power
  const fraction =
    scale <= fractions.length ? fractions[scale - 1]![rest]! : `.${`${rest}`.padStart(scale, '0')}`
  return whole < 2147483648 ? `${whole | 0}${fraction}` : `${whole}${fraction}`
}

function bigIn(buffer: Buffer, start: number, end: number): bigint {
  if (end === start) return 0n
  return BigInt.asIntN(8 * (end - start), BigInt(`0x${buffer.toString('hex', start, end)}`))
}

function textOfBig(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  const sign = unscaled < 0n ? '-' : ''
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** What {@link shortUnscaledOf} answers for another text. */
export const notShort = -2147483648

/**
 * The unscaled integer of a text of at most 10 characters with exactly `scale` digits, at least one, after a point; of any
 * other text {@link notShort}.
 */
export function shortUnscaledOf(text: string, scale: number): number {
  const { length } = text
  const point = length - scale - 1
  if (length > 10 || point < 1 || scale === 0 || text.charCodeAt(point) !== 46) return notShort
  const isNegative = text.charCodeAt(0) === 45
  let at = isNegative ? 1 : 0
  if (at === point) return notShort
  let unscaled = 0
  // Below 0 when one of them is no digit.
  let signs = 0
  for (; at < length; at++) {
    if (at === point) continue
    const digit = text.charCodeAt(at) - 48
    signs |= digit | (9 - digit)
    unscaled = (Math.imul(unscaled, 10) + digit) | 0
  }
  if (signs < 0) return notShort
  return isNegative ? -unscaled | 0 : unscaled
}

/**
 * The unscaled integer of a short decimal text: of at most 15 digits with those that `scale` adds. NaN where the text is
 * longer, no number, or has more digits after the point than `scale`: {@link decimalToBytes} then says what it is.
 */
export function unscaledOf(text: string, scale: number): number {
  const { length } = text
  const isNegative = length > 0 && text.charCodeAt(0) === 45
  let unscaled = 0
  let digits = 0
  let after = -1
  for (let at = isNegative ? 1 : 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code === 46 && after < 0 && digits > 0) after = 0
    else if (code < 48 || code > 57) return NaN
    else {
      unscaled = unscaled * 10 + code - 48
      digits++
      if (after >= 0) after++
    }
  }
  // A point needs a digit on either side.
  const missing = scale - Math.max(after, 0)
  if (digits === 0 || after === 0 || missing < 0 || digits + missing > numberDigits) return NaN
  unscaled *= powers[missing]!
  return isNegative ? -unscaled : unscaled
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
