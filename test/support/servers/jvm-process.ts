// A JVM that ends when this process does, again and again on the same data.

import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { missingProgram } from './command.ts'

// Quick to start; the serial collector is enough for tests.
const quick = ['-XX:+UseSerialGC', '-XX:-UsePerfData', '-Djava.awt.headless=true']

/** Starts, stops and freezes one server's JVM. Its program must watch its standard input and halt at the end of it. */
export class JvmProcess {
  /** What errors call it: `Kafka broker 1`. */
  readonly name: string
  /** The file that its output goes to; its folder is where the JVM runs. */
  readonly log: string
  #child: ChildProcess | undefined
  #failure: Error | undefined
  /** Where the log of the present life begins. */
  #logStart = 0
  #thaw: ChildProcess | undefined

  constructor(name: string, log: string) {
    this.name = name
    this.log = log
  }

  get running(): boolean {
    const child = this.#child
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  }

  get paused(): boolean {
    return this.#thaw !== undefined
  }

  /** The process id, while it runs. */
  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined
  }

  /** @param args  of the JVM: its flags, the main class, that one's arguments */
  run(args: readonly string[]): void {
    const output = openSync(this.log, 'a')
    this.#logStart = fstatSync(output).size
    const child = spawn('java', [...quick, ...args], {
      // The pipe is what tells the server that this process is gone.
      stdio: ['pipe', output, output],
      cwd: dirname(this.log),
    })
    closeSync(output)
    child.on('error', (error) => (this.#failure = missingProgram('java', error) ?? error))
    child.stdin?.on('error', () => undefined)
    // A test that forgets its server must not keep the test run alive.
    child.unref()
    ;(child.stdin as unknown as { unref?: () => void }).unref?.()
    this.#child = child
  }

  /** Sends the signal and waits for the end. */
  async kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.running) return
    this.resume()
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.ref()
    child.kill(signal)
    await ended
  }

  /** Freezes the JVM: its connections stay open and nothing answers. Thawed when this process dies. */
  pause(): void {
    const pid = this.pid
    if (pid === undefined || this.#thaw !== undefined) return
    process.kill(pid, 'SIGSTOP')
    // A frozen JVM cannot see the end of its parent, so somebody must wake it up for that.
    this.#thaw = spawn('sh', ['-c', `read -r _; kill -CONT ${pid}`], { stdio: ['pipe', 'ignore', 'ignore'] })
    this.#thaw.unref()
    ;(this.#thaw.stdin as unknown as { unref?: () => void }).unref?.()
  }

  resume(): void {
    if (this.#thaw === undefined) return
    this.#thaw.stdin?.end()
    this.#thaw = undefined
    if (this.pid !== undefined) process.kill(this.pid, 'SIGCONT')
  }

  /** True where the log of one that ended says that one of its ports was taken. */
  get portWasTaken(): boolean {
    return (
      !this.running && /Address already in use|BindException|in use by another process/.test(this.#said())
    )
  }

  /** Why it did not start. */
  get trouble(): Error {
    if (this.#failure !== undefined) return this.#failure
    const errors = this.#said()
      .split('\n')
      .filter((line) => /ERROR|Exception|^Error/.test(line))
    const reason = errors.at(-1) ?? 'its log tells of no error'
    return new Error(`test servers: ${this.name} did not start: ${reason}; see ${this.log}`)
  }

  #said(): string {
    return readFileSync(this.log).toString('utf8', this.#logStart)
  }
}
