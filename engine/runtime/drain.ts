import type { Clock } from '../component/contracts/clock.ts'
import { reach } from '../component/points.ts'
import type { Task } from './task.ts'

/** What ends a session in order is bounded in time. */
export interface DrainOptions {
  readonly clock: Clock
  /** For each wait, milliseconds. */
  readonly mostMs: number
  /** Lets other things happen meanwhile: a heartbeat, or a moment. */
  readonly poll: () => Promise<void>
}

/** Waits until nothing of these tasks is under way, or the time is up. */
export async function drain(tasks: readonly Task[], { clock, mostMs, poll }: DrainOptions): Promise<void> {
  const deadline = clock.now() + mostMs
  let idle = false
  const drained = Promise.all(tasks.map((task) => task.idle())).then(() => {
    idle = true
  })
  while (!idle && clock.now() < deadline) await Promise.race([drained, poll()])
}

/** What is owed by the last commit is sent, and committed, while there is time. */
async function drainOwed(
  tasks: readonly Task[],
  options: DrainOptions,
  commit: () => Promise<void>,
): Promise<void> {
  const { clock, mostMs, poll } = options
  const deadline = clock.now() + mostMs
  const owing = (): Task[] => tasks.filter((task) => task.owes && !task.cancelled)
  while (owing().length > 0 && clock.now() < deadline) {
    await drain(owing(), options)
    await inTime(options, commit)
    await poll()
  }
}

/** How a session ends in order. */
export interface Settling {
  readonly drained: DrainOptions
  readonly commit: () => Promise<void>
  /** Done at last, if there is time. */
  readonly tidy: () => Promise<void>
}

/** Nothing more comes in: what is under way ends, and is committed, with what is owed for it. */
export async function settleAll(tasks: readonly Task[], { drained, commit, tidy }: Settling): Promise<void> {
  for (const task of tasks) task.stopWaiting()
  reach('draining')
  await drain(tasks, drained)
  // A letter may have to wait for a cycle until the records before it are in one.
  await inTime(drained, async () => {
    for (let cycles = 0; cycles < 3; cycles++) await commit()
  })
  await drainOwed(tasks, drained, commit)
  await inTime(drained, tidy)
  for (const task of tasks) if (task.open === 0) task.checkConservation()
}

/** A commit that does not come to its end keeps nobody from leaving: the next life asks what became of it. */
export async function inTime(
  { clock, mostMs }: Omit<DrainOptions, 'poll'>,
  work: () => Promise<void>,
): Promise<void> {
  const late = new Promise<void>((resolve) => clock.after(mostMs, resolve))
  await Promise.race([work(), late])
}
