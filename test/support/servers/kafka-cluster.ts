// The brokers of one cluster: laid out on free ports, started, watched until they are ready, ended.

import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { BrokerProcess } from './kafka-broker.ts'
import { brokerProperties, dataFolder, type BrokerPorts } from './kafka-properties.ts'
import { type TlsFiles } from './kafka-tls.ts'
import { askMetadata, type Metadata } from './kafka-wire.ts'
import { freePort, untilFree } from './ports.ts'
import { leaveFolder } from './run-folder.ts'

export interface KafkaOptions {
  /** One by default. With three: replication factor 3, min.insync.replicas 2. */
  brokers?: 1 | 3
  /** Adds the listeners `tls` and `tlsExpired`. Clients need no certificate unless `required`. */
  tls?: boolean | { clientAuth: 'none' | 'requested' | 'required' }
  /**
   * Adds the listener `sasl` (and `saslTls` beside TLS) with PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, and OAUTHBEARER
   * with unsigned tokens. `true` means the user `alice` with the password `alice-secret`.
   */
  sasl?: boolean | { users: Readonly<Record<string, string>> }
  /**
   * Users of the SASL listeners may do nothing but what `allow` lets them (StandardAuthorizer). Who comes over a listener
   * without login, as the kit does, may do everything. Needs `sasl`.
   */
  acls?: boolean
  /** Settings of server.properties on top of those of the test kit. */
  properties?: Readonly<Record<string, string | number | boolean>>
  /** As -Xmx takes it: 512m for one broker, 320m for each of three. */
  heap?: string
  /**
   * What clients on the plaintext listener are told instead of its own port, one port per broker: that of a proxy
   * (proxy.ts). The kit's own requests go past it.
   */
  advertisedPorts?: readonly number[]
  /** The plaintext port of the first broker; a free one by default, which no other process can have in mind. */
  port?: number
  /** In the name of the folder with the logs. */
  name?: string
}

/** Where a cluster is; plain data. Addresses are host:port, apart by commas. */
export interface KafkaAddresses {
  clusterId: string
  /** The plaintext listener, as it is advertised. */
  bootstrap: string
  listeners: {
    plaintext: string
    /** Past all proxies. */
    internal: string
    tls?: string
    /** A TLS listener whose certificate ran out in 2020. */
    tlsExpired?: string
    sasl?: string
    saslTls?: string
  }
  /** The ports that the brokers themselves listen on, also where another one is advertised. */
  brokers: { id: number; port: number; log: string }[]
  tls?: TlsFiles
  /** Passwords by user. */
  users?: Readonly<Record<string, string>>
}

export interface ClusterPlan {
  options: KafkaOptions
  classPath: string
  /** Of the JVMs. */
  flags?: readonly string[]
  /** Where everything of this cluster goes. */
  folder: string
  tls?: TlsFiles | undefined
}

/** A port was taken between its choice and its use: another try helps. */
export class PortTaken extends Error {}

export class Cluster {
  readonly clusterId = newClusterId()
  readonly brokers: { process: BrokerProcess; ports: BrokerPorts; folder: string }[] = []
  readonly users: Readonly<Record<string, string>> | undefined
  readonly options: KafkaOptions
  readonly folder: string
  readonly tls: TlsFiles | undefined

  private constructor(options: KafkaOptions, folder: string, tls: TlsFiles | undefined) {
    this.options = options
    this.folder = folder
    this.tls = tls
    const { sasl } = options
    this.users = sasl === true ? { alice: 'alice-secret' } : sasl ? sasl.users : undefined
  }

  /** Chooses ports and writes the settings of all brokers. */
  static async lay({ options, classPath, flags = [], folder, tls }: ClusterPlan): Promise<Cluster> {
    const cluster = new Cluster(options, folder, tls)
    const count = options.brokers ?? 1
    const heap = options.heap ?? (count === 1 ? '512m' : '320m')
    for (let id = 1; id <= count; id += 1) {
      const own = join(folder, `broker-${id}`)
      await mkdir(own, { recursive: true })
      const memory = [`-Xmx${heap}`, `-Xms${heap}`]
      const process = new BrokerProcess({ id, folder: own, classPath, flags: [...memory, ...flags] })
      cluster.brokers.push({ process, ports: await cluster.#choosePorts(id), folder: own })
    }
    for (const broker of cluster.brokers) await cluster.#writeProperties(broker)
    return cluster
  }

  async #choosePorts(id: number): Promise<BrokerPorts> {
    const wanted = id === 1 ? this.options.port : undefined
    const ports: BrokerPorts = {
      controller: await freePort(),
      internal: await freePort(),
      plaintext: wanted ?? (await freePort()),
    }
    if (this.tls !== undefined) Object.assign(ports, { tls: await freePort(), tlsExpired: await freePort() })
    if (this.users !== undefined) ports.sasl = await freePort()
    if (this.tls !== undefined && this.users !== undefined) ports.saslTls = await freePort()
    return ports
  }

  async #writeProperties({ process, ports, folder }: Cluster['brokers'][number]): Promise<void> {
    const { tls: wanted, advertisedPorts, acls = false, properties = {} } = this.options
    const text = brokerProperties({
      id: process.id,
      ports,
      advertisedPort: advertisedPorts?.[process.id - 1],
      voters: this.brokers.map((broker) => ({ id: broker.process.id, port: broker.ports.controller })),
      folder,
      tls: this.tls,
      clientAuth: typeof wanted === 'object' ? wanted.clientAuth : 'none',
      users: this.users,
      acls,
      overrides: properties,
    })
    await writeFile(join(folder, 'server.properties'), text)
  }

  async startAll(): Promise<void> {
    for (const { process } of this.brokers) process.spawn(this.#format())
    await this.#untilReady()
  }

  #format(): string[] {
    const scram = Object.entries(this.users ?? {}).flatMap(([user, password]) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${user},password=${password}]`,
      ]),
    )
    return ['--cluster-id', this.clusterId, ...scram]
  }

  broker(id: number): Cluster['brokers'][number] {
    const found = this.brokers.find(({ process }) => process.id === id)
    if (found === undefined) throw new Error(`test servers: there is no broker ${id}; brokers count from 1`)
    return found
  }

  /** Again on the same ports: where another process took one meanwhile, when that gives it back. */
  async #restart(id: number): Promise<void> {
    const { process, ports } = this.broker(id)
    for (let attempt = 1; ; attempt += 1) {
      for (const port of Object.values(ports) as number[]) await untilFree(port)
      process.spawn()
      try {
        return await this.#untilReady()
      } catch (error) {
        await process.kill('SIGKILL')
        if (!(error instanceof PortTaken) || attempt === 3) throw error
      }
    }
  }

  /** Until every running broker answers on all its plaintext ports, as one of this cluster, and names all. */
  async #untilReady(): Promise<void> {
    // A limit for what hangs: on a busy machine three brokers take minutes.
    const deadline = Date.now() + 300_000
    while (!(await this.#isReady())) {
      const dead = this.#expected.find(({ process }) => !process.running)
      if (dead?.process.portWasTaken)
        throw new PortTaken(`test servers: a port of broker ${dead.process.id} is taken by another process`)
      if (dead !== undefined || Date.now() > deadline) throw (dead ?? this.brokers[0]!).process.trouble
      await wait(25)
    }
  }

  readonly #stopped = new Set<number>()

  get #expected() {
    return this.brokers.filter(({ process }) => !this.#stopped.has(process.id) && !process.paused)
  }

  async #isReady(): Promise<boolean> {
    const expected = this.#expected
    const ports = expected.flatMap(({ ports: { internal, plaintext } }) => [internal, plaintext])
    const answers = await Promise.allSettled(ports.map((port) => askMetadata(port)))
    const answered = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const stranger = answered.find(({ clusterId }) => clusterId !== this.clusterId)
    if (stranger !== undefined)
      throw new PortTaken(`test servers: another cluster answers: ${stranger.clusterId}`)
    const knowsAll = ({ brokers }: Metadata) =>
      expected.every(({ process }) => brokers.some((broker) => broker.id === process.id))
    return answered.length === answers.length && answered.every(knowsAll)
  }

  async stop(id: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#stopped.add(id)
    await this.broker(id).process.kill(signal)
  }

  async start(id: number): Promise<void> {
    if (this.broker(id).process.running) return
    this.#stopped.delete(id)
    await this.#restart(id)
  }

  async close({ keepLogs = false } = {}): Promise<void> {
    await Promise.all(this.brokers.map(({ process }) => process.kill('SIGKILL')))
    for (const { folder } of this.brokers) await rm(dataFolder(folder), { recursive: true, force: true })
    if (!keepLogs) leaveFolder(this.folder)
  }

  addresses(): KafkaAddresses {
    const on = (listener: keyof BrokerPorts) =>
      this.brokers.map(({ ports }) => `127.0.0.1:${ports[listener]}`).join(',')
    const { advertisedPorts } = this.options
    const plaintext = advertisedPorts?.map((port) => `127.0.0.1:${port}`).join(',') ?? on('plaintext')
    const { tls, users } = this
    return {
      clusterId: this.clusterId,
      bootstrap: plaintext,
      listeners: {
        plaintext,
        internal: on('internal'),
        ...(tls && { tls: on('tls'), tlsExpired: on('tlsExpired') }),
        ...(users && { sasl: on('sasl') }),
        ...(tls && users && { saslTls: on('saslTls') }),
      },
      brokers: this.brokers.map(({ process, ports }) => ({
        id: process.id,
        port: ports.plaintext,
        log: process.log,
      })),
      ...(tls && { tls }),
      ...(users && { users }),
    }
  }
}

/** 16 random bytes as Kafka writes them; it takes no id that begins with a dash. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}
