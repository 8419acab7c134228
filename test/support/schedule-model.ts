/** A record that sets a timer (due at a time), or takes the one of its key away. */
export interface TimerRecord {
  readonly key: string
  readonly offset: number
  readonly time: number
  readonly due: number | undefined
}

/** What decides about timers besides the records. */
export interface TimerRules {
  readonly grace: number
  readonly keep: 'first' | 'last'
  /** Set where a timer is due again: so long after each time, and so often in all. */
  readonly repeats?: { readonly every: number; readonly times: number } | undefined
}

/** A time at which the timer of a record is due. */
export interface Occurrence {
  readonly offset: number
  readonly due: number
}

/** The times that are to be sent, and those that are set in the end: by the definition, record by record. */
export function expectedOccurrences(
  { grace, keep, repeats = { every: 0, times: 1 } }: TimerRules,
  records: readonly TimerRecord[],
): { readonly sent: Occurrence[]; readonly set: Occurrence[] } {
  let all: (Occurrence & { readonly key: string })[] = []
  let now = Number.NEGATIVE_INFINITY
  for (const { key, time, due, offset } of records) {
    now = Math.max(now, time)
    const open = all.filter((one) => one.key === key && one.due + grace > now && time < one.due)
    if (due !== undefined && keep === 'first' && open.length > 0) continue
    all = all.filter((one) => !open.includes(one))
    for (let n = 0; due !== undefined && n < repeats.times; n++)
      all.push({ key, offset, due: due + n * repeats.every })
  }
  const over = (one: Occurrence): boolean => one.due + grace <= now
  const plain = (some: typeof all): Occurrence[] =>
    some.map(({ offset, due }) => ({ offset, due })).sort((a, b) => a.offset - b.offset || a.due - b.due)
  return { sent: plain(all.filter(over)), set: plain(all.filter((one) => !over(one))) }
}

/** The offsets whose timers are to be sent, and those whose timers are set in the end, where each is due once. */
export function expectedTimers(
  rules: TimerRules,
  records: readonly TimerRecord[],
): { readonly sent: number[]; readonly set: number[] } {
  const { sent, set } = expectedOccurrences(rules, records)
  return { sent: sent.map(({ offset }) => offset), set: set.map(({ offset }) => offset) }
}
