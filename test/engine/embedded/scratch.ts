import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Clock } from '../../../engine/component/contracts/clock.ts'

/** Directories and processes of one test, gone after `clean`. */
export class Scratch {
  readonly #dirs: string[] = []
  readonly #children: ChildProcess[] = []

  dir(): string {
    const dir = mkdtempSync(join(tmpdir(), 'millrace-embedded-'))
    this.#dirs.push(dir)
    return dir
  }

  /**
   * Another process that runs `body`, an ES module with `openEmbedded` and the arguments `args` (strings) at hand.
   * What it prints comes line by line in `lines`.
   */
  child(body: string, args: readonly string[], options: { readonly uid?: number } = {}): Child {
    const embedded = pathToFileURL(join(import.meta.dirname, '../../../engine/embedded/embedded.ts')).href
    const code = `import { openEmbedded } from ${JSON.stringify(embedded)}\nconst args = ${JSON.stringify(args)}\n${body}`
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code]
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'], ...options })
    this.#children.push(child)
    return new Child(child)
  }

  async clean(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    for (const dir of this.#dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
  }
}

/** A process that was started, with what it has printed so far. */
export class Child {
  readonly pid: number
  readonly lines: string[] = []
  readonly #process: ChildProcess
  readonly #exit: Promise<unknown>
  #rest = ''
  #heard: () => void = () => {}

  constructor(child: ChildProcess) {
    this.#process = child
    this.pid = child.pid!
    // `close` comes after everything that was printed has been read.
    this.#exit = once(child, 'close').then(() => this.#heard())
    child.stdout!.on('data', (data: Buffer) => {
      const parts = (this.#rest + data.toString()).split('\n')
      this.#rest = parts.pop()!
      this.lines.push(...parts)
      this.#heard()
    })
  }

  /** Waits until it has printed this many lines. */
  async printed(count: number): Promise<string[]> {
    while (this.lines.length < count) {
      if (this.#process.exitCode !== null) throw new Error(`The child ended after ${this.lines.length} lines`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
    return this.lines
  }

  /** Waits until it ends by itself; its exit code. */
  async ended(): Promise<number | null> {
    await this.#exit
    return this.#process.exitCode
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }
}

/** A clock that stands still until it is moved. */
export class StillClock implements Clock {
  time = 1_700_000_000_000

  now(): number {
    return this.time
  }

  after(): () => void {
    throw new Error('Nothing in the embedded room waits by this clock')
  }
}

/** What `work` throws or rejects with. */
export async function failureOf(
  work: () => unknown,
): Promise<{ code: string; kind: string; message: string }> {
  try {
    await work()
  } catch (error) {
    return error as { code: string; kind: string; message: string }
  }
  throw new Error('It did not fail')
}
