import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { limits, noiseOf, parseCpuTimes, parseProcessCpu, type CpuTimes, type Noise } from './noise.ts'

/**
 * Watches who takes the machine's CPUs besides a run. Only Linux tells (/proc); elsewhere the noise is undefined, and
 * the runs are marked.
 */
export class CpuWatch {
  readonly #servers: () => readonly number[]
  #before: { readonly times: CpuTimes; readonly known: number; readonly at: number } | undefined

  /** `servers` answers the process ids of the brokers (and databases) on this machine. */
  constructor(servers: () => readonly number[]) {
    this.#servers = servers
  }

  start(): void {
    const times = cpuTimes()
    this.#before = times && { times, known: this.#known(), at: performance.now() }
  }

  /** The noise since `start`, given the CPU seconds that the run has taken. */
  stop(run: number): Noise | undefined {
    const before = this.#before
    const times = cpuTimes()
    if (before === undefined || times === undefined) return undefined
    return noiseOf({
      before: before.times,
      after: times,
      seconds: (performance.now() - before.at) / 1000,
      cores: cpus().length,
      accounted: this.#known() - before.known + run,
    })
  }

  /** Waits until others leave the machine alone for a second, or for `attempts` seconds. */
  async quiet(attempts: number): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      this.start()
      await delay(1000)
      const noise = this.stop(0)
      if (noise === undefined || noise.elsewhereCores <= limits.elsewhereCores) return
    }
  }

  /** CPU seconds that the servers have taken up to now. */
  get serverSeconds(): number {
    return this.#servers().reduce((sum, pid) => sum + processCpu(pid), 0)
  }

  /** CPU seconds of the servers and of this process. */
  #known(): number {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6 + this.serverSeconds
  }
}

function cpuTimes(): CpuTimes | undefined {
  try {
    return parseCpuTimes(readFileSync('/proc/stat', 'utf8'))
  } catch {
    return undefined
  }
}

function processCpu(pid: number): number {
  try {
    return parseProcessCpu(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return 0
  }
}

/** The process on this machine that listens on a port; undefined where there is none, or the system does not tell. */
export function listenerOn(port: number): number | undefined {
  try {
    const inodes = listeningInodes(port)
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find((pid) => sockets(pid).some((inode) => inodes.has(inode)))
  } catch {
    return undefined
  }
}

/** Inodes of the sockets that listen on a port, from /proc/net/tcp and tcp6: state 0A is listening. */
function listeningInodes(port: number): Set<string> {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return new Set(
    ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(end) && state === '0A')
      .map((fields) => fields[9]!),
  )
}

function sockets(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (file) => /^socket:\[(\d+)\]$/.exec(linkTarget(`/proc/${pid}/fd/${file}`))?.[1] ?? [],
    )
  } catch {
    return []
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
