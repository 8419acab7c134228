import type { DoneFault, Progress } from './history.ts'

/** How long after a fault everything was done that was there when it ended, milliseconds. */
export interface Recovery {
  readonly kind: string
  readonly ms: number
}

/**
 * Recovery of each fault: from when it was over to when every topology had committed all that was in the topic then. Undefined
 * where that was not seen. Faults overlap: the time holds whatever came in between.
 */
export function recoveriesOf(
  faults: readonly DoneFault[],
  ends: readonly { readonly at: number; readonly ends: readonly number[] }[],
  progress: readonly (readonly Progress[])[],
): Recovery[] {
  return faults.flatMap(({ kind, healedAt }) => {
    const goal = ends.find(({ at }) => at >= healedAt)
    if (goal === undefined) return []
    const times = progress.map((of) => reachedAt(of, goal.at, goal.ends))
    if (times.includes(undefined)) return []
    return [{ kind, ms: Math.max(...times.map((at) => at! - healedAt)) }]
  })
}

function reachedAt(progress: readonly Progress[], from: number, goal: readonly number[]): number | undefined {
  return progress.find(
    ({ at, committed }) =>
      at >= from && committed.every(({ frontier }, partition) => frontier >= (goal[partition] ?? 0)),
  )?.at
}
