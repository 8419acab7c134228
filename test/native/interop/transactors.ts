// Transactional producers of Java and of ours behind one face, and a model of what they have written.

import type { SentRecord } from '../../support/servers/interop-records.ts'
import { Random } from '../../support/harness-records.ts'
import type { JavaTransactions } from '../../support/servers/java-client.ts'
import type { Writer } from '../../../native/writer.ts'
import { addressed } from './awkward.ts'

export interface Transactor {
  begin(): Promise<void>
  /** Resolves with the offset. */
  send(topic: string, record: SentRecord & { partition: number }): Promise<number>
  commit(): Promise<void>
  abort(): Promise<void>
}

export async function javaTransactor(java: JavaTransactions, id: string): Promise<Transactor> {
  await java.open(id, { transactionalId: id })
  return {
    begin: () => java.begin(id),
    send: async (topic, record) => (await java.send(id, topic, record)).offset,
    commit: () => java.commit(id),
    abort: () => java.abort(id),
  }
}

export async function ourTransactor(writer: Writer): Promise<Transactor> {
  await writer.initTransactions()
  return {
    begin: () => writer.begin(),
    send: async (topic, record) => {
      const { offsets, failed } = await writer.writePlain([addressed(topic, record)])
      if (failed.length > 0) throw failed[0]!.error
      return offsets[0]!
    },
    commit: () => writer.commit(),
    abort: () => writer.abort(),
  }
}

export interface Written {
  readonly partition: number
  readonly offset: number
  readonly value: string
  state: 'open' | 'committed' | 'aborted'
}

/** Lets transactors write across each other, in an order that the seed decides, and knows what became of each record. */
export class Interleaving {
  readonly written: Written[] = []
  readonly #open = new Map<Transactor, Written[]>()
  readonly #topic: string
  readonly #partitions: number
  readonly #random: Random

  constructor(topic: string, partitions: number, seed: number) {
    this.#topic = topic
    this.#partitions = partitions
    this.#random = new Random(seed)
  }

  /** So many steps: each begins, writes to a partition, commits or aborts. Ends what is open afterwards. */
  async run(transactors: readonly Transactor[], steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const one = this.#random.pick(transactors)
      const open = this.#open.get(one)
      if (open === undefined) await this.begin(one)
      else if (this.#random.chance(0.25)) await this.end(one, this.#random.chance(0.5))
      else await this.write(one, this.#random.below(this.#partitions))
    }
    for (const one of transactors) if (this.#open.has(one)) await this.end(one, this.#random.chance(0.5))
  }

  async begin(one: Transactor): Promise<void> {
    await one.begin()
    this.#open.set(one, [])
  }

  async write(one: Transactor, partition: number): Promise<void> {
    const value = `record ${this.written.length}`
    const offset = await one.send(this.#topic, { key: null, value: Buffer.from(value), partition })
    const record: Written = { partition, offset, value, state: 'open' }
    this.#open.get(one)!.push(record)
    this.written.push(record)
  }

  async end(one: Transactor, commits: boolean): Promise<void> {
    await (commits ? one.commit() : one.abort())
    for (const record of this.#open.get(one)!) record.state = commits ? 'committed' : 'aborted'
    this.#open.delete(one)
  }
}
