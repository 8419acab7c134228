import { round } from '../clients/summary.ts'
import { effectNames, type Effects } from './effects.ts'
import type { Lag } from './lag.ts'
import type { LoadResult } from './load.ts'
import type { PhaseFigures, ProcessFigures, Sample } from './results.ts'
import { phaseNames, type Phase } from './schedule.ts'

/** What is said of each phase. */
export function phaseFigures(
  phases: readonly Phase[],
  samples: readonly Sample[],
  effects: Effects,
  { acknowledged }: Pick<LoadResult, 'acknowledged'>,
): PhaseFigures[] {
  return phases.map(({ name, rate, seconds }) => {
    const mine = samples.filter(({ phase }) => phase === name)
    const summaries = effectNames.map((effect) => [effect, effects.summary(effect, name)] as const)
    return {
      ...{ phase: name, rate, seconds },
      writtenPerSecond: round(mean(mine.map(({ writtenPerSecond }) => writtenPerSecond)), 1),
      acknowledged: acknowledged[name],
      effects: Object.fromEntries(summaries.filter(([, summary]) => summary !== undefined)),
      highestLag: highestLag(mine),
      elsewhereCores: round(mean(mine.map(({ elsewhereCores }) => elsewhereCores)), 2),
    }
  })
}

function highestLag(samples: readonly Sample[]): Lag & { readonly group: string } {
  let highest = { group: '', records: 0, seconds: 0 }
  for (const { lags } of samples)
    for (const [group, lag] of Object.entries(lags))
      if (lag.seconds > highest.seconds) highest = { group, ...lag }
  return { ...highest, seconds: round(highest.seconds, 1) }
}

/** What each process took, those that took most first. */
export function processFigures(samples: readonly Sample[]): ProcessFigures[] {
  const names = [...new Set(samples.flatMap(({ cores }) => Object.keys(cores)))]
  const figures = names.map((name) => ({
    name,
    cores: Object.fromEntries(
      phaseNames.map((phase) => {
        const mine = samples.filter((sample) => sample.phase === phase)
        return [phase, round(mean(mine.map(({ cores }) => cores[name] ?? 0)), 3)]
      }),
    ),
    peakRssMb: Math.round(Math.max(...samples.map(({ rss }) => rss[name] ?? 0))),
  }))
  return figures.sort((left, right) => (right.cores['spike'] ?? 0) - (left.cores['spike'] ?? 0))
}

/** A group that is at most so far behind has caught up. */
const caughtUpSeconds = 1

/** Seconds from a moment until all groups have caught up, and stay so; undefined where they never do. */
export function drainSeconds(samples: readonly Sample[], from: number): number | undefined {
  const after = samples.filter(({ second }) => second >= from)
  const behind = after.findLastIndex(({ lags }) =>
    Object.values(lags).some(({ seconds }) => seconds > caughtUpSeconds),
  )
  const first = after[behind + 1]
  return first === undefined ? undefined : round(Math.max(0, behind < 0 ? 0 : first.second - from), 1)
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length
}
