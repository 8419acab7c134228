/**
 * How records are put together, by event time, in milliseconds. `hopping` windows begin at the multiples of `every` and
 * are [from, to); tumbling ones are those with `every` = `size`. `session` windows reach from the first to the last of
 * records that are at most `gap` apart, both inclusive. `sliding` windows hold records that are at most `size` apart,
 * [from, to] both inclusive. These are the windows of Kafka Streams (TimeWindows, SessionWindows, SlidingWindows).
 */
export type WindowSpec =
  | { readonly kind: 'none' }
  | { readonly kind: 'hopping'; readonly size: number; readonly every: number; readonly grace: number }
  | { readonly kind: 'session'; readonly gap: number; readonly grace: number }
  | { readonly kind: 'sliding'; readonly size: number; readonly grace: number }

/** The stream time at which a window gets no more records. */
export function closesAt(spec: WindowSpec, to: number): number {
  switch (spec.kind) {
    case 'none':
      return Number.POSITIVE_INFINITY
    case 'session':
      return to + spec.gap + spec.grace + 1
    case 'sliding':
      return to + spec.grace + 1
    case 'hopping':
      return to + spec.grace
  }
}

/** Where the hopping windows begin that hold a time, the earliest first. */
export function hopsOf(size: number, every: number, time: number): number[] {
  const froms: number[] = []
  for (let from = Math.floor(time / every) * every; from > time - size; from -= every) froms.push(from)
  return froms.reverse()
}
