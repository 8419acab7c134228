// Whether a run can be believed: pure, so that it can be tested.

/** What the machine's CPUs did up to a moment, in seconds. */
export interface CpuTimes {
  /** User, nice and system time of all processes. */
  readonly busy: number
  /** What the hypervisor gave to other guests. */
  readonly steal: number
}

/** A stretch of time, and whose CPU time in it is accounted for. */
export interface Stretch {
  readonly before: CpuTimes
  readonly after: CpuTimes
  readonly seconds: number
  readonly cores: number
  /** CPU seconds of the run, the broker and the benchmark itself. */
  readonly accounted: number
}

export interface Noise {
  /** CPU time of everybody else, in cores. */
  readonly elsewhereCores: number
  /** Part of the machine's time. */
  readonly stealShare: number
}

/** Above these a run is not believed. */
export const limits = { elsewhereCores: 0.15, stealShare: 0.02 } as const

export function noiseOf({ before, after, seconds, cores, accounted }: Stretch): Noise {
  if (seconds <= 0) return { elsewhereCores: 0, stealShare: 0 }
  const elsewhere = after.busy - before.busy - accounted
  return {
    elsewhereCores: Math.max(0, elsewhere / seconds),
    stealShare: Math.max(0, (after.steal - before.steal) / (seconds * cores)),
  }
}

/** Why a run with this noise around it is invalid; undefined if it is not. `undefined` noise could not be measured. */
export function whyInvalid(noise: Noise | undefined): string | undefined {
  if (noise === undefined) return 'this system does not tell what else ran'
  if (noise.elsewhereCores > limits.elsewhereCores)
    return `other processes took ${noise.elsewhereCores.toFixed(2)} of a core`
  if (noise.stealShare > limits.stealShare)
    return `the hypervisor gave ${(noise.stealShare * 100).toFixed(1)} % of the time to others`
  return undefined
}

/** Reads the first line of Linux's /proc/stat (proc_stat(5)), whose unit is a hundredth of a second. */
export function parseCpuTimes(stat: string): CpuTimes {
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = (stat.split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return { busy: (user + nice + system) / 100, steal: steal / 100 }
}

/** CPU seconds of a process up to now, from its /proc/PID/stat; its name may hold blanks and parentheses. */
export function parseProcessCpu(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
