import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** How a worker is started. */
export interface WorkerPlan {
  /** Which worker of several: each has a folder for its local state, which its later lives find again. */
  readonly slot?: number
  /** Where it kills itself: a named point, and how often it must be reached first. */
  readonly point?: string
  readonly at?: number
  /** It stops itself there (SIGSTOP) instead. */
  readonly freeze?: boolean
  readonly untilEnd?: boolean
}

/** What all workers of one run have in common. */
export interface WorkersOptions {
  /** For logs, states, and the file that mends bad events. */
  readonly folder: string
  readonly topology: string
  readonly environment: string
  /** The folder with schemas/ and cql/. */
  readonly project: string
  /** The name of a mutant (mutants.ts) that they run with. */
  readonly mutant?: string | undefined
  /** How long the probe takes for a write, milliseconds; 10 if not given. */
  readonly probeMs?: number | undefined
}

/** The worker processes of one run. None outlives the test: `close` ends them, and each ends with its standard input. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #all: WorkerProcess[] = []

  constructor(options: WorkersOptions) {
    this.#options = options
  }

  get all(): readonly WorkerProcess[] {
    return this.#all
  }

  start(plan: WorkerPlan = {}): WorkerProcess {
    const { folder } = this.#options
    const log = join(folder, `worker-${this.#all.length + 1}.log`)
    const worker = new WorkerProcess(this.#spawn(plan, log), log)
    this.#all.push(worker)
    return worker
  }

  #spawn(plan: WorkerPlan, log: string): ChildProcess {
    const { folder, topology, environment, project, mutant, probeMs = 10 } = this.#options
    const state = join(folder, `state-${plan.slot ?? 1}`)
    mkdirSync(state, { recursive: true })
    const hook = mutant === undefined ? [] : ['--import', `${import.meta.dirname}/mutant-hook.ts`]
    const output = openSync(log, 'a')
    try {
      return spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', ...hook, `${import.meta.dirname}/worker.ts`],
        {
          env: {
            ...process.env,
            NODE_OPTIONS: '',
            TOPOLOGIES: topology,
            ENVIRONMENT: environment,
            PROJECT: project,
            STATE: state,
            MENDED: join(folder, 'mended'),
            MUTANT: mutant ?? '',
            PROBE_MS: String(probeMs),
            CRASH_POINT: plan.point ?? '',
            CRASH_AT: String(plan.at ?? 1),
            FREEZE: plan.freeze === true ? '1' : '',
            UNTIL_END: plan.untilEnd === true ? '1' : '',
          },
          stdio: ['pipe', output, output],
        },
      )
    } finally {
      closeSync(output)
    }
  }

  /** Kills what is left. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.kill()))
  }
}

/** How a worker ended. */
export interface Exit {
  readonly code: number | null
  readonly killed: boolean
}

export class WorkerProcess {
  readonly #child: ChildProcess
  readonly log: string
  readonly exited: Promise<Exit>
  #running = true

  constructor(child: ChildProcess, log: string) {
    this.#child = child
    this.log = log
    this.exited = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        this.#running = false
        resolve({ code, killed: signal === 'SIGKILL' })
      })
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  get running(): boolean {
    return this.#running
  }

  /** What it has said so far. */
  get said(): string {
    return readFileSync(this.log, 'utf8')
  }

  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  kill(): Promise<Exit> {
    if (this.#running) this.#child.kill('SIGKILL')
    return this.exited
  }

  /** Ends it in order, once it listens. */
  async stop(): Promise<Exit> {
    while (this.#running && !this.said.includes(' listens\n')) await wait(20)
    if (this.#running) this.#child.kill('SIGTERM')
    return this.exited
  }
}
