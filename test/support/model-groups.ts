import type { TopicPartition } from '../../engine/component/contracts/position.ts'
import type { SourceEvent } from '../../engine/component/contracts/reader.ts'

/** A reader, as its group sees it. */
export interface Member {
  readonly worker: string
  readonly topics: readonly string[]
  tell(event: SourceEvent): void
  expired(): void
}

/** Who has a partition. */
interface Ownership extends TopicPartition {
  reader: Member | undefined
  epoch: number
  /** Asked back, and not released yet. */
  revoking: boolean
}

/** The coordinator of one consumer group. A partition number of all topics belongs to one worker. */
export class ModelGroup {
  /** Told when a partition is given to a worker, and when it begins to read it. */
  onAssigned: (worker: string, partition: TopicPartition) => void = () => undefined
  onStart: (worker: string, partition: TopicPartition) => void = () => undefined
  readonly #owners = new Map<string, Ownership>()
  readonly #wanted = new Map<number, string>()
  readonly #readers = new Set<Member>()
  readonly #partitionsOf: (topic: string) => number
  #epoch = 0

  constructor(partitionsOf: (topic: string) => number) {
    this.#partitionsOf = partitionsOf
  }

  get workers(): string[] {
    return [...new Set([...this.#readers].map(({ worker }) => worker))]
  }

  /** The partitions that somebody has. */
  get owned(): readonly (TopicPartition & { readonly worker: string })[] {
    return [...this.#owners.values()].flatMap(({ topic, partition, reader }) =>
      reader === undefined ? [] : [{ topic, partition, worker: reader.worker }],
    )
  }

  join(reader: Member): void {
    this.#readers.add(reader)
    for (const topic of reader.topics) {
      for (let partition = 0; partition < this.#partitionsOf(topic); partition++)
        this.#ownership({ topic, partition })
    }
    this.#spread()
  }

  /** A member goes. What it had is free at once. */
  leave(reader: Member): void {
    this.#readers.delete(reader)
    for (const one of this.#owners.values()) if (one.reader === reader) free(one)
    this.#spread()
  }

  /** The group gives up on a worker: it hears of it later, if it still lives, and has to join again. */
  expire(worker: string): void {
    for (const reader of this.#readers) {
      if (reader.worker !== worker) continue
      for (const one of this.#owners.values()) if (one.reader === reader) lose(one)
      this.#readers.delete(reader)
      reader.expired()
    }
    this.#spread()
  }

  /** Moves a partition: asked back first, or just taken. */
  move(partition: number, to: string, taken: boolean): void {
    this.#wanted.set(partition, to)
    if (taken) for (const one of this.#owners.values()) if (one.partition === partition) lose(one)
    this.#reconcile()
  }

  released(reader: Member, partition: TopicPartition): void {
    const one = this.#ownership(partition)
    if (one.reader === reader) free(one)
    this.#reconcile()
  }

  /** True if the worker has the partition, and had it at this epoch; undefined for a partition that nobody reads in the group. */
  holds(worker: string, partition: TopicPartition, epoch?: number): boolean | undefined {
    const one = this.#owners.get(nameOf(partition))
    if (one === undefined) return undefined
    return one.reader?.worker === worker && (epoch === undefined || one.epoch <= epoch)
  }

  /** Wanted owners that are gone give way to those who are there. */
  #spread(): void {
    const { workers } = this
    if (workers.length === 0) return
    for (const { partition } of this.#owners.values()) {
      const wanted = this.#wanted.get(partition)
      if (wanted === undefined || !workers.includes(wanted)) {
        this.#wanted.set(partition, workers[partition % workers.length]!)
      }
    }
    this.#reconcile()
  }

  #reconcile(): void {
    for (const one of this.#owners.values()) {
      const wanted = this.#wanted.get(one.partition)
      if (one.reader !== undefined && one.reader.worker !== wanted && !one.revoking) {
        one.revoking = true
        one.reader.tell({ type: 'revoked', partitions: [place(one)] })
      }
      const next = [...this.#readers].find(
        ({ worker, topics }) => worker === wanted && topics.includes(one.topic),
      )
      if (one.reader !== undefined || next === undefined) continue
      one.reader = next
      one.epoch = ++this.#epoch
      this.onAssigned(next.worker, place(one))
      next.tell({ type: 'assigned', partitions: [place(one)], epoch: one.epoch })
    }
  }

  #ownership(partition: TopicPartition): Ownership {
    const name = nameOf(partition)
    let one = this.#owners.get(name)
    if (one === undefined) {
      one = { ...partition, reader: undefined, epoch: 0, revoking: false }
      this.#owners.set(name, one)
    }
    return one
  }
}

function place({ topic, partition }: Ownership): TopicPartition {
  return { topic, partition }
}

function free(one: Ownership): void {
  one.reader = undefined
  one.revoking = false
}

function lose(one: Ownership): void {
  one.reader?.tell({ type: 'lost', partitions: [place(one)] })
  free(one)
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
