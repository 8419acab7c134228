// The servers that all test files of one run share: started once, when first asked for, ended by global teardown.

import { createConnection } from 'node:net'
import { text } from 'node:stream/consumers'
import { kafkaAdmin, type KafkaAdmin } from './kafka-admin.ts'
import { askMetadata } from './kafka-wire.ts'
import { type KafkaAddresses } from './kafka-cluster.ts'

/** The environment variable with the path of the keeper's socket. */
export const keeperVariable = 'MILLRACE_SERVERS_KEEPER'

/** What the keeper is asked for: one line of JSON on its socket. */
export type KeeperRequest =
  { server: 'kafka'; brokers: 1 | 3 } | { server: 'cassandra' } | { server: 'registry' }

/** Its answer, one line of JSON. */
export type KeeperAnswer<Addresses> = { addresses: Addresses } | { error: string }

/** A cluster that other tests use as well: its brokers are not to be stopped, its topics are one's own. */
export type SharedKafka = KafkaAddresses & KafkaAdmin

/**
 * The Kafka of this test run: one broker with all listeners (TLS, SASL with the user `alice`), or three with plaintext.
 * Each call has its own `uniqueTopic`, `uniqueGroup` and `reset`.
 *
 * With MILLRACE_KAFKA=host:port it is the cluster there, with a plaintext listener alone.
 *
 * @throws Error in one sentence where the servers cannot be had
 */
export async function sharedKafka({ brokers = 1 }: { brokers?: 1 | 3 } = {}): Promise<SharedKafka> {
  const there = process.env['MILLRACE_KAFKA']
  const addresses = there
    ? await existing(there, brokers)
    : await kept<KafkaAddresses>({ server: 'kafka', brokers })
  return { ...addresses, ...kafkaAdmin(addresses.listeners.internal) }
}

/**
 * Asks the keeper of this run for a server, which it starts where it is not there yet.
 *
 * @throws Error in one sentence where the server cannot be had
 */
export async function kept<Addresses>(request: KeeperRequest): Promise<Addresses> {
  const path = process.env[keeperVariable]
  if (path === undefined) {
    throw new Error(
      'test servers: shared servers are for *.int, *.e2e and *.chaos tests; elsewhere start one of your own',
    )
  }
  const socket = createConnection(path)
  socket.write(`${JSON.stringify(request)}\n`)
  const answer = JSON.parse(await text(socket)) as KeeperAnswer<Addresses>
  if ('error' in answer) throw new Error(answer.error)
  return answer.addresses
}

async function existing(address: string, needed: number): Promise<KafkaAddresses> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon)
  const answer = await askMetadata(Number(address.slice(colon + 1)), { host }).catch((error: unknown) => {
    const reason = (error as Error).message
    throw new Error(
      `test servers: no Kafka answers at MILLRACE_KAFKA=${address} (${reason}); start it or unset the variable`,
    )
  })
  if (answer.brokers.length < needed) {
    throw new Error(
      `test servers: MILLRACE_KAFKA=${address} has ${answer.brokers.length} brokers, this test needs ${needed}`,
    )
  }
  return {
    clusterId: answer.clusterId ?? '',
    bootstrap: address,
    listeners: { plaintext: address, internal: address },
    brokers: answer.brokers.map(({ id, port }) => ({ id, port, log: '' })),
  }
}
