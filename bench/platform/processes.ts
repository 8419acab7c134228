import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseCpuTimes, parseProcessCpu } from '../clients/noise.ts'

/** What processes have taken of the machine up to a moment. */
export interface Usage {
  /** CPU seconds, by name of the process. */
  readonly cpu: Readonly<Record<string, number>>
  /** MiB in memory, by name of the process. */
  readonly rss: Readonly<Record<string, number>>
  /** CPU seconds of all processes of the machine. */
  readonly all: number
}

/** Reads what processes have taken (Linux alone tells); those that are gone are left out. */
export function usageOf(pids: Readonly<Record<string, number>>): Usage {
  const cpu: Record<string, number> = {}
  const rss: Record<string, number> = {}
  for (const [name, pid] of Object.entries(pids)) {
    const stat = read(`/proc/${pid}/stat`)
    if (stat === undefined) continue
    cpu[name] = parseProcessCpu(stat)
    rss[name] = Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) / 1024
  }
  const machine = read('/proc/stat')
  return { cpu, rss, all: machine === undefined ? 0 : parseCpuTimes(machine).busy }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** How busy the machine is: its load average of the last minute, and how many CPUs it has. */
export function business(): { readonly load: number; readonly cores: number } {
  return { load: loadavg()[0]!, cores: cpus().length }
}
