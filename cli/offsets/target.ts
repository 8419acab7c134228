import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import { Duration } from '../../engine/component/fields.ts'
import { permanentError } from '../../engine/errors.ts'
import { usage } from '../command-line/flags.ts'
import type { Bounds, Positions } from '../positions/positions.ts'

/** Where a group is to go on. */
export type OffsetTarget =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'places'; readonly places: readonly (TopicPartition & { readonly offset: number })[] }

const forms = 'earliest, latest, a time such as 2026-11-20T10:00:00Z, or TOPIC/PARTITION:OFFSET'

/** `--to` and `--back`. Throws USAGE for none, for both, and for what is neither of the forms. */
export function targetOf(to: readonly string[], back: string | undefined, now: number): OffsetTarget {
  if (to.length === 0 && back === undefined) throw usage(`offsets set needs --to (${forms}), or --back 1h.`)
  if (to.length > 0 && back !== undefined) throw usage('offsets set takes --to or --back, not both.')
  if (back !== undefined) return { kind: 'time', time: now - durationOf(back) }
  const [first] = to
  if (to.length === 1) {
    if (first === 'earliest') return { kind: 'earliest' }
    if (first === 'latest') return { kind: 'latest' }
    const time = timeOf(first!)
    if (time !== undefined) return { kind: 'time', time }
  }
  return { kind: 'places', places: to.map(placeOf) }
}

function durationOf(text: string): number {
  const parsed = Duration.safeParse(text)
  if (parsed.success) return parsed.data
  throw usage(`--back ${text} is no duration: write it as 30m, 1h or 2d.`)
}

/** With its zone, lest it is another time elsewhere. */
function timeOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)) {
    if (!/^\d{4}-\d{2}-\d{2}T/.test(text)) return undefined
    throw usage(
      `--to ${text} does not say in which zone: write 2026-11-20T10:00:00Z, or +02:00 instead of Z.`,
    )
  }
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw usage(`--to ${text}: there is no such time.`)
  return time
}

function placeOf(text: string): TopicPartition & { readonly offset: number } {
  const [, topic, partition, offset] = /^([A-Za-z0-9._-]+)\/(\d{1,9}):(\d{1,15})$/.exec(text) ?? []
  if (topic === undefined) throw usage(`--to ${text} is none of: ${forms}.`)
  return { topic, partition: Number(partition), offset: Number(offset) }
}

/**
 * The offset for each partition that the target speaks of; undefined for the others. Rejects where a place is not in the
 * topics of the group, or not within what its partition holds.
 */
export async function targetOffsets(
  positions: Positions,
  partitions: readonly TopicPartition[],
  bounds: readonly Bounds[],
  target: OffsetTarget,
): Promise<(number | undefined)[]> {
  if (target.kind === 'earliest') return bounds.map(({ first }) => first)
  if (target.kind === 'latest') return bounds.map(({ end }) => end)
  if (target.kind === 'time') {
    const found = await positions.at(partitions, target.time)
    // Where nothing is that late, there is nothing to be read again.
    return found.map((offset, index) => offset ?? bounds[index]!.end)
  }
  for (const place of target.places) checkPlace(place, partitions, bounds)
  return partitions.map(
    ({ topic, partition }) =>
      target.places.find((place) => place.topic === topic && place.partition === partition)?.offset,
  )
}

function checkPlace(
  { topic, partition, offset }: TopicPartition & { readonly offset: number },
  partitions: readonly TopicPartition[],
  bounds: readonly Bounds[],
): void {
  const index = partitions.findIndex((one) => one.topic === topic && one.partition === partition)
  if (index < 0) {
    const topics = [...new Set(partitions.map((one) => one.topic))].join(', ')
    const message = `--to ${topic}/${partition}:${offset} is no partition that the group reads: it reads ${topics}.`
    throw permanentError('TOPIC_UNKNOWN', message)
  }
  const { first, end } = bounds[index]!
  if (offset >= first && offset <= end) return
  const message = `--to ${topic}/${partition}:${offset} is not in the partition, which holds ${first} to ${end}.`
  throw permanentError('OFFSET_OUT_OF_RANGE', message)
}
