import { setTimeout as wait } from 'node:timers/promises'
import type { Proof } from './proof.ts'
import { finish, patienceMs } from './scenario.ts'
import type { VerdictOptions } from './verdict.ts'
import type { WorkerProcess } from './workers.ts'

/**
 * Three workers come, one leaves in order, one is killed, others take their places. More events come all the while, `each`
 * at a time, five times.
 */
export async function comeAndGo(proof: Proof, seed: number, each: number): Promise<VerdictOptions> {
  const reach = (share: number): Promise<void> => proof.untilCommitted(share, patienceMs)
  let part = 0
  const more = (): Promise<void> => {
    part++
    return proof.write({ seed: seed + part, count: each, from: Date.now() - 3600_000, span: 600_000, part })
  }
  const first = proof.workers.start({ slot: 1 })
  const second = proof.workers.start({ slot: 2 })
  await reach(0.2)
  const third = proof.workers.start({ slot: 3 })
  await more()
  await reach(0.4)
  await first.kill()
  const fourth = proof.workers.start({ slot: 1 })
  await more()
  await reach(0.5)
  await leave(second)
  await more()
  await reach(0.7)
  const fifth = proof.workers.start({ slot: 2 })
  await third.kill()
  await more()
  // Two leave at once, in the middle of whatever goes on.
  await Promise.all([leave(fourth), wait(50).then(() => leave(fifth))])
  await more()
  await finish(proof)
  return { slots: [1, 2, 3] }
}

async function leave(worker: WorkerProcess): Promise<void> {
  const { code } = await worker.stop()
  if (code !== 0)
    throw new Error(`A worker that was to leave ended with ${code}: ${worker.said.slice(-2000)}`)
}
