import type { Lineage } from '../lineage.ts'
import type { StateBlock, StoreRef } from './commit.ts'

/** Tells which records are in the cut that is being sealed. */
export interface Cut {
  /** True if the record is settled and inside the cut (or an earlier one). */
  has(lineage: Lineage, row: number): boolean
}

/**
 * State that a task owns. Every change carries the record (lineage and row) that caused it. There are three layers:
 * what is committed (base), what is in the commit under way (sealed), and what came after the cut (open). A cut holds
 * exactly the changes of the records in it. One commit is under way at a time.
 */
export interface StateStore {
  /** Unique in its topology, stable over versions: `{node}` or `{node}.{name}`. */
  readonly name: string
  readonly kind: StoreRef['kind']
  /** Moves the changes of the records in the cut from open to sealed, and packs them. Called once per commit. */
  seal(cut: Cut): { readonly blocks: readonly StateBlock[]; readonly expiredBelow: number | undefined }
  /** The commit that held the sealed layer took effect: it joins the base. */
  committed(): void
  /**
   * Reads a block that `seal` once made, oldest first; its bytes are good until it returns. Throws a fatal error for a
   * damaged or newer block.
   */
  restore(block: StateBlock): void
  /** Bytes held in memory. */
  readonly bytes: number
}

/** What `IdStore.see` found. */
export const sighting = {
  /** Not known: it now is this record's, as long as the record is not skipped or discarded. */
  fresh: 0,
  /** Known from this very position: a replay, to be processed again. */
  replay: 1,
  /** Known from another position, which is settled. */
  duplicate: 2,
  /** Claimed by another record that is still under way: `twinLineage` and `twinRow` say which. */
  pending: 3,
} as const
export type Sighting = (typeof sighting)[keyof typeof sighting]

/** A record's id as a 128-bit fingerprint, and a 32-bit one of its body, written by the caller before `see`. */
export interface IdProbe {
  id0: number
  id1: number
  id2: number
  id3: number
  body: number
}

/**
 * The ids that were seen in one partition within a window of stream time, with the position that each came from.
 * Ids of skipped or discarded records are free again; ids of parked records are kept.
 */
export interface IdStore extends StateStore {
  readonly probe: IdProbe
  /**
   * Says which ids will be looked up next: the fingerprints of `count` of them, in the first four of eight words each.
   * Changes nothing; a few hundred ids that were announced are found faster, since their places are then fetched from
   * memory many at a time.
   */
  touch(words: Int32Array, count: number): void
  /**
   * Looks the probe up, and claims it for the record when it is fresh. `input` tells the task's inputs apart (a record
   * that was parked keeps the input and the offset of its first appearance).
   */
  see(input: number, offset: number, lineage: Lineage, row: number): Sighting
  /** After `pending`: who holds the claim. */
  readonly twinLineage: Lineage
  readonly twinRow: number
  /** After `duplicate`, `replay` or `pending`: whether the body was another one. */
  readonly bodyDiffers: boolean
  /**
   * Stream time, milliseconds since 1970; never goes back. Ids older than the window are forgotten bucket by bucket.
   * True if a bucket ended.
   */
  advance(streamTimeMs: number): boolean
  /** Forgets the ids that were stored for this position; the change carries the record that asked for it. */
  forget(input: number, offset: number, lineage: Lineage, row: number): boolean
  /** Ids held. */
  readonly size: number
}

/**
 * State by key. Changes carry their record, and follow the records of their key: a key's records settle in order, so
 * that a cut holds a beginning of each key's changes. All changes of a settled record count, whatever its verdict:
 * later ones were built on them. Values are the store's once they are put: nobody changes them afterwards.
 */
export interface KeyValueStore<Value = unknown> extends StateStore {
  /** The value as the last change left it, sealed or not; undefined where there is none. */
  get(key: string): Value | undefined
  /** Throws RECORD_INVALID (permanent) for a key that is not well-formed Unicode. */
  put(key: string, value: Value, lineage: Lineage, row: number): void
  delete(key: string, lineage: Lineage, row: number): void
  /** The value that is durable: what `get` answers may still be lost in a crash. */
  committedValue(key: string): Value | undefined
  /** True while the key has changes that are not durable. */
  isPending(key: string): boolean
  /** Is told of every key whose durable value changed, with that value: by a commit, or by a restore. One listener. */
  watch(listener: (key: string, value: Value | undefined) => void): void
  /** All keys and values as the last changes left them, in no order that may be relied on. */
  entries(): IterableIterator<[string, Value]>
  /** Keys held. */
  readonly size: number
  /** The committed state packed anew: may take the place of all blocks that were committed so far. */
  snapshot(): readonly StateBlock[]
}
