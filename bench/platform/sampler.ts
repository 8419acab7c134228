import { setTimeout as delay } from 'node:timers/promises'
import type { LagWatch } from './lag.ts'
import { usageOf, type Usage } from './processes.ts'
import type { Sample } from './results.ts'
import type { PhaseName } from './schedule.ts'

const everyMs = 1000

export interface SamplerOptions {
  readonly lag: LagWatch
  readonly pids: Readonly<Record<string, number>>
  /** Records that are written so far. */
  readonly written: () => number
  /** Milliseconds since the load began; below zero before. */
  readonly time: () => number
  readonly phase: () => PhaseName | 'drain'
  /** Throws where the run cannot go on. */
  readonly check: () => void
}

/** Looks once a second how things stand. */
export class Sampler {
  readonly samples: Sample[] = []
  readonly #options: SamplerOptions
  readonly #sampling: Promise<void>
  #stopped = false
  #fault: Error | undefined

  constructor(options: SamplerOptions) {
    this.#options = options
    this.#sampling = this.#run().catch((error: unknown) => void (this.#fault = error as Error))
  }

  /** Throws what has kept it from looking. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#sampling
    this.check()
  }

  async #run(): Promise<void> {
    const { lag, pids, written, time, phase, check } = this.#options
    let before = { usage: usageOf(pids), written: written(), at: performance.now() }
    while (!this.#stopped) {
      await delay(everyMs)
      check()
      const lags = await lag.lags()
      const now = { usage: usageOf(pids), written: written(), at: performance.now() }
      const seconds = (now.at - before.at) / 1000
      this.samples.push({
        second: time() / 1000,
        phase: phase(),
        writtenPerSecond: (now.written - before.written) / seconds,
        lags,
        ...taken(before.usage, now.usage, seconds),
      })
      before = now
    }
  }
}

function taken(before: Usage, now: Usage, seconds: number): Pick<Sample, 'cores' | 'rss' | 'elsewhereCores'> {
  const cores: Record<string, number> = {}
  for (const [name, cpu] of Object.entries(now.cpu)) cores[name] = (cpu - (before.cpu[name] ?? cpu)) / seconds
  const known = Object.values(cores).reduce((sum, one) => sum + one, 0)
  const elsewhereCores = Math.max(0, (now.all - before.all) / seconds - known)
  return { cores, rss: now.rss, elsewhereCores }
}
