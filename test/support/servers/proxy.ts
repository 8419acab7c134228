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
  /** So many bytes a second get through, each way of each connection. */
  throttle(bytesPerSecond: number): void
  /** Connections are accepted, nothing gets through, or nothing of one direction; after `pass` it all arrives. */
  stall(what?: Direction): void
  /** Requests (towards the broker) or responses are read and thrown away: done there, never heard of here. */
  swallow(what: Direction): void
  /** Each connection breaks when so many more bytes of one direction have passed, in the middle of whatever that is. */
  cutAfter(bytes: number, what: Direction): void
  close(): Promise<void>
}

/** Towards the server, or back. */
export type Direction = 'requests' | 'responses'

/** What happens to bytes; one fault at a time. */
interface Faults {
  refuse: boolean
  delay: number
  /** Bytes a second. */
  rate: number
  swallow: Direction | undefined
  cutAfter: { readonly bytes: number; readonly what: Direction } | undefined
  /** While set, nothing moves. */
  stalled: Promise<void> | undefined
  /** The direction that is stalled; undefined = both. */
  stalls: Direction | undefined
  release: () => void
}

const none = (): Faults => ({
  refuse: false,
  delay: 0,
  rate: Infinity,
  swallow: undefined,
  cutAfter: undefined,
  stalled: undefined,
  stalls: undefined,
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
    throttle: (bytesPerSecond) => faulty.set({ rate: bytesPerSecond }),
    stall: (what) => faulty.stall(what),
    swallow: (what) => faulty.set({ swallow: what }),
    cutAfter: (bytes, what) => faulty.set({ cutAfter: { bytes, what } }),
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
  /** Bytes of the direction that is to be cut, since that was said. */
  passed: number
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
    const connection: Connection = { client, server, holed: false, passed: 0 }
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
  #carry(connection: Connection, what: Direction): void {
    const { client, server } = connection
    const [from, to] = what === 'requests' ? [client, server] : [server, client]
    let last = Promise.resolve()
    let waiting = 0
    let due = 0
    const enqueue = (size: number, step: () => void | Promise<void>) => {
      const { delay, rate } = this.#faults
      due = rate === Infinity ? Date.now() + delay : Math.max(Date.now(), due) + (size * 1000) / rate
      const mine = due
      waiting += size
      if (waiting > 1 << 20) from.pause()
      last = last
        .then(() => this.#untilDue(what, mine))
        .then(step)
        .finally(() => {
          waiting -= size
          from.resume()
        })
    }
    from.on('data', (chunk) => enqueue(chunk.length, () => this.#pass(connection, what, to, chunk)))
    from.once('end', () => enqueue(0, () => void to.end()))
  }

  async #untilDue(what: Direction, due: number): Promise<void> {
    while (this.#faults.stalled !== undefined && (this.#faults.stalls ?? what) === what)
      await this.#faults.stalled
    const rest = due - Date.now()
    if (rest > 0) await wait(rest, undefined, { ref: false })
  }

  async #pass(connection: Connection, what: Direction, to: Socket, chunk: Buffer): Promise<void> {
    const { cutAfter } = this.#faults
    if (cutAfter?.what === what) {
      const left = cutAfter.bytes - connection.passed
      connection.passed += chunk.length
      if (chunk.length > left) return cutWithin(connection, to, chunk.subarray(0, Math.max(0, left)))
    }
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
    for (const connection of this.#open) connection.passed = 0
    if (this.#faults.swallow !== undefined) return
    for (const connection of this.#open) if (connection.holed) reset(connection)
  }

  stall(stalls: Direction | undefined): void {
    let release = (): void => undefined
    const stalled = new Promise<void>((resolve) => (release = resolve))
    this.set({ stalled, stalls, release })
  }

  cut(faults: Partial<Faults>): void {
    this.set(faults)
    for (const connection of this.#open) reset(connection)
  }
}

/** The last bytes go through, and then it breaks. */
function cutWithin(connection: Connection, to: Socket, rest: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      reset(connection)
      resolve()
    }
    to.once('close', resolve)
    if (rest.length === 0 || to.destroyed) end()
    // What was handed to the system is on its way: a reset right after it would overtake it.
    else to.write(rest, () => setTimeout(end, 20).unref())
  })
}

function reset({ client, server }: Connection): void {
  client.resetAndDestroy()
  server.destroy()
}
