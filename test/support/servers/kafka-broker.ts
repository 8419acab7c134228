// One broker: a JVM that ends when this process does.

import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { missingProgram } from './command.ts'

export interface BrokerProgram {
  id: number
  /** Where server.properties lies; broker.log goes there. */
  folder: string
  classPath: string
  /** Of the JVM, on top of those that all brokers have. */
  flags: readonly string[]
}

// Quick to start: the serial collector and the first compiler are enough for tests.
const quick = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Djava.awt.headless=true']
const logging = 'org.slf4j.simpleLogger'
const logs = [`-D${logging}.showDateTime=true`, `-D${logging}.dateTimeFormat=HH:mm:ss.SSS`]

/** Starts, stops and freezes the JVM of one broker, again and again on the same data. */
export class BrokerProcess {
  readonly id: number
  readonly log: string
  readonly #program: BrokerProgram
  #child: ChildProcess | undefined
  #failure: Error | undefined
  /** Where the log of the present life begins. */
  #logStart = 0
  #thaw: ChildProcess | undefined

  constructor(program: BrokerProgram) {
    this.id = program.id
    this.log = join(program.folder, 'broker.log')
    this.#program = program
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

  /** @param format  the arguments of `kafka-storage format`, for a broker without data */
  spawn(format: readonly string[] = []): void {
    const { folder, classPath, flags } = this.#program
    const java = [...quick, ...logs, ...flags, '-cp', classPath, 'Broker']
    const output = openSync(this.log, 'a')
    this.#logStart = fstatSync(output).size
    const child = spawn('java', [...java, join(folder, 'server.properties'), ...format], {
      // The pipe is what tells the broker that this process is gone.
      stdio: ['pipe', output, output],
      cwd: folder,
    })
    closeSync(output)
    child.on('error', (error) => (this.#failure = missingProgram('java', error) ?? error))
    child.stdin?.on('error', () => undefined)
    // A test that forgets its broker must not keep the test run alive.
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

  /** True where the log of a broker that ended says that one of its ports was taken. */
  get portWasTaken(): boolean {
    return !this.running && /Address already in use|BindException/.test(this.#said())
  }

  /** Why it did not start. */
  get trouble(): Error {
    if (this.#failure !== undefined) return this.#failure
    const errors = this.#said()
      .split('\n')
      .filter((line) => /ERROR|Exception|^Error/.test(line))
    const reason = errors.at(-1) ?? 'its log tells of no error'
    return new Error(`test servers: Kafka broker ${this.id} did not start: ${reason}; see ${this.log}`)
  }

  #said(): string {
    return readFileSync(this.log).toString('utf8', this.#logStart)
  }
}
