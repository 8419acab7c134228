import { setTimeout as delay } from 'node:timers/promises'
import { BenchFailure } from './options.ts'
import { openPeer } from './systems/peer-package.ts'
import type { Platformatic } from './systems/platformatic-client.ts'
import { partitions } from './workload.ts'

type Admin = InstanceType<Platformatic['Admin']>

/** Makes, counts and removes the topics of the benchmark. */
export class Topics {
  readonly #admin: Admin

  private constructor(admin: Admin) {
    this.#admin = admin
  }

  /** @throws BenchFailure where no broker answers */
  static async open(bootstrap: string): Promise<Topics> {
    const { Admin } = await openPeer<Platformatic>('@platformatic/kafka')
    const topics = new Topics(new Admin({ clientId: 'bench', bootstrapBrokers: [bootstrap] }))
    try {
      await topics.#admin.listTopics()
    } catch (error) {
      throw new BenchFailure(`No Kafka answers at ${bootstrap}: ${(error as Error).message}`)
    }
    return topics
  }

  async create(topic: string): Promise<void> {
    await this.#admin.createTopics({ topics: [topic], partitions, replicas: 1 })
    // The broker answers before it has elected all leaders.
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await this.records(topic).catch(() => -1)) >= 0) return
      await delay(50)
    }
    throw new BenchFailure(`The topic ${topic} has no leaders after 5 s.`)
  }

  async remove(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] })
  }

  /** The end offsets of all partitions, added up. */
  async records(topic: string): Promise<number> {
    const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: -1n,
    }))
    const listed = await this.#admin.listOffsets({ topics: [{ name: topic, partitions: asked }] })
    const ends = listed.flatMap((one) => one.partitions.map(({ offset }) => Number(offset)))
    return ends.reduce((sum, end) => sum + end, 0)
  }

  async close(): Promise<void> {
    await this.#admin.close()
  }
}
