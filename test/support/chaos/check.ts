import { judgeProgress } from '../cluster/judge.ts'
import { checkEffects, checkRepeats } from './check-effects.ts'
import { checkLetters } from './check-letters.ts'
import { checkOutputs, checkSums, checkTables } from './check-outputs.ts'
import { checkWrites } from './check-writes.ts'
import type { GroupHistory, History } from './history.ts'
import { Truth, type Anomaly } from './truth.ts'

/** What came out of a run. */
export interface Verdict {
  readonly anomalies: readonly Anomaly[]
  readonly attempts: { readonly ok: number; readonly fail: number; readonly unknown: number }
  readonly records: number
  /** Records that were written twice after one before them was over its time. */
  readonly doubled: number
  readonly effects: number
  readonly letters: number
  /** Effects that came again, which is allowed before their commit; and the most that one position had. */
  readonly repeats: number
  readonly mostOfOne: number
}

/**
 * Judges a history as Jepsen's workload for Kafka does: the topic as it is in the end is the order of versions; whatever was
 * acknowledged is in it, and whatever is in it has its effects, once from one position. Knows nothing of what was done to the
 * run, but for the workers that may not have known what they had lost.
 */
export function check(history: History): Verdict {
  const truth = new Truth(history)
  const writes = checkWrites(history)
  const anomalies: Anomaly[] = [
    ...writes.wrong,
    ...history.stuck.map((what): Anomaly => ({ kind: 'stuck', what })),
  ]
  let [effects, letters, repeats, mostOfOne] = [0, 0, 0, 0]
  for (const group of history.groups) {
    const again = checkRepeats(group, history.excuses)
    const found = [...checkGroup(group, truth), ...again.wrong]
    anomalies.push(...found.map(({ kind, what }) => ({ kind, what: `${group.name}: ${what}` })))
    effects += group.effects?.length ?? 0
    letters += group.parked?.filter(({ type }) => type === 'letter').length ?? 0
    repeats += again.count
    mostOfOne = Math.max(mostOfOne, again.most)
  }
  const count = (outcome: string): number => history.attempts.filter((one) => one.outcome === outcome).length
  return {
    anomalies,
    attempts: { ok: count('ok'), fail: count('fail'), unknown: count('unknown') },
    records: history.log.length,
    doubled: writes.doubled,
    effects,
    letters,
    repeats,
    mostOfOne,
  }
}

function checkGroup(group: GroupHistory, truth: Truth): Anomaly[] {
  return [
    ...(group.effects === undefined ? [] : checkEffects(group, truth)),
    ...(group.parked === undefined ? [] : checkLetters(group, truth)),
    ...(group.outputs === undefined ? [] : checkOutputs(group, truth)),
    ...checkTables(group, truth),
    ...checkSums(group, truth),
    ...judgeProgress(group.progress).map((what): Anomaly => ({ kind: 'progress went back', what })),
  ]
}
