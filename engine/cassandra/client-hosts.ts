import type cassandraDriver from 'cassandra-driver'
import type { Client, Host, HostMap, policies, types } from 'cassandra-driver'

// What the driver (4.10) leaves undone with the nodes that it knows. It has all of it; its types do not say so.

type Placed = Host & { setDistance(distance: types.distance): unknown }

/** A connection of the driver. */
interface Connection {
  close(): void
  once(event: 'socketClose', listener: () => void): void
}

type Inner = Client & {
  readonly controlConnection: {
    _createConnection(endpoint: string): Promise<Connection>
    /** With hosts it goes on with them, within a search that is under way. */
    _refresh(hosts?: unknown): Promise<void>
  }
  readonly metadata: { buildTokens(hosts: Client['hosts']): void }
}

/** What a node is and owns is known a moment after it is. */
const settleMs = 500

/**
 * Requests go to a replica in the data center, else to any node in it. A node that was replaced in the driver's list is
 * not used again, also by a request that began before.
 */
export function routingPolicy(
  driver: typeof cassandraDriver,
  datacenter: string,
): policies.loadBalancing.LoadBalancingPolicy {
  const { TokenAwarePolicy, DCAwareRoundRobinPolicy } = driver.policies.loadBalancing
  const { ignored } = driver.types.distance
  class PresentNodes extends DCAwareRoundRobinPolicy {
    #hosts: HostMap | undefined

    override init(...given: Parameters<policies.loadBalancing.LoadBalancingPolicy['init']>): void {
      this.#hosts = given[1]
      super.init(...given)
    }

    override getDistance(host: Host): types.distance {
      return this.#hosts?.get(host.address) === host ? super.getDistance(host) : ignored
    }
  }
  return new TokenAwarePolicy(new PresentNodes(datacenter))
}

/**
 * Sees to it that nodes which are replaced are let go, and that requests go to replicas in the ring as it is. After all
 * nodes were away at once the driver takes the first that answers for a new one: the one before it would connect again
 * and again, also when the client is closed, and the ring would have only that one.
 *
 * @returns what ends it
 */
export function followHosts(driver: typeof cassandraDriver, client: Client, keyspace: string): () => void {
  const { ignored } = driver.types.distance
  let timer: NodeJS.Timeout | undefined
  const rebuild = (): void => {
    ;(client as Inner).metadata.buildTokens(client.hosts)
    // Which nodes have which tokens of a keyspace is kept with the keyspace.
    client.metadata.refreshKeyspace(keyspace).catch(() => undefined)
  }
  const changed = (): void => {
    clearTimeout(timer)
    timer = setTimeout(rebuild, settleMs).unref()
  }
  client.on('hostAdd', changed)
  client.on('hostRemove', (host: Host) => {
    // Its connections are closed, and no more are opened.
    ;(host as Placed).setDistance(ignored)
    changed()
  })
  return () => clearTimeout(timer)
}

/** After a search that ended by a defect of the driver, ms. */
const searchAgainMs = 1000

/**
 * Makes the driver search for a node to ask once at a time. It listens twice to a connection that it found after all
 * nodes were away: the next time two searches go on, each takes the other's connection away, and the error that this
 * ends with is nobody's, so that the process ends.
 */
export function searchOnceAtATime(client: Client): void {
  const { controlConnection } = client as Inner
  const search = controlConnection._refresh.bind(controlConnection)
  let underWay: Promise<void> | undefined
  const begin = (): Promise<void> => {
    underWay ??= search()
      .catch(() => void setTimeout(() => void begin(), searchAgainMs).unref())
      .finally(() => (underWay = undefined))
    return underWay
  }
  controlConnection._refresh = (hosts) => (hosts === undefined ? begin() : search(hosts))
}

/**
 * Keeps account of the connections over which the driver asks what nodes there are. It forgets to close them where the
 * asking fails, and where it is closed while a search goes on.
 *
 * @returns what closes them, and those that are made later still
 */
export function keepSearches(client: Client): () => void {
  const { controlConnection } = client as Inner
  const make = controlConnection._createConnection.bind(controlConnection)
  const made = new Set<Connection>()
  let closed = false
  controlConnection._createConnection = async (endpoint) => {
    const connection = await make(endpoint)
    if (closed) connection.close()
    made.add(connection)
    connection.once('socketClose', () => made.delete(connection))
    return connection
  }
  return () => {
    closed = true
    for (const connection of made) connection.close()
  }
}
