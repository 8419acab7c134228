import type { PackedColumns } from '../packed-records.ts'
import type { StateBlock } from './commit.ts'

/** A record of a changelog; a null value deletes its key. */
export interface ChangelogRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** How the blocks of one kind of store lie in its changelog. */
export interface ChangelogFormat {
  /**
   * True: the topic is compacted, a record is a key's last value. False: it is kept without limit, a record is a block,
   * and the owner deletes what lies before the oldest live bucket.
   */
  readonly compacted: boolean
  /** The records of some blocks of one store, in order, packed; they all get the time that is given. */
  readonly pack: (blocks: readonly StateBlock[], timestamp: number) => PackedColumns
  /**
   * The blocks that records of the changelog make, in order: what `restore` takes, and a local copy keeps.
   *
   * @throws STORE_UNREADABLE (fatal) for records that are damaged, foreign or newer.
   */
  readonly blocks: (store: string, records: Iterable<ChangelogRecord>) => StateBlock[]
}
