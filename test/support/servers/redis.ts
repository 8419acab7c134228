// A Redis of this machine's own. Every acknowledged write is on disk: it survives SIGKILL.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { PortTaken } from './kafka-cluster.ts'
import { freePort, untilFree } from './ports.ts'
import { redisProgram } from './redis-program.ts'
import { leaveFolder, serverFolder } from './run-folder.ts'

export interface RedisOptions {
  /** What clients must give with AUTH. */
  password?: string
  /** Settings of redis.conf on top of those of the test kit. */
  settings?: Readonly<Record<string, string>>
  /** A free one by default, which no other process can have in mind. */
  port?: number
  /** In the name of the folder with the log. */
  name?: string
}

export interface RedisServer {
  /** redis://127.0.0.1:port, with the password. */
  url: string
  host: string
  port: number
  log: string
  /** Ends it and waits until it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on its port and data. */
  start(): Promise<void>
  /** Freezes it: it accepts connections and never answers. */
  pause(): void
  resume(): void
  /** The process id, undefined while it is stopped. */
  pid(): number | undefined
  close(options?: { keepLogs?: boolean }): Promise<void>
}

/**
 * Starts Redis; resolves when it answers.
 *
 * @throws Error in one sentence where there is no program, or it does not start: with its log
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const program = await redisProgram()
  const folder = serverFolder(options.name ?? 'redis')
  for (let attempt = 1; ; attempt += 1) {
    const redis = new Redis(program, folder, options.port ?? (await freePort()), options)
    try {
      await redis.start()
      return redis.server()
    } catch (error) {
      await redis.close({ keepLogs: true })
      if (!(error instanceof PortTaken) || options.port !== undefined || attempt === 5) throw error
    }
  }
}

// Redis does not see the end of its parent: beside it a shell waits for that on the third descriptor, and kills. The
// process id in the file is how it is known that this Redis answers.
const leash = `
"$@" 3<&- & child=$!
echo $child > redis.pid
(read -r _ <&3; kill -CONT $child; kill -KILL $child) & watch=$!
wait $child
kill $watch`

class Redis {
  readonly #program: string
  readonly #folder: string
  readonly #port: number
  readonly #options: RedisOptions
  #shell: ChildProcess | undefined
  #pid: number | undefined

  constructor(program: string, folder: string, port: number, options: RedisOptions) {
    this.#program = program
    this.#folder = folder
    this.#port = port
    this.#options = options
  }

  get #log(): string {
    return join(this.#folder, 'redis.log')
  }

  get #running(): boolean {
    return this.#shell?.pid !== undefined && this.#shell.exitCode === null && this.#shell.signalCode === null
  }

  async start(): Promise<void> {
    await untilFree(this.#port)
    await rm(join(this.#folder, 'redis.pid'), { force: true })
    const { password, settings } = this.#options
    const args = Object.entries({
      port: String(this.#port),
      bind: '127.0.0.1',
      dir: this.#folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
      ...(password !== undefined && { requirepass: password }),
      ...settings,
    }).flatMap(([name, value]) => [`--${name}`, value])
    const log = openSync(this.#log, 'a')
    const words = ['-c', leash, 'leash', this.#program, ...args]
    this.#shell = spawn('sh', words, { cwd: this.#folder, stdio: ['ignore', log, log, 'pipe'] })
    closeSync(log)
    this.#shell.unref()
    ;(this.#shell.stdio[3] as unknown as { unref?: () => void }).unref?.()
    await this.#untilReady()
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + 60_000
    for (;;) {
      const pid = Number(await readFile(join(this.#folder, 'redis.pid'), 'utf8').catch(() => ''))
      const answering = await askPid(this.#port, this.#options.password)
      if (pid > 0 && answering === pid) {
        this.#pid = pid
        return
      }
      const text = await readFile(this.#log, 'utf8')
      if (!this.#running && text.includes('Address already in use'))
        throw new PortTaken(`test servers: port ${this.#port} is taken by another process`)
      if (!this.#running || Date.now() > deadline) {
        throw new Error(
          `test servers: Redis did not start: ${text.trim().split('\n').at(-1)}; see ${this.#log}`,
        )
      }
      await wait(20)
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const shell = this.#shell
    if (shell === undefined || !this.#running) return
    const ended = once(shell, 'exit')
    shell.ref()
    this.signal('SIGCONT')
    this.signal(signal)
    // Without a process id it never got to run.
    if (this.#pid === undefined) (shell.stdio[3] as Writable).end()
    await ended
    this.#pid = undefined
    ;(shell.stdio[3] as Writable).destroy()
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#pid !== undefined && this.#running) process.kill(this.#pid, signal)
  }

  async close({ keepLogs = false } = {}): Promise<void> {
    await this.stop('SIGKILL')
    await rm(join(this.#folder, 'appendonlydir'), { recursive: true, force: true })
    await rm(join(this.#folder, 'appendonly.aof'), { force: true })
    if (!keepLogs) leaveFolder(this.#folder)
  }

  server(): RedisServer {
    const { password } = this.#options
    return {
      url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${this.#port}`,
      host: '127.0.0.1',
      port: this.#port,
      log: this.#log,
      stop: (signal = 'SIGTERM') => this.stop(signal),
      start: () => this.start(),
      pause: () => this.signal('SIGSTOP'),
      resume: () => this.signal('SIGCONT'),
      pid: () => (this.#running ? this.#pid : undefined),
      close: (options) => this.close(options),
    }
  }
}

/** The process id of the Redis that answers at a port; undefined where none does. */
function askPid(port: number, password: string | undefined): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    let answer = ''
    const end = (): void => {
      socket.destroy()
      const pid = /process_id:(\d+)/.exec(answer)?.[1]
      resolve(pid === undefined ? undefined : Number(pid))
    }
    socket.setTimeout(2000, end)
    socket.on('error', end)
    socket.on('close', end)
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (/process_id:\d+\r|-NOAUTH|-LOADING/.test(answer)) end()
    })
    const login = password === undefined ? '' : `${words('AUTH', password)}`
    socket.write(`${login}${words('INFO', 'server')}`)
  })
}

/** A command as Redis takes it. */
function words(...parts: readonly string[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`
}
