import { setTimeout as wait } from 'node:timers/promises'
import type { Proof } from './proof.ts'
import { patienceMs } from './scenario.ts'

/** Resolves when the worker has stopped itself at its point. */
async function untilFrozen(said: () => string, point: string): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!said().includes(`reached ${point}`)) {
    if (Date.now() > deadline) throw new Error(`The worker never reached ${point}: ${said().slice(-1000)}`)
    await wait(50)
  }
}

/** A worker stops in the middle of something, another takes all of its work over, and then the first one wakes up. */
export async function wakeUpLate(proof: Proof, point: string): Promise<{ zombies: number[] }> {
  const zombie = proof.workers.start({ point, at: 2, freeze: true, slot: 1 })
  await untilFrozen(() => zombie.said, point)
  const heir = proof.workers.start({ slot: 2 })
  await proof.untilCommitted(1, patienceMs)
  zombie.resume()
  // It has had its say when it holds partitions of its own again, or gave up; then both leave in order.
  await untilSettled(proof, zombie.pid)
  await Promise.all([zombie.stop(), heir.stop()])
  return { zombies: [zombie.pid] }
}

/** Until the group has both members again, or the zombie is gone. */
async function untilSettled(proof: Proof, pid: number): Promise<void> {
  const zombie = proof.workers.all.find((worker) => worker.pid === pid)!
  const deadline = Date.now() + 60_000
  while (zombie.running && Date.now() < deadline) {
    const group = await proof.admin.group(proof.name)
    if (group !== undefined && group.members.length >= 2 && group.state.toLowerCase() === 'stable') return
    await wait(200)
  }
}
