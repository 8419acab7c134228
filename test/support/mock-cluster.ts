// librdkafka's mock cluster: brokers within this process that fail as a test tells them to, for failures that a real
// broker cannot be brought to. It knows neither isolation nor fencing, and proves nothing about Kafka itself.

import { loadBinding, loadMock } from '../../native/load.ts'

/** Kinds of requests, by their keys in Kafka's protocol. */
export const apiKeys = {
  produce: 0,
  fetch: 1,
  metadata: 3,
  offsetCommit: 8,
  findCoordinator: 10,
  joinGroup: 11,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const

export type ApiName = keyof typeof apiKeys

interface RawCluster {
  bootstrap(): string
  createTopic(name: string, partitions: number, replicas: number): void
  setTopicError(name: string, error: number): void
  pushErrors(apiKey: number, errors: readonly number[]): void
  pushAnswer(broker: number, apiKey: number, error: number, delayMs: number): void
  clearErrors(apiKey: number): void
  setBroker(broker: number, isUp: boolean): void
  setDelay(broker: number, delayMs: number): void
  setLeader(topic: string, partition: number, broker: number): void
  setCoordinator(kind: string, key: string, broker: number): void
  trackRequests(): void
  requests(): number[]
  destroy(): void
}

/** A mock cluster. Errors are librdkafka's names of them (`NOT_ENOUGH_REPLICAS`); `NO_ERROR` lets a request through. */
export class MockCluster {
  readonly #raw: RawCluster

  /** Brokers are numbered from 1. */
  constructor(brokers = 1) {
    const { MockCluster: Raw } = loadMock() as { MockCluster: new (brokers: number) => RawCluster }
    this.#raw = new Raw(brokers)
  }

  /** For `bootstrap.servers`. */
  get bootstrap(): string {
    return this.#raw.bootstrap()
  }

  createTopic(name: string, partitions = 1, replicas = 1): void {
    this.#raw.createTopic(name, partitions, replicas)
  }

  /** What is answered about a topic from now on. */
  setTopicError(name: string, error: string): void {
    this.#raw.setTopicError(name, numberOf(error))
  }

  /** The next requests of the kind get these errors, one each, whichever broker they go to. */
  pushErrors(api: ApiName, ...errors: readonly string[]): void {
    this.#raw.pushErrors(apiKeys[api], errors.map(numberOf))
  }

  /** The answer to the next request of the kind to a broker, after a delay. */
  pushAnswer(broker: number, api: ApiName, error: string, delayMs: number): void {
    this.#raw.pushAnswer(broker, apiKeys[api], numberOf(error), delayMs)
  }

  /** Forgets pushed errors of the kind that nobody has had. */
  clearErrors(api: ApiName): void {
    this.#raw.clearErrors(apiKeys[api])
  }

  /** Closes a broker's connections and refuses new ones, until `brokerUp`. */
  brokerDown(broker: number): void {
    this.#raw.setBroker(broker, false)
  }

  brokerUp(broker: number): void {
    this.#raw.setBroker(broker, true)
  }

  /** Delays every answer of a broker. */
  setDelay(broker: number, delayMs: number): void {
    this.#raw.setDelay(broker, delayMs)
  }

  setLeader(topic: string, partition: number, broker: number): void {
    this.#raw.setLeader(topic, partition, broker)
  }

  /** Which broker coordinates a group, or a transactional id. */
  setCoordinator(kind: 'group' | 'transaction', key: string, broker: number): void {
    this.#raw.setCoordinator(kind, key, broker)
  }

  /** Begins to note requests, and forgets those noted before. */
  trackRequests(): void {
    this.#raw.trackRequests()
  }

  /** How many requests of the kind there were since `trackRequests`. */
  countRequests(api: ApiName): number {
    return this.#raw.requests().filter((value, at) => at % 2 === 1 && value === apiKeys[api]).length
  }

  /** Ends the brokers. No other method may be called afterwards. */
  destroy(): void {
    this.#raw.destroy()
  }
}

let numbers: ReadonlyMap<string, number> | undefined

function numberOf(error: string): number {
  numbers ??= new Map(
    loadBinding()
      .errors()
      .map(([name, number]) => [name, number]),
  )
  const number = numbers.get(error)
  if (number === undefined) throw new Error(`librdkafka knows no error ${error}.`)
  return number
}
