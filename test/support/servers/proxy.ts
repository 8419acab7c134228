// A TCP proxy whose faults a test turns on and off. A client of Kafka follows the addresses that brokers advertise,
// so the proxy must be what they advertise:
//
//   const proxy = await startProxy()
//   const kafka = await startKafka({ advertisedPorts: [proxy.port] })
//   proxy.forwardTo(kafka.brokers[0].port)

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface Proxy {
  /** host:port */
  address: string
  port: number
  /** How many clients are connected now. */
  readonly connections: number
  /** How many bytes were swallowed so far. */
  readonly swallowed: number
  /** Where new connections go; until it is called they are closed at once. */
  forwardTo(port: number, host?: string): void
  /** No fault any longer. Connections that swallowed something are cut, since their stream has a hole. */
  pass(): void
  /** Breaks all connections, and new ones at once, until `pass`. */
  cut(): void
  /** Breaks all connections, once: clients may come back. */
  cutOnce(): void
  /** Everything arrives so many milliseconds later, both ways. */
  delay(ms: number): void
  /** Connections are accepted, nothing gets through; after `pass` it all arrives. */
  stall(): void
  /** Requests (towards the broker) or responses are read and thrown away: done there, never heard of here. */
  swallow(what: 'requests' | 'responses'): void
  close(): Promise<void>
}

/** What happens to bytes; one fault at a time. */
interface Faults {
  refuse: boolean
  delay: number
  swallow: 'requests' | 'responses' | undefined
  /** While set, nothing moves. */
  stalled: Promise<void> | undefined
  release: () => void
}

const none = (): Faults => ({
  refuse: false,
  delay: 0,
  swallow: undefined,
  stalled: undefined,
  release: () => undefined,
})

export async function startProxy(): Promise<Proxy> {
  const faulty = new FaultyProxy()
  const server = createServer({ allowHalfOpen: true }, (client) => faulty.accept(client))
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    port,
    get connections() {
      return faulty.connections
    },
    get swallowed() {
      return faulty.swallowed
    },
    forwardTo: (to, host = '127.0.0.1') => (faulty.target = { port: to, host }),
    pass: () => faulty.set({}),
    cut: () => faulty.cut({ refuse: true }),
    cutOnce: () => faulty.cut({}),
    delay: (ms) => faulty.set({ delay: ms }),
    stall: () => faulty.stall(),
    swallow: (what) => faulty.set({ swallow: what }),
    close: () => {
      faulty.cut({ refuse: true })
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

interface Connection {
  client: Socket
  server: Socket
  /** Something of its stream is gone. */
  holed: boolean
}

class FaultyProxy {
  target: { port: number; host: string } | undefined
  swallowed = 0
  #faults = none()
  readonly #open = new Set<Connection>()

  get connections(): number {
    return this.#open.size
  }

  accept(client: Socket): void {
    client.on('error', () => undefined)
    if (this.#faults.refuse || this.target === undefined) {
      client.resetAndDestroy()
      return
    }
    const server = connect({ ...this.target, allowHalfOpen: true })
    server.on('error', () => undefined)
    const connection: Connection = { client, server, holed: false }
    this.#open.add(connection)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.setNoDelay(true).unref()
      one.once('close', () => {
        this.#open.delete(connection)
        other.destroy()
      })
    }
    this.#carry(connection, 'requests')
    this.#carry(connection, 'responses')
  }

  /** Carries one direction, in order, each chunk when it is due. */
  #carry(connection: Connection, what: 'requests' | 'responses'): void {
    const { client, server } = connection
    const [from, to] = what === 'requests' ? [client, server] : [server, client]
    let last = Promise.resolve()
    let waiting = 0
    const enqueue = (size: number, step: () => void | Promise<void>) => {
      const due = Date.now() + this.#faults.delay
      waiting += size
      if (waiting > 1 << 20) from.pause()
      last = last
        .then(() => this.#untilDue(due))
        .then(step)
        .finally(() => {
          waiting -= size
          from.resume()
        })
    }
    from.on('data', (chunk) => enqueue(chunk.length, () => this.#pass(connection, what, to, chunk)))
    from.once('end', () => enqueue(0, () => void to.end()))
  }

  async #untilDue(due: number): Promise<void> {
    while (this.#faults.stalled !== undefined) await this.#faults.stalled
    const rest = due - Date.now()
    if (rest > 0) await wait(rest, undefined, { ref: false })
  }

  async #pass(connection: Connection, what: string, to: Socket, chunk: Buffer): Promise<void> {
    if (this.#faults.swallow === what) {
      connection.holed = true
      this.swallowed += chunk.length
      return
    }
    if (to.destroyed || to.write(chunk)) return
    await new Promise<void>((resolve) => {
      to.once('drain', resolve)
      to.once('close', resolve)
    })
  }

  set(faults: Partial<Faults>): void {
    const before = this.#faults
    this.#faults = { ...none(), ...faults }
    before.release()
    if (this.#faults.swallow !== undefined) return
    for (const connection of this.#open) if (connection.holed) reset(connection)
  }

  stall(): void {
    let release = (): void => undefined
    const stalled = new Promise<void>((resolve) => (release = resolve))
    this.set({ stalled, release })
  }

  cut(faults: Partial<Faults>): void {
    this.set(faults)
    for (const connection of this.#open) reset(connection)
  }
}

function reset({ client, server }: Connection): void {
  client.resetAndDestroy()
  server.destroy()
}
