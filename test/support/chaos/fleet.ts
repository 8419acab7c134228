import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** What is started, and with what. */
export interface ProgramPlan {
  /** A module, as seen from this folder. */
  readonly module: '../cluster/worker.ts' | 'producer.ts'
  readonly env: Readonly<Record<string, string>>
  readonly log: string
  /** Loaded before it: modules. */
  readonly hooks?: readonly string[]
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process of the run, which ends with this one at the latest. */
export class Program {
  readonly #child: ChildProcess
  readonly log: string
  readonly exited: Promise<Exit>
  running = true
  /** Somebody has decided that it ends. */
  ending = false

  constructor({ module, env, log, hooks = [] }: ProgramPlan) {
    this.log = log
    const output = openSync(log, 'a')
    const imports = hooks.flatMap((hook) => ['--import', hook])
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', ...imports, join(import.meta.dirname, module)],
      { env: { ...process.env, NODE_OPTIONS: '', ...env }, stdio: ['pipe', output, output] },
    )
    closeSync(output)
    this.#child.stdin?.on('error', () => undefined)
    this.exited = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => {
        this.running = false
        resolve({ code, signal })
      })
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  get said(): string {
    return readFileSync(this.log, 'utf8')
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal)
  }

  kill(): Promise<Exit> {
    this.ending = true
    this.signal('SIGKILL')
    return this.exited
  }

  /** Ends it in order, once it listens to signals. */
  async stop(): Promise<Exit> {
    this.ending = true
    while (this.running && !/ listens\n|produces\n/.test(this.said)) await wait(50)
    this.signal('SIGTERM')
    return this.exited
  }
}

/** How the next life of a worker is. */
export interface Life {
  readonly point?: string
  readonly at?: number
}

export interface FleetOptions {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly hooks: readonly string[]
  /** A worker that ended by itself: what it said last. */
  readonly endedAlone: (slot: number, exit: Exit, said: string) => void
}

/** The workers of a run. One that dies is started again a second later, as a supervisor does. */
export class Fleet {
  readonly #options: FleetOptions
  readonly #now = new Map<number, Program>()
  readonly #wanted = new Set<number>()
  readonly all: Program[] = []
  #closing = false

  constructor(options: FleetOptions) {
    this.#options = options
  }

  /** Those that run now, by slot. */
  get running(): ReadonlyMap<number, Program> {
    return new Map([...this.#now].filter(([, { running }]) => running))
  }

  /** Where the worker of a slot keeps its local copy. */
  stateOf(slot: number): string {
    return join(this.#options.folder, `state-${slot}`)
  }

  clockOf(slot: number): string {
    return join(this.#options.folder, `clock-${slot}`)
  }

  /** From now on there is a worker in this slot. */
  start(slot: number, life: Life = {}): Program {
    this.#wanted.add(slot)
    const { folder, env, hooks } = this.#options
    mkdirSync(this.stateOf(slot), { recursive: true })
    if (!existsSync(this.clockOf(slot))) writeFileSync(this.clockOf(slot), '0')
    const program = new Program({
      module: '../cluster/worker.ts',
      log: join(folder, `worker-${slot}-${this.all.length + 1}.log`),
      hooks: [join(import.meta.dirname, 'clock.ts'), ...hooks],
      env: {
        ...env,
        STATE: this.stateOf(slot),
        CLOCK: this.clockOf(slot),
        CRASH_POINT: life.point ?? '',
        CRASH_AT: String(life.at ?? 0),
      },
    })
    this.#now.set(slot, program)
    this.all.push(program)
    void this.#supervise(slot, program)
    return program
  }

  async #supervise(slot: number, program: Program): Promise<void> {
    const exit = await program.exited
    const alone = !program.ending && exit.signal !== 'SIGKILL'
    if (alone) this.#options.endedAlone(slot, exit, lastWords(program.said))
    if (program.ending) return
    await wait(1000)
    this.#startAgain(slot)
  }

  /** Somebody else may have done it, or wants no worker there any more. */
  #startAgain(slot: number, life: Life = {}): void {
    if (!this.#closing && this.#wanted.has(slot) && !this.running.has(slot)) this.start(slot, life)
  }

  /** Kills it, and starts it again so much later: milliseconds. */
  async kill(slot: number, awayMs: number, life: Life = {}): Promise<void> {
    await this.#now.get(slot)?.kill()
    await wait(awayMs)
    this.#startAgain(slot, life)
  }

  /** Ends it in order, and starts it again so much later. */
  async restart(slot: number, awayMs: number): Promise<Exit | undefined> {
    const exit = await this.#now.get(slot)?.stop()
    await wait(awayMs)
    this.#startAgain(slot)
    return exit
  }

  /** Ends it in order, for good. */
  async leave(slot: number): Promise<Exit | undefined> {
    this.#wanted.delete(slot)
    return this.#now.get(slot)?.stop()
  }

  /** Ends all in order; those that do not within the limit are killed. Answers who did not end well. */
  async stopAll(limitMs: number): Promise<string[]> {
    this.#closing = true
    const slots = [...this.running]
    const ends = slots.map(async ([slot, program]) => {
      const ended = await Promise.race([program.stop(), wait(limitMs, undefined, { ref: false })])
      if (ended === undefined) {
        await program.kill()
        return [`worker ${slot} did not end in ${limitMs / 1000} s: see ${program.log}`]
      }
      return ended.code === 0
        ? []
        : [`worker ${slot} ended with ${ended.code ?? ended.signal}: ${program.said.slice(-600)}`]
    })
    return (await Promise.all(ends)).flat()
  }

  /** Kills what is left. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all(this.all.map((program) => program.kill()))
  }
}

function lastWords(said: string): string {
  return said.split('\n').findLast((line) => line.includes(' failed: ')) ?? said.slice(-300)
}
