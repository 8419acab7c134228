import { nameOf, type TopicPartition } from '../component/contracts/position.ts'

/** A partition that its member has been told of, and has not given up. */
export interface Holding {
  readonly partition: TopicPartition
  /** Under which it is held. */
  readonly epoch: number
  /** The number of the rebalance that gave it; undefined for a partner, which no rebalance gives. */
  readonly given: number | undefined
  /** Which `start` its records belong to; 0 = it has not begun. */
  tag: number
  /** Where that `start` began. */
  begun: number | 'beginning'
  paused: boolean
  /** It is being revoked: nothing of it is delivered any more. */
  leaving: boolean
  /** The end that was told last, if no records came since. */
  toldEnd: number | undefined
}

/** The partitions of one member: those that the group gave, and their partners. */
export class Holdings {
  readonly #byName = new Map<string, Holding>()
  #tags = 0

  get(partition: TopicPartition): Holding | undefined {
    return this.#byName.get(nameOf(partition))
  }

  /** All of them; drivers and partners. */
  get all(): Iterable<Holding> {
    return this.#byName.values()
  }

  add(partition: TopicPartition, epoch: number, given: number | undefined): void {
    this.#byName.set(nameOf(partition), {
      partition,
      epoch,
      given,
      tag: 0,
      begun: 'beginning',
      paused: false,
      leaving: false,
      toldEnd: undefined,
    })
  }

  remove(partition: TopicPartition): void {
    this.#byName.delete(nameOf(partition))
  }

  /** True while a partition is held that has begun with `tag`, and has not begun anew. */
  isCurrent(partition: TopicPartition, tag: number): boolean {
    const now = this.get(partition)
    return now?.tag === tag && !now.leaving
  }

  /** A number that no earlier start has. */
  newTag(): number {
    this.#tags = (this.#tags % (2 ** 32 - 1)) + 1
    return this.#tags
  }
}
