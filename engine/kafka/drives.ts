import type { TopicPartition } from '../component/contracts/position.ts'
import { fatalError } from '../errors.ts'

/**
 * Which topics move together: per sub-topology the topic that the group assigns, and its partners, whose partition with the
 * same number comes and goes with it.
 */
export class Drives {
  /** By driving topic. */
  readonly #partners: ReadonlyMap<string, readonly string[]>
  readonly #partitions = new Map<string, number>()

  /** @throws PLAN_INVALID where a topic is named twice, or none */
  constructor(drives: readonly (readonly string[])[]) {
    const topics = drives.flat()
    const twice = topics.find((topic, index) => topics.indexOf(topic) !== index)
    if (twice !== undefined)
      throw fatalError('PLAN_INVALID', `Topic ${twice} is read twice by one worker: read it once.`)
    if (drives.length === 0 || drives.some((drive) => drive.length === 0))
      throw fatalError('PLAN_INVALID', 'A worker that reads Kafka names at least one topic.')
    this.#partners = new Map(drives.map(([driver, ...partners]) => [driver!, partners]))
  }

  get drivers(): string[] {
    return [...this.#partners.keys()]
  }

  get topics(): string[] {
    return [...this.#partners].flatMap(([driver, partners]) => [driver, ...partners])
  }

  /** All partitions of all topics, as they were counted. */
  get all(): TopicPartition[] {
    return [...this.#partitions].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    )
  }

  /** The partitions that go with a driving one. */
  partnersOf({ topic, partition }: TopicPartition): TopicPartition[] {
    return (this.#partners.get(topic) ?? []).map((partner) => ({ topic: partner, partition }))
  }

  /** The driving partition that a partition goes with: itself, unless it is a partner. */
  driverOf({ topic, partition }: TopicPartition): TopicPartition {
    const drive = [...this.#partners].find(([, partners]) => partners.includes(topic))
    return { topic: drive?.[0] ?? topic, partition }
  }

  /** How many partitions a topic had when it was counted. */
  partitionsOf(topic: string): number | undefined {
    return this.#partitions.get(topic)
  }

  /**
   * Notes how many partitions each topic has.
   *
   * @throws PLAN_INVALID where partners have not as many as their driver
   */
  count(partitions: ReadonlyMap<string, number>): void {
    for (const [driver, partners] of this.#partners) {
      const count = partitions.get(driver)
      const other = partners.find((partner) => partitions.get(partner) !== count)
      if (other === undefined) continue
      throw fatalError(
        'PLAN_INVALID',
        `Topics ${driver} and ${other} are read together and have ${count} and ${partitions.get(other)} partitions: ` +
          'they need the same number, and the same keys in the same partition.',
      )
    }
    for (const [topic, count] of partitions) this.#partitions.set(topic, count)
  }
}
