import type { Client } from 'cassandra-driver'
import { away, serverError } from './client-errors.ts'
import type { CassandraClient } from './client.ts'
import { sentenceOf, type MillraceError } from '../errors.ts'
import { whereOf } from './settings.ts'
import { WireConnection, WireTrouble, type WireFailure, type WireTarget } from './wire-connection.ts'

type Host = ReturnType<Client['hosts']['values']>[number]

const firstPauseMs = 100
const longestPauseMs = 5000

/** A node, and the connection to it while there is one. */
class Node {
  readonly #target: WireTarget
  connection: WireConnection | undefined
  failure: WireFailure | undefined
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(target: WireTarget) {
    this.#target = target
  }

  /** Connects, and again whenever the connection ends. Resolves after the first attempt. */
  async keep(pauseMs = firstPauseMs): Promise<void> {
    try {
      const connection = await WireConnection.open(this.#target)
      if (this.#closed) return connection.close()
      this.connection = connection
      connection.onEnd = (failure) => {
        this.connection = undefined
        this.#again(failure, firstPauseMs)
      }
    } catch (error) {
      this.#again(failureOf(error), Math.min(pauseMs * 2, longestPauseMs))
    }
  }

  #again(failure: WireFailure, pauseMs: number): void {
    this.failure = failure
    if (this.#closed) return
    // Not all clients at once when a node comes back.
    this.#timer = setTimeout(() => void this.keep(pauseMs), pauseMs * (0.5 + Math.random()))
    this.#timer.unref()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.connection?.close()
  }
}

/**
 * A connection of our own to each node of the data center. The driver says which nodes there are and who has which
 * partition; rows do not go through it, since it spends several times the processor on each (docs/decisions.md).
 */
export class WireNodes {
  readonly #client: CassandraClient
  readonly #nodes = new Map<string, Node>()
  #turn = 0
  #closed = false

  private constructor(client: CassandraClient) {
    this.#client = client
  }

  /** Resolves when one node can be reached. Rejects with a MillraceError where none can. */
  static async open(client: CassandraClient): Promise<WireNodes> {
    const nodes = new WireNodes(client)
    const attempts = client.driver.hosts.values().map((host) => nodes.#add(host))
    client.driver.on('hostAdd', (host: Host) => void nodes.#add(host))
    client.driver.on('hostRemove', (host: Host) => nodes.#remove(host))
    await Promise.race([nodes.#firstOf(attempts), Promise.all(attempts)])
    if (nodes.any() !== undefined) return nodes
    nodes.close()
    throw nodes.trouble('Connecting')
  }

  async #firstOf(attempts: readonly Promise<void>[]): Promise<void> {
    await Promise.race(
      attempts.map(async (attempt) => {
        await attempt
        if (this.any() === undefined) await Promise.all(attempts)
      }),
    )
  }

  async #add(host: Host): Promise<void> {
    const { settings } = this.#client
    if (this.#closed || host.datacenter !== settings.datacenter || this.#nodes.has(host.address)) return
    const colon = host.address.lastIndexOf(':')
    const { tls, username, password, timeouts } = settings
    const target = { host: host.address.slice(0, colon), port: Number(host.address.slice(colon + 1)) }
    const node = new Node({ ...target, tls, username, password, connectMs: timeouts.connect })
    this.#nodes.set(host.address, node)
    await node.keep()
  }

  #remove(host: Host): void {
    this.#nodes.get(host.address)?.close()
    this.#nodes.delete(host.address)
  }

  /** A connection to a replica of a partition, or to any node; undefined while there is none. */
  choose(routingKey: () => Buffer): WireConnection | undefined {
    if (this.#nodes.size < 2) return this.any()
    const { driver, settings } = this.#client
    const replicas = driver.getReplicas(settings.keyspace, routingKey()) ?? []
    const open = replicas.flatMap(({ address }) => this.#nodes.get(address)?.connection ?? [])
    return leastBusy(open) ?? this.any()
  }

  /** A connection to any node. */
  any(): WireConnection | undefined {
    const open: WireConnection[] = []
    for (const { connection } of this.#nodes.values()) if (connection !== undefined) open.push(connection)
    return open[this.#turn++ % open.length]
  }

  /** Why there is no connection, as an error of whoever wanted one. */
  trouble(what: string): MillraceError {
    const failures = [...this.#nodes.values()].flatMap(({ failure }) => failure ?? [])
    const [first] = failures
    return first === undefined
      ? this.failed({ kind: 'broken', reason: 'no node is known' }, what)
      : this.failed(first, what)
  }

  /** What was thrown instead of an answer, as an error. */
  thrown(error: unknown, what: string): MillraceError {
    return this.failed(failureOf(error), what)
  }

  /** A failed request as an error. */
  failed(failure: WireFailure, what: string): MillraceError {
    if (failure.kind === 'answer') return serverError(failure.error, what)
    const cause = failure.kind === 'broken' ? failure.cause : undefined
    const reason = this.#closed ? 'this client was closed' : failure.reason
    return away(what, whereOf(this.#client.settings), reason, cause)
  }

  close(): void {
    this.#closed = true
    for (const node of this.#nodes.values()) node.close()
    this.#nodes.clear()
  }
}

function leastBusy(connections: readonly WireConnection[]): WireConnection | undefined {
  let best: WireConnection | undefined
  for (const one of connections) if (best === undefined || one.inFlight < best.inFlight) best = one
  return best
}

function failureOf(error: unknown): WireFailure {
  if (error instanceof WireTrouble) return error.failure
  return { kind: 'broken', reason: sentenceOf(error), cause: error }
}
