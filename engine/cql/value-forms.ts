/** The forms of single values that need parsing. Every function returns undefined for what it does not understand. */

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const instantForm = /^[+-]?\d{4,6}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d))?$/
const dayMs = 86_400_000
const latestMs = 8.64e15

/** A UUID in lower case, from text or its 16 bytes. */
export function uuidOf(value: unknown): string | undefined {
  if (typeof value === 'string') return uuidForm.test(value) ? value.toLowerCase() : undefined
  if (!(value instanceof Uint8Array) || value.length !== 16) return undefined
  const hex = Buffer.from(value).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Milliseconds since 1970: from whole ms, a Date, or ISO 8601 with a zone (a date alone is midnight UTC). */
export function timestampOf(value: unknown): number | undefined {
  let ms: number | undefined
  if (typeof value === 'number') ms = value
  else if (typeof value === 'bigint') ms = Number(value)
  else if (value instanceof Date) ms = value.getTime()
  else if (typeof value === 'string' && instantForm.test(value))
    ms = Math.floor(Date.parse(value.replace(' ', 'T')))
  return ms !== undefined && Number.isInteger(ms) && Math.abs(ms) <= latestMs ? ms + 0 : undefined
}

/** A date `2025-11-30`: from text, a Date (its UTC day), or days since 1970. */
export function dateOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= latestMs / dayMs)
    return dateText(value)
  if (value instanceof Date && !Number.isNaN(value.getTime()))
    return dateText(Math.floor(value.getTime() / dayMs))
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return undefined
  const ms = Date.parse(`${value}T00:00:00Z`)
  // 2025-02-30 parses as March in some engines: only what comes back unchanged is a date.
  return Number.isNaN(ms) || dateText(ms / dayMs) !== value ? undefined : value
}

/** Days since 1970 of a date as `dateOf` writes it. */
export function daysOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / dayMs
}

/** A date as text, from days since 1970. */
export function dateText(days: number): string {
  const iso = new Date(days * dayMs).toISOString()
  return iso.slice(0, iso.indexOf('T'))
}

/** Nanoseconds of the day: from `12:34:56.789`, or from nanoseconds. */
export function timeOf(value: unknown): bigint | undefined {
  let nanos: bigint | undefined
  if (typeof value === 'bigint') nanos = value
  else if (typeof value === 'number' && Number.isSafeInteger(value)) nanos = BigInt(value)
  else if (typeof value === 'string') {
    const found = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?$/.exec(value)
    if (found === null) return undefined
    const seconds = Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3])
    nanos = BigInt(seconds) * 1_000_000_000n + BigInt((found[4] ?? '').padEnd(9, '0'))
  }
  return nanos !== undefined && nanos >= 0n && nanos < 86_400_000_000_000n ? nanos : undefined
}

/** A time of day as text, from its nanoseconds; digits that are zero are left out. */
export function timeText(nanos: bigint): string {
  const seconds = Number(nanos / 1_000_000_000n)
  const part = (value: number): string => String(value).padStart(2, '0')
  const clock = `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`
  const fraction = String(nanos % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return fraction === '' ? clock : `${clock}.${fraction}`
}

/** A decimal's digits as written, without exponent: from a finite number, a bigint, or text. */
export function decimalOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const found = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,4}))?$/i.exec(String(value))
  if (found === null) return undefined
  const scale = (found[3] ?? '').length - Number(found[4] ?? 0)
  const unscaled = BigInt(`${found[2] ?? ''}${found[3] ?? ''}`) * (found[1] === '-' ? -1n : 1n)
  return scale < 0 ? decimalText(unscaled * 10n ** BigInt(-scale), 0) : decimalText(unscaled, scale)
}

/** A decimal as text, from its digits and the number of those behind the point. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale))
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** An IP address as its 4 or 16 bytes. */
export function inetBytes(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return inet4(text)
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left, right] = halves.map(inetGroups)
  if (left === undefined || (halves.length === 2 && right === undefined)) return undefined
  const gap = 8 - left.length - (right?.length ?? 0)
  if (halves.length === 2 ? gap < 1 : gap !== 0) return undefined
  const groups = [...left, ...new Array<number>(gap).fill(0), ...(right ?? [])]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/** An IP address as text: dotted, or hexadecimal groups with the longest run of zeros left out. */
export function inetText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => {
    return (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16)
  })
  const runs = groups.join(':').match(/(?:\b0(?::|$)){2,}/g) ?? []
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return groups.join(':')
  const joined = groups.join(':')
  // A run is looked for at a boundary, or the 0 of "10" would be taken for one.
  const at = joined.search(new RegExp(`(?<![0-9a-f])${longest}`))
  return `${joined.slice(0, at).replace(/:$/, '')}::${joined.slice(at + longest.length)}`
}

function inet4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return Uint8Array.from(parts.map(Number))
}

function inetGroups(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const last4 = index === parts.length - 1 && part.includes('.') ? inet4(part) : undefined
    if (last4 !== undefined) {
      groups.push(((last4[0] ?? 0) << 8) | (last4[1] ?? 0), ((last4[2] ?? 0) << 8) | (last4[3] ?? 0))
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(parseInt(part, 16))
    else return undefined
  }
  return groups
}
