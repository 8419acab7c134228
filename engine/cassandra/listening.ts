import { performance } from 'node:perf_hooks'

/** Time as this process has passed it. */
export interface Elapsed {
  readonly seconds: number
  /** Of these, the ones in which it had nothing to do but wait for something to come. */
  readonly waited: number
}

/** Measures from now on, each time it is called. */
export function stopwatch(): () => Elapsed {
  const { nodeTiming } = performance
  const [began, idle] = [performance.now(), nodeTiming.idleTime]
  return () => {
    return { seconds: (performance.now() - began) / 1000, waited: (nodeTiming.idleTime - idle) / 1000 }
  }
}

/**
 * Calls `silent` when nothing came for `ms` milliseconds, unless the answer ends that before. An answer may lie there while the
 * process is busy with other work, and timers come before answers: half of the time it must have listened. Nobody waits for
 * more than `longest` times as long.
 */
export function listen(ms: number, silent: () => void, time: () => Elapsed = stopwatch()): () => void {
  const look = (): void => {
    const { seconds, waited } = time()
    const heard = waited * 1000 >= ms / 2 || seconds * 1000 >= ms * longest
    if (heard) silent()
    else timer = setTimeout(look, ms / 4)
  }
  let timer = setTimeout(look, ms)
  return () => clearTimeout(timer)
}

/** The driver's own limit, after which it gives up a connection that is silent, must be no shorter. */
export const longest = 3
