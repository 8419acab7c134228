import { nameOf, type TopicPartition } from '../component/contracts/position.ts'

/**
 * Watches whether a member was in its group all the time. One that comes back with another id was out, and what it holds may
 * have been another's meanwhile. librdkafka (2.12) tells the loss of it, but not to a static member of the older protocol
 * that fell out while a revocation waited for its answer (rd_kafka_cgrp_revoke_all_rejoin_maybe): that one is given the same
 * partitions again without a word.
 */
export class Continuity {
  /** As the group knows them: what is told to the caller comes later. */
  readonly #given = new Set<string>()
  #memberId = ''

  /** Everything begins anew. */
  clear(): void {
    this.#given.clear()
    this.#memberId = ''
  }

  /** Partitions were revoked or lost. */
  taken({ partitions }: { readonly partitions: readonly TopicPartition[] }): void {
    for (const partition of partitions) this.#given.delete(nameOf(partition))
  }

  /** Partitions were assigned to this member id; true if it was out of the group, and holds others since before. */
  isBroken({ partitions }: { readonly partitions: readonly TopicPartition[] }, memberId: string): boolean {
    const broken = memberId !== this.#memberId && this.#given.size > 0
    this.#memberId = memberId
    for (const partition of partitions) this.#given.add(nameOf(partition))
    return broken
  }
}
