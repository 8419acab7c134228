import { check, type Verdict } from './check.ts'
import { collect } from './collect.ts'
import type { DoneFault } from './history.ts'
import { recoveriesOf, type Recovery } from './recovery.ts'
import { ChaosRun, type RunPlan } from './run.ts'
import type { World } from './world.ts'

/** A run that was played and judged. */
export interface Played {
  readonly verdict: Verdict
  readonly faults: readonly DoneFault[]
  readonly recoveries: readonly Recovery[]
  /** The named points at which workers have crashed. */
  readonly crashes: readonly string[]
  /** Workers that ended by themselves. */
  readonly alone: readonly string[]
  /** Where its logs and effects are; only where something is wrong. */
  readonly folder: string | undefined
}

/** Plays a run and judges it. Where something is wrong, the folder with logs and effects stays. */
export async function playRun(plan: RunPlan, world: World): Promise<Played> {
  const run = await ChaosRun.open(plan, world)
  let keep = true
  try {
    await run.play()
    const verdict = check(await collect(run))
    keep = verdict.anomalies.length > 0 && plan.mutant === undefined
    return {
      verdict,
      faults: run.done,
      recoveries: recoveriesOf(run.done, run.ends, [...run.progress.values()]),
      crashes: run.fleet.all.flatMap(({ said }) => /^reached (\S+)$/m.exec(said)?.[1] ?? []),
      alone: run.alone,
      folder: keep ? run.folder : undefined,
    }
  } finally {
    await run.close({ keep })
  }
}
