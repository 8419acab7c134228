import type { StatementSync } from 'node:sqlite'
import type { EmbeddedStore } from './store.ts'
import type { TopicDirectory } from './topics.ts'

/** What one step deletes at most: it holds up the process and the other writers for about 10 ms. */
const blocksPerStep = 16

/** Deletes what topics with a time limit no longer need. Topics without one are never touched. */
export class Retention {
  readonly #store: EmbeddedStore
  readonly #topics: TopicDirectory
  readonly #oldest: StatementSync
  readonly #delete: StatementSync
  readonly #setFirst: StatementSync

  constructor(store: EmbeddedStore, topics: TopicDirectory) {
    this.#store = store
    this.#topics = topics
    this.#oldest = store.prepare(
      `SELECT id, last, max_timestamp FROM millrace_blocks WHERE partition_id = ? ORDER BY last LIMIT ${blocksPerStep}`,
    )
    this.#delete = store.prepare('DELETE FROM millrace_blocks WHERE id = ?')
    this.#setFirst = store.prepare('UPDATE millrace_partitions SET first = ? WHERE id = ?')
  }

  /**
   * One bounded step: whole blocks from the front of a partition whose newest record is older than the topic's limit.
   * Answers how many blocks it deleted; 0 = nothing left to do. A block that is younger keeps those behind it.
   */
  step(): number {
    for (const { partitionIds, retentionMs } of this.#topics.list()) {
      if (retentionMs === undefined) continue
      const before = this.#store.clock.now() - retentionMs
      for (const id of partitionIds) {
        if (this.#expired(id, before).length === 0) continue
        const deleted = this.#store.write(() => this.#deleteFront(id, before))
        if (deleted > 0) return deleted
      }
    }
    return 0
  }

  /** Deletes whole blocks from the front whose records all lie before `offset`, a bounded number of them. */
  trim(partitionId: number, offset: number): void {
    const before = (this.#oldest.all(partitionId) as unknown as [number, number, number][]).filter(
      ([, last]) => last < offset,
    )
    if (before.length > 0) this.#store.write(() => this.#deleteBlocks(partitionId, before))
  }

  #expired(partitionId: number, before: number): [id: number, last: number, maxTimestamp: number][] {
    const blocks = this.#oldest.all(partitionId) as unknown as [number, number, number][]
    const kept = blocks.findIndex(([, , maxTimestamp]) => maxTimestamp >= before)
    return kept < 0 ? blocks : blocks.slice(0, kept)
  }

  #deleteFront(partitionId: number, before: number): number {
    const blocks = this.#expired(partitionId, before)
    this.#deleteBlocks(partitionId, blocks)
    return blocks.length
  }

  #deleteBlocks(
    partitionId: number,
    blocks: readonly (readonly [id: number, last: number, time: number])[],
  ): void {
    for (const [id] of blocks) this.#delete.run(id)
    const newest = blocks.at(-1)
    if (newest !== undefined) this.#setFirst.run(newest[1] + 1, partitionId)
  }
}
