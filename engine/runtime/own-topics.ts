import type { Clock } from '../component/contracts/clock.ts'
import type { Log } from '../component/contracts/log.ts'
import type { TopicPartition } from '../component/contracts/position.ts'
import { sentenceOf } from '../errors.ts'
import type { TopologyPlan } from '../topology/plan-types.ts'

/** How often what is processed is deleted from the topics of a topology's own, milliseconds. */
const trimEveryMs = 30_000

export interface OwnTopicsOptions {
  readonly plan: Pick<TopologyPlan, 'name' | 'ownTopics'>
  readonly clock: Clock
  readonly log: Pick<Log, 'committed' | 'trim'>
  readonly trouble: (sentence: string) => void
}

/**
 * Deletes from a topology's own topics what its group has committed, as nobody else reads them. It may come late, or not
 * at all: then they are longer than they have to be.
 */
export class OwnTopics {
  readonly #options: OwnTopicsOptions
  readonly #topics: ReadonlySet<string>
  readonly #trimmed = new Map<string, number>()
  #next: number

  constructor(options: OwnTopicsOptions) {
    this.#options = options
    this.#topics = new Set(options.plan.ownTopics.map(({ topic }) => topic))
    this.#next = options.clock.now() + trimEveryMs
  }

  /** To be called now and then, with the partitions that this worker reads. Never rejects. */
  async tick(partitions: Iterable<TopicPartition>): Promise<void> {
    const now = this.#options.clock.now()
    if (this.#topics.size === 0 || now < this.#next) return
    this.#next = now + trimEveryMs
    await this.trim(partitions)
  }

  /** Deletes at once. Never rejects. */
  async trim(partitions: Iterable<TopicPartition>): Promise<void> {
    const own = [...partitions].filter(({ topic }) => this.#topics.has(topic))
    await Promise.all(own.map((partition) => this.#trim(partition)))
  }

  async #trim(partition: TopicPartition): Promise<void> {
    const { plan, log, trouble } = this.#options
    const name = `${partition.topic}/${partition.partition}`
    try {
      const { offset = 0 } = (await log.committed(plan.name, partition)) ?? {}
      if (offset <= (this.#trimmed.get(name) ?? 0)) return
      await log.trim?.({ ...partition, offset })
      this.#trimmed.set(name, offset)
    } catch (error) {
      trouble(`What is processed of ${name} could not be deleted: ${sentenceOf(error)}`)
    }
  }
}
