import type { Clock } from '../component/contracts/clock.ts'
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
export async function drainOwed(
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

/** A commit that does not come to its end keeps nobody from leaving: the next life asks what became of it. */
export async function inTime(
  { clock, mostMs }: Omit<DrainOptions, 'poll'>,
  work: () => Promise<void>,
): Promise<void> {
  const late = new Promise<void>((resolve) => clock.after(mostMs, resolve))
  await Promise.race([work(), late])
}
