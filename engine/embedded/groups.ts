import type { StatementSync } from 'node:sqlite'
import type { CommittedPosition, TopicPartition } from '../component/contracts/position.ts'
import type { BlockReader } from './block-reader.ts'
import type { EmbeddedStore } from './store.ts'
import type { TopicDirectory } from './topics.ts'

/** How far a group is in one partition. */
export interface PartitionLag extends TopicPartition {
  /** The committed offset; undefined where nothing was committed yet. */
  readonly committed: number | undefined
  readonly first: number
  readonly end: number
  /** Records from the committed offset (or the first) to the end; those settled out of order count until the frontier passes them. */
  readonly lag: number
  /** Timestamp of the first record that waits, milliseconds since 1970; undefined where none does. */
  readonly waitingSince: number | undefined
}

/** Groups and their positions. */
export class Groups {
  readonly #store: EmbeddedStore
  readonly #topics: TopicDirectory
  readonly #blocks: BlockReader
  readonly #find: StatementSync

  constructor(store: EmbeddedStore, topics: TopicDirectory, blocks: BlockReader) {
    this.#store = store
    this.#topics = topics
    this.#blocks = blocks
    this.#find = store.prepare(
      'SELECT offset, metadata FROM millrace_positions WHERE group_name = ? AND topic = ? AND partition = ?',
    )
  }

  /** Notes that the group reads these topics; answers the epoch of the assignment, one more than the last. */
  join(group: string, topics: readonly string[]): number {
    const grow = this.#store.prepare(
      `INSERT INTO millrace_groups (name, epoch) VALUES (?, 1)
       ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1 RETURNING epoch`,
    )
    const subscribe = this.#store.prepare(
      'INSERT OR IGNORE INTO millrace_subscriptions (group_name, topic) VALUES (?, ?)',
    )
    return this.#store.write(() => {
      for (const topic of topics) subscribe.run(group, topic)
      return (grow.get(group) as unknown as [number])[0]
    })
  }

  /** The names of the groups that ever read or committed. */
  list(): string[] {
    const sql = 'SELECT name FROM millrace_groups UNION SELECT group_name FROM millrace_positions ORDER BY 1'
    return (this.#store.prepare(sql).all() as unknown as [string][]).map(([name]) => name)
  }

  committed(group: string, { topic, partition }: TopicPartition): CommittedPosition | undefined {
    const row = this.#find.get(group, topic, partition) as unknown as [number, string] | undefined
    return row === undefined ? undefined : { offset: row[0], metadata: row[1] }
  }

  /** Every committed position of a group, by topic and partition; also those of sources that read no topic. */
  positionsOf(group: string): (TopicPartition & CommittedPosition)[] {
    const sql = `SELECT topic, partition, offset, metadata FROM millrace_positions
                 WHERE group_name = ? ORDER BY topic, partition`
    const rows = this.#store.prepare(sql).all(group) as unknown as [string, number, number, string][]
    return rows.map(([topic, partition, offset, metadata]) => ({ topic, partition, offset, metadata }))
  }

  /** Commits other positions for a group, without settled ranges. Only for the store's worker: another would overwrite them. */
  setPositions(group: string, offsets: readonly (TopicPartition & { readonly offset: number })[]): void {
    const set = this.#store.prepare(
      `INSERT INTO millrace_positions (group_name, topic, partition, offset, metadata) VALUES (?, ?, ?, ?, '')
       ON CONFLICT (group_name, topic, partition) DO UPDATE SET offset = excluded.offset, metadata = ''`,
    )
    this.#store.write(() => {
      for (const { topic, partition, offset } of offsets) set.run(group, topic, partition, offset)
    })
  }

  /** How far the group is in each partition of the topics that it reads or has committed. */
  lagOf(group: string): PartitionLag[] {
    const sql = `SELECT topic FROM millrace_subscriptions WHERE group_name = ?1
                 UNION SELECT topic FROM millrace_positions WHERE group_name = ?1 ORDER BY 1`
    const names = (this.#store.prepare(sql).all(group) as unknown as [string][]).map(([name]) => name)
    return names.flatMap((name) => {
      const ids = this.#topics.find(name)?.partitionIds ?? []
      return ids.map((id, partition) => this.#lag(group, { topic: name, partition }, id))
    })
  }

  #lag(group: string, partition: TopicPartition, id: number): PartitionLag {
    const committed = this.committed(group, partition)?.offset
    const { first, end } = this.#blocks.bounds(id)
    const next = Math.max(committed ?? first, first)
    const lag = Math.max(0, end - next)
    const waitingSince = lag === 0 ? undefined : this.#timestampAt(partition, id, next)
    return { ...partition, committed, first, end, lag, waitingSince }
  }

  #timestampAt(partition: TopicPartition, id: number, offset: number): number | undefined {
    const block = this.#blocks.after(id, offset)[0]
    const records = block && this.#blocks.read(partition, id, block)
    return block && records?.timestamps[Math.max(0, offset - block.base)]
  }
}
