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
}

/** The offsets whose timers are to be sent, and those whose timers are set in the end: by the definition, record by record. */
export function expectedTimers(
  { grace, keep }: TimerRules,
  records: readonly TimerRecord[],
): { readonly sent: number[]; readonly set: number[] } {
  const timers: { readonly key: string; readonly due: number; readonly offset: number }[] = []
  let now = Number.NEGATIVE_INFINITY
  for (const { key, time, due, offset } of records) {
    now = Math.max(now, time)
    const before = timers.filter((one) => one.key === key && one.due + grace > now && time < one.due)
    if (due !== undefined && keep === 'first' && before.length > 0) continue
    for (const one of before) timers.splice(timers.indexOf(one), 1)
    if (due !== undefined) timers.push({ key, due, offset })
  }
  const over = (one: { readonly due: number }): boolean => one.due + grace <= now
  const offsets = (all: typeof timers): number[] => all.map(({ offset }) => offset).sort((a, b) => a - b)
  return { sent: offsets(timers.filter(over)), set: offsets(timers.filter((one) => !over(one))) }
}
