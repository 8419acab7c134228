import type cassandraDriver from 'cassandra-driver'
import type { Client, ClientOptions } from 'cassandra-driver'
import { fatalError } from '../errors.ts'
import { clientError } from './client-errors.ts'
import { followHosts, keepSearches, routingPolicy, searchOnceAtATime } from './client-hosts.ts'
import { tlsOptions, whereOf, type CassandraSettings } from './settings.ts'

/** A connected client of the driver. */
export interface CassandraClient {
  readonly driver: Client
  readonly settings: CassandraSettings
  /** Gives the connections back. Waits for no answer that does not come; may be called twice. */
  close(): Promise<void>
}

/** How a client is opened. */
export interface ClientChoice {
  /** False where the keyspace may be missing: statements then name it themselves. True by default. */
  readonly useKeyspace?: boolean
}

type Driver = typeof cassandraDriver

/** As many as a connection has streams: the settings, and the window of writes, say how many it shall be. */
const mostRequests = 32_768

/** Nobody waits longer than this for connections to end, ms. */
const closeMs = 2000

/** Between attempts to reach a node that is away, ms. The last one's timer outlives the client that is closed. */
const reconnectMs = { first: 250, longest: 2000 }

/**
 * Connects to Cassandra or Scylla: token-aware, within one data center, at the consistency of the settings. It repeats
 * nothing that reached a node, and starts nothing twice on suspicion.
 *
 * @throws MillraceError in one sentence: downstream while nobody answers, fatal where settings must be corrected
 */
export async function openClient(
  settings: CassandraSettings,
  { useKeyspace = true }: ClientChoice = {},
): Promise<CassandraClient> {
  const driver = await loadDriver()
  const client = new driver.Client(optionsOf(driver, settings, useKeyspace))
  searchOnceAtATime(client)
  const endSearches = keepSearches(client)
  const end = async (): Promise<void> => {
    await ended(client)
    endSearches()
  }
  try {
    await client.connect()
  } catch (error) {
    await end()
    throw clientError(error, 'Connecting', whereOf(settings))
  }
  const unfollow = followHosts(driver, client, settings.keyspace)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    unfollow()
    return (closing ??= end())
  }
  return { driver: client, settings, close }
}

/** The driver is an optional dependency: embedded mode does without. */
async function loadDriver(): Promise<Driver> {
  try {
    const loaded = await import('cassandra-driver')
    return loaded.default
  } catch (cause) {
    const advice = 'run `make native` in a checkout, or install without --omit=optional'
    throw fatalError('CASSANDRA_REFUSED', `The package cassandra-driver is not installed: ${advice}.`, {
      cause,
    })
  }
}

/** `monitorReporting` is missing in the driver's types: reports to a vendor's dashboard. */
type Options = ClientOptions & { readonly monitorReporting: { readonly enabled: boolean } }

function optionsOf(driver: Driver, settings: CassandraSettings, useKeyspace: boolean): Options {
  const { reconnection, retry } = driver.policies
  const { contactPoints, datacenter, keyspace, username, password, tls, timeouts } = settings
  return {
    contactPoints: [...contactPoints],
    // Nodes tell their addresses, and the driver (4.10) takes it that all have the same port.
    protocolOptions: { port: portOf(contactPoints[0]) },
    // No `localDataCenter`: where no node is in it the driver (4.10) leaves its first connection open. The policy below
    // looks for the data center too, a step later, when the driver knows what to close.
    ...(useKeyspace && { keyspace }),
    ...(username !== undefined && { credentials: { username, password: password?.reveal() ?? '' } }),
    ...(tls !== undefined && { sslOptions: tlsOptions(tls) }),
    policies: {
      loadBalancing: routingPolicy(driver, datacenter),
      reconnection: new reconnection.ExponentialReconnectionPolicy(
        reconnectMs.first,
        reconnectMs.longest,
        false,
      ),
      // What to repeat, and when, is the engine's to say.
      retry: new retry.FallthroughRetryPolicy(),
      // Rows bring their own; for all else the nodes' time is as good.
      timestampGeneration: null as never,
    },
    queryOptions: {
      prepare: true,
      isIdempotent: false,
      consistency: driver.types.consistencies[consistencyNames[settings.consistency]],
    },
    socketOptions: { connectTimeout: timeouts.connect, readTimeout: timeouts.read, tcpNoDelay: true },
    pooling: { maxRequestsPerConnection: mostRequests },
    monitorReporting: { enabled: false },
    // A map as an object would lose what its keys were.
    encoding: { useBigIntAsLong: true, useBigIntAsVarint: true, map: Map },
  }
}

/** The port of a contact point; that of CQL where it names none. */
function portOf(contactPoint = ''): number {
  return Number(/(?<=^[^:]*:|\]:)\d+$/.exec(contactPoint)?.[0] ?? 9042)
}

const consistencyNames = {
  LOCAL_QUORUM: 'localQuorum',
  LOCAL_ONE: 'localOne',
  QUORUM: 'quorum',
  ONE: 'one',
} as const

/** The driver waits for a node that may be frozen to hang up; nobody else need. */
async function ended(client: Client): Promise<void> {
  const shutdown = client.shutdown().catch(() => undefined)
  await Promise.race([shutdown, new Promise((resolve) => setTimeout(resolve, closeMs).unref())])
}
