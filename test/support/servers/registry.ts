// A schema registry of this machine's own: Apicurio, through its Confluent API.

import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { JvmProcess } from './jvm-process.ts'
import { PortTaken } from './kafka-cluster.ts'
import { freePort, untilFree } from './ports.ts'
import { registryCalls, type RegistryCalls } from './registry-calls.ts'
import { registryClassPath } from './registry-jars.ts'
import { leaveFolder, serverFolder } from './run-folder.ts'

export interface RegistryOptions {
  /** In the name of the folder with the log. */
  name?: string
  /** A free one by default, which no other process can have in mind. */
  port?: number
}

/** Where a registry is; plain data. */
export interface RegistryAddresses {
  /** The base of the Confluent API. */
  url: string
  host: string
  port: number
  log: string
}

/** A registry in hand. Its compatibility is BACKWARD, as Confluent's. */
export interface RegistryServer extends RegistryAddresses, RegistryCalls {
  /** Ends it and waits until it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on its port, with its schemas. */
  start(): Promise<void>
  /** Freezes it: it accepts connections and never answers. */
  pause(): void
  resume(): void
  /** The process id, undefined while it is stopped. */
  pid(): number | undefined
  close(options?: { keepLogs?: boolean }): Promise<void>
}

const quiet = { 'quarkus.log.category."io.quarkus.http.access-log".level': 'WARN' }

/**
 * Starts a registry; resolves when it answers.
 *
 * @throws Error in one sentence where java or mvn is missing, or it does not start: with its log
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryServer> {
  const classPath = await registryClassPath()
  const folder = serverFolder(options.name ?? 'registry')
  for (let attempt = 1; ; attempt += 1) {
    const registry = new Registry(classPath, folder, options.port ?? (await freePort()), await freePort())
    try {
      await registry.start()
      const server = registry.server()
      await server.call('PUT', '/config', { compatibility: 'BACKWARD' })
      return server
    } catch (error) {
      await registry.close({ keepLogs: true })
      if (!(error instanceof PortTaken) || options.port !== undefined || attempt === 5) throw error
    }
  }
}

class Registry {
  readonly #classPath: string
  readonly #folder: string
  readonly #port: number
  readonly #managementPort: number
  /** How it is known that this one answers. */
  readonly #name = `test-${randomBytes(8).toString('hex')}`
  readonly #process: JvmProcess

  constructor(classPath: string, folder: string, port: number, managementPort: number) {
    this.#classPath = classPath
    this.#folder = folder
    this.#port = port
    this.#managementPort = managementPort
    this.#process = new JvmProcess('The schema registry', join(folder, 'registry.log'))
  }

  get #root(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Schemas that it has acknowledged survive SIGKILL: H2 would otherwise write them half a second later. */
  async start(): Promise<void> {
    await untilFree(this.#port)
    const settings = Object.entries({
      'quarkus.http.host': '127.0.0.1',
      'quarkus.http.port': this.#port,
      'quarkus.management.host': '127.0.0.1',
      'quarkus.management.port': this.#managementPort,
      'apicurio.app.name': this.#name,
      'apicurio.datasource.url': `jdbc:h2:file:${join(this.#folder, 'data', 'registry')};WRITE_DELAY=0`,
      ...quiet,
    }).map(([name, value]) => `-D${name}=${value}`)
    const memory = ['-Xms96m', '-Xmx256m', '-XX:TieredStopAtLevel=1']
    this.#process.run([...memory, ...settings, '-cp', this.#classPath, 'Registry'])
    await this.#untilReady()
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + 300_000
    for (;;) {
      const name = await this.#answeringName()
      if (name === this.#name && this.#process.running) return
      if ((name !== undefined && name !== this.#name) || this.#process.portWasTaken)
        throw new PortTaken(`test servers: port ${this.#port} is taken by another process`)
      if (!this.#process.running || Date.now() > deadline) throw this.#process.trouble
      await wait(50)
    }
  }

  async #answeringName(): Promise<string | undefined> {
    try {
      const signal = AbortSignal.timeout(5000)
      const response = await fetch(`${this.#root}/apis/registry/v3/system/info`, { signal })
      return ((await response.json()) as { name?: string }).name
    } catch {
      return undefined
    }
  }

  async close({ keepLogs = false } = {}): Promise<void> {
    await this.#process.kill('SIGKILL')
    await rm(join(this.#folder, 'data'), { recursive: true, force: true })
    if (!keepLogs) leaveFolder(this.#folder)
  }

  get url(): string {
    return `${this.#root}/apis/ccompat/v7`
  }

  server(): RegistryServer {
    return {
      url: this.url,
      host: '127.0.0.1',
      port: this.#port,
      log: this.#process.log,
      ...registryCalls(this.url),
      stop: (signal = 'SIGTERM') => this.#process.kill(signal),
      start: () => this.start(),
      pause: () => this.#process.pause(),
      resume: () => this.#process.resume(),
      pid: () => this.#process.pid,
      close: (options) => this.close(options),
    }
  }
}
