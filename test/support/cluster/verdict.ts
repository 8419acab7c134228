import {
  judgeCommitted,
  judgeCompleteness,
  judgeDeadLetters,
  judgeIdentity,
  judgeLetters,
  judgeOrder,
  judgeOutputs,
  judgeProgress,
  judgeRepeats,
  type Findings,
  type Zombie,
} from './judge.ts'
import type { Proof } from './proof.ts'
import { judgeState } from './state.ts'

/** What came out of a run. */
export interface Verdict {
  readonly wrong: Findings
  readonly repeats: number
  readonly effects: number
  readonly letters: number
}

export interface VerdictOptions {
  /** Workers that lost their partitions without knowing it at once. */
  readonly zombies?: readonly Zombie[]
  readonly exactlyOnce?: boolean
  /** Worker slots whose local copies are judged too. */
  readonly slots?: readonly number[]
}

/** Judges a run that is over: all its workers have ended. At most twenty findings of each kind. */
export async function verdictOn(
  proof: Proof,
  { zombies = [], exactlyOnce = false, slots = [] }: VerdictOptions = {},
): Promise<Verdict> {
  const { oracle } = proof
  const effects = proof.effects()
  const repeats = judgeRepeats(effects, proof.snapshots, zombies)
  const letters = await proof.letters()
  const findings: Findings[] = [
    proof.wrong,
    judgeIdentity(effects, oracle),
    judgeOrder(effects),
    judgeCompleteness(effects, oracle),
    repeats.wrong,
    judgeLetters(letters, oracle),
    judgeDeadLetters(await proof.deadLetters(), letters),
    judgeCommitted((await proof.snapshot()).committed, oracle),
    judgeProgress(proof.snapshots),
  ]
  for (let partition = 0; proof.windowMs > 0 && partition < proof.partitions; partition++) {
    for (const slot of [undefined, ...slots])
      findings.push(judgeState(await proof.restored(partition, slot), partition, proof))
  }
  if (exactlyOnce) findings.push(judgeOutputs(await proof.outputs(), oracle))
  return {
    wrong: findings.flatMap((some) => some.slice(0, 20)),
    repeats: repeats.repeats,
    effects: effects.length,
    letters: letters.length,
  }
}
