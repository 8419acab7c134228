// One Cassandra node: laid out on free ports, started, watched until it answers, ended.

import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { askClusterName, type CassandraAddress } from './cassandra-admin.ts'
import { cassandraFlags, cassandraYaml, dataFolder, datacenter, logback } from './cassandra-settings.ts'
import { JvmProcess } from './jvm-process.ts'
import { type TlsFiles } from './kafka-tls.ts'
import { PortTaken } from './kafka-cluster.ts'
import { freePort, untilFree } from './ports.ts'
import { leaveFolder } from './run-folder.ts'

export interface CassandraOptions {
  /** Passwords and grants: the first user is `cassandra` with the password `cassandra`, who may do everything. */
  auth?: boolean
  /** TLS beside plaintext, on the same port. */
  tls?: boolean
  /** Settings of cassandra.yaml on top of those of the test kit. */
  settings?: Readonly<Record<string, unknown>>
  /** As -Xmx takes it; 768m by default. */
  heap?: string
  /** For clients; a free one by default, which no other process can have in mind. */
  port?: number
  /** In the name of the folder with the logs. */
  name?: string
}

/** Where a node is; plain data. */
export interface CassandraAddresses {
  /** No other node has it. */
  clusterName: string
  /** host:port */
  contactPoint: string
  host: string
  port: number
  datacenter: string
  log: string
  /** A user who may do everything, where passwords are asked for. */
  username?: string
  password?: string
  /** Where it speaks TLS beside plaintext. */
  tls?: TlsFiles
}

/** For clients, and for the nodes among each other. */
export interface Ports {
  native: number
  storage: number
  tls: number
}

/** What a node of a ring has in common with the others, and what not. */
export interface RingPlace {
  clusterName: string
  host: string
  seedHost: string
  ports: Ports
  token: string
}

interface Plan {
  options: CassandraOptions
  /** Undefined for a node of its own, on 127.0.0.1. */
  place?: RingPlace | undefined
  classPath: string
  folder: string
  tls?: TlsFiles | undefined
}

/** A name that no other cluster has. */
export const newClusterName = (): string => `test-${randomBytes(8).toString('hex')}`

/** Ports of 127.0.0.1. */
export async function freePorts(native?: number): Promise<Ports> {
  return { native: native ?? (await freePort()), storage: await freePort(), tls: await freePort() }
}

export class CassandraNode {
  readonly #clusterName: string
  readonly #host: string
  readonly #plan: Plan
  readonly #ports: Ports
  readonly process: JvmProcess

  private constructor(plan: Plan, ports: Ports) {
    this.#plan = plan
    this.#ports = ports
    this.#clusterName = plan.place?.clusterName ?? newClusterName()
    this.#host = plan.place?.host ?? '127.0.0.1'
    this.process = new JvmProcess('Cassandra', join(plan.folder, 'cassandra.log'))
  }

  /** Chooses ports and writes the settings. */
  static async lay(plan: Plan): Promise<CassandraNode> {
    const { folder, tls, options, place } = plan
    const node = new CassandraNode(plan, place?.ports ?? (await freePorts(options.port)))
    const yaml = cassandraYaml({
      clusterName: node.#clusterName,
      host: node.#host,
      seedHost: place?.seedHost ?? node.#host,
      token: place?.token,
      ports: node.#ports,
      folder,
      auth: options.auth ?? false,
      tls,
      overrides: options.settings ?? {},
    })
    await writeFile(join(folder, 'cassandra.yaml'), yaml)
    await writeFile(join(folder, 'logback.xml'), logback)
    return node
  }

  /** Starts it on its ports and data: where another process took a port, when that gives it back. */
  async start(): Promise<void> {
    if (this.#plan.place === undefined) for (const port of Object.values(this.#ports)) await untilFree(port)
    await this.startNow()
  }

  /** @throws PortTaken where a port is not free */
  async startNow(): Promise<void> {
    const heap = this.#plan.options.heap ?? '768m'
    const memory = ['-Xms256m', `-Xmx${heap}`]
    const { folder, place } = this.#plan
    const flags = cassandraFlags(folder, place === undefined || place.host === place.seedHost)
    this.process.run([...memory, ...flags, '-cp', this.#plan.classPath, 'Node'])
    try {
      await this.#untilReady()
    } catch (error) {
      await this.process.kill('SIGKILL')
      throw error
    }
  }

  async #untilReady(): Promise<void> {
    // A limit for what hangs: on a busy machine a node takes more than a minute.
    const deadline = Date.now() + 300_000
    for (;;) {
      const name = await askClusterName(this.#address).catch(() => undefined)
      if (name === this.#clusterName && this.process.running) return
      if (name !== undefined && name !== this.#clusterName)
        throw new PortTaken(`test servers: another Cassandra answers: ${name}`)
      if (this.process.portWasTaken)
        throw new PortTaken('test servers: a port of Cassandra is taken by another process')
      if (!this.process.running || Date.now() > deadline) throw this.process.trouble
      await wait(100)
    }
  }

  async close({ keepLogs = false } = {}): Promise<void> {
    await this.process.kill('SIGKILL')
    await rm(dataFolder(this.#plan.folder), { recursive: true, force: true })
    if (!keepLogs) leaveFolder(this.#plan.folder)
  }

  get #address(): CassandraAddress {
    const user = this.#plan.options.auth ? { username: 'cassandra', password: 'cassandra' } : {}
    return { host: this.#host, port: this.#ports.native, ...user }
  }

  addresses(): CassandraAddresses {
    const { host, port } = this.#address
    const tls = this.#plan.tls
    return {
      clusterName: this.#clusterName,
      contactPoint: `${host}:${port}`,
      datacenter,
      log: this.process.log,
      ...this.#address,
      ...(tls && { tls }),
    }
  }
}
