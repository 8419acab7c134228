import type { ReadPolicy } from '../component/contracts/reader.ts'

/** How each topic of a member is read: where its partitions begin and go on when a position is gone, and which come first. */
export class Policies {
  readonly #others: Required<ReadPolicy>
  readonly #byTopic = new Map<string, Required<ReadPolicy>>()

  /** `others` holds for topics of which nothing is said. */
  constructor(others: ReadPolicy) {
    this.#others = complete(others)
  }

  set(topics: readonly string[], policy: ReadPolicy): void {
    for (const topic of topics) this.#byTopic.set(topic, complete(policy))
  }

  of(topic: string): Required<ReadPolicy> {
    return this.#byTopic.get(topic) ?? this.#others
  }
}

function complete({
  begin = 'earliest',
  outOfRange = 'fail',
  critical = false,
}: ReadPolicy): Required<ReadPolicy> {
  return { begin, outOfRange, critical }
}
