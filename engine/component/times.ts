/** A time in a value (milliseconds, a Date, or a text such as 2026-11-01T00:00:00Z) as milliseconds since 1970; undefined for what is none. */
export function timeOf(value: unknown): number | undefined {
  const time = toMilliseconds(value)
  return time !== undefined && Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? time : undefined
}

function toMilliseconds(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'string') return Date.parse(value)
  return undefined
}
