import { setTimeout as wait } from 'node:timers/promises'
import type { Zombie } from './judge.ts'
import type { Proof } from './proof.ts'
import { patienceMs } from './scenario.ts'
import type { WorkerProcess } from './workers.ts'

/** What a worker did when it was woken up, and its work was another one's by then. */
export interface Awakening {
  readonly zombies: readonly Zombie[]
  /** The points that it reached, in the order of the first times. */
  readonly reached: readonly string[]
  /** How its commits ended. */
  readonly outcomes: readonly string[]
  /** Effects that it had before it gave up what it had lost. */
  readonly effects: number
}

/** How long anything may take that has nothing to do with how many events there are, milliseconds. */
const limitMs = 90_000

/** A worker stops in the middle of something, another takes all of its work over, and then the first one wakes up. */
export async function wakeUpLate(proof: Proof, point: string): Promise<Awakening> {
  const zombie = await freeze(proof, point)
  return wakeUp(proof, zombie)
}

/** The same, within a transaction that the brokers have aborted when it wakes up, since it took too long. */
export async function wakeUpAfterItsTransaction(proof: Proof, point: string): Promise<Awakening> {
  const zombie = await freeze(proof, point)
  await until('an open transaction', () => proof.hasOpenTransaction())
  await until('the end of its time', async () => !(await proof.hasOpenTransaction()))
  return wakeUp(proof, zombie)
}

async function freeze(proof: Proof, point: string): Promise<WorkerProcess> {
  const zombie = proof.workers.start({ point, at: 2, freeze: true, slot: 1 })
  await until(`that it stops at ${point}`, () => Promise.resolve(zombie.said.includes(`reached ${point}`)))
  return zombie
}

async function wakeUp(proof: Proof, zombie: WorkerProcess): Promise<Awakening> {
  const heir = proof.workers.start({ slot: 2 })
  await proof.untilCommitted(1, patienceMs)
  const before = proof.probeBytes
  zombie.resume()
  await until('that both are members', () => areMembers(proof))
  const lost = { pid: zombie.pid, until: proof.probeBytes }
  // Both go on with what comes now, from where the heir has come to.
  await proof.write({ seed: 3, count: 3000, from: Date.now() - 3600_000, span: 600_000, part: 1 })
  await proof.untilCommitted(1, patienceMs)
  for (const worker of [zombie, heir]) {
    const { code } = await worker.stop()
    if (code !== 0) throw new Error(`A worker ended with ${code}: ${worker.said.slice(-2000)}`)
  }
  return { zombies: [lost], ...doneSince(zombie), effects: effectsOf(proof, lost, before) }
}

async function areMembers(proof: Proof): Promise<boolean> {
  const group = await proof.admin.group(proof.name)
  return group !== undefined && group.members.length >= 2 && group.state.toLowerCase() === 'stable'
}

function doneSince({ said }: WorkerProcess): Pick<Awakening, 'reached' | 'outcomes'> {
  const since = said.slice(said.indexOf(' woken up\n'))
  return {
    reached: Array.from(since.matchAll(/ then (\S+)$/gm), ([, point]) => point!),
    outcomes: Array.from(since.matchAll(/ commit (\S+) after/gm), ([, outcome]) => outcome!),
  }
}

function effectsOf(proof: Proof, { pid, until }: Zombie, from: number): number {
  return proof.effects().filter((one) => one.pid === pid && one.endsAt > from && one.endsAt <= until).length
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`It did not come to ${what}.`)
    await wait(100)
  }
}
