import { startCassandra, type CassandraServer } from '../../test/support/servers/cassandra.ts'
import { startBroker, type Broker } from '../clients/broker.ts'
import { listenerOn } from '../clients/cpu-watch.ts'

/** The broker, and the database where a scenario asks for it. */
export class Servers {
  readonly bootstrap: string
  readonly #broker: Broker | undefined
  readonly #brokerPid: number | undefined
  #cassandra: CassandraServer | undefined

  private constructor(bootstrap: string, broker: Broker | undefined) {
    this.bootstrap = bootstrap
    this.#broker = broker
    this.#brokerPid = listenerOn(Number(bootstrap.split(':').at(-1)))
  }

  /** Uses the Kafka at `bootstrap`, or starts one. */
  static async open(bootstrap: string | undefined): Promise<Servers> {
    if (bootstrap !== undefined) return new Servers(bootstrap, undefined)
    const broker = await startBroker()
    return new Servers(broker.bootstrap, broker)
  }

  /** Starts Cassandra at the first call: with a heap of 1 GiB and its own default of syncing the commit log every 10 s. */
  async cassandra(): Promise<CassandraServer> {
    this.#cassandra ??= await startCassandra({
      name: 'bench-cassandra',
      heap: '1g',
      settings: { commitlog_sync: 'periodic', commitlog_sync_period: '10s', commitlog_segment_size: '32MiB' },
    })
    return this.#cassandra
  }

  /** Whether Cassandra has not been asked for yet. */
  get cassandraIsCold(): boolean {
    return this.#cassandra === undefined
  }

  /** The processes on this machine. */
  get pids(): readonly number[] {
    return [this.#brokerPid, this.#cassandra?.pid()].filter((pid) => pid !== undefined)
  }

  async close(): Promise<void> {
    await this.#cassandra?.close()
    await this.#broker?.stop()
  }
}
