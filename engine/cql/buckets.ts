import { permanentError } from '../errors.ts'

/** How long a time bucket in a partition key is. */
export type BucketUnit = 'year' | 'month' | 'day' | 'hour'

export const bucketUnits: readonly BucketUnit[] = ['year', 'month', 'day', 'hour']

const widths: Readonly<Record<BucketUnit, number>> = { year: 4, month: 7, day: 10, hour: 13 }
const firstMs = Date.parse('0000-01-01T00:00:00Z')
const lastMs = Date.parse('9999-12-31T23:59:59.999Z')

/** A walk longer than this is refused: most probably its range was left open by mistake. */
export const longestWalk = 20_000

/**
 * The bucket of an event time (ms since 1970), in UTC: `2025`, `2025-11`, `2025-11-30` or `2025-11-30T23`. The table sink
 * writes it and reads walk it, so both must take it from here. Throws ROW_REFUSED outside the years 0 to 9999.
 */
export function bucketOf(timestampMs: number, unit: BucketUnit): string {
  if (!(timestampMs >= firstMs && timestampMs <= lastMs)) {
    throw permanentError(
      'ROW_REFUSED',
      `The time ${timestampMs} ms has no time bucket: times lie in the years 0 to 9999, in milliseconds since 1970.`,
    )
  }
  return new Date(timestampMs).toISOString().slice(0, widths[unit])
}

/** The first millisecond of a bucket, or undefined where the text is no bucket of that unit. */
export function bucketStart(bucket: string, unit: BucketUnit): number | undefined {
  const ms = Date.parse(`${bucket}${'0000-01-01T00:00:00Z'.slice(widths[unit])}`)
  return Number.isNaN(ms) || bucket.length !== widths[unit] || bucketOf(ms, unit) !== bucket ? undefined : ms
}

/**
 * The buckets from that of `fromMs` to that of `toMs`, both included; none where `toMs` is earlier. Throws QUERY_REFUSED
 * for more than 20 000 of them.
 */
export function bucketsBetween(
  fromMs: number,
  toMs: number,
  unit: BucketUnit,
  newestFirst: boolean,
): string[] {
  const buckets: string[] = []
  const last = bucketOf(toMs, unit)
  for (let ms = fromMs; ms <= lastMs; ms = nextStart(ms, unit)) {
    const bucket = bucketOf(ms, unit)
    if (bucket > last) break
    if (buckets.length === longestWalk) {
      throw permanentError(
        'QUERY_REFUSED',
        `From ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()} are more than ${longestWalk} buckets of one ${unit}: give a narrower range.`,
      )
    }
    buckets.push(bucket)
  }
  return newestFirst ? buckets.reverse() : buckets
}

function nextStart(ms: number, unit: BucketUnit): number {
  const date = new Date(ms)
  if (unit === 'hour') return Math.floor(ms / 3_600_000) * 3_600_000 + 3_600_000
  if (unit === 'day') return Math.floor(ms / 86_400_000) * 86_400_000 + 86_400_000
  date.setUTCHours(0, 0, 0, 0)
  if (unit === 'month') return date.setUTCMonth(date.getUTCMonth() + 1, 1)
  return date.setUTCFullYear(date.getUTCFullYear() + 1, 0, 1)
}
